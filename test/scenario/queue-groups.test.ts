/** Queue groups in a server: a message is split, survives a restart, and a run of one group delivers what waits there. */
import { afterEach, expect, test } from "@jest/globals";
import { startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { sendMail } from "../support/smtp-client.ts";
import { SmtpSink } from "../support/smtp-sink.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const GROUPS = `QUEUE_GROUP(\`slow', \`I=2h')dnl
LOCAL_RULESETS
Squeuegroup
R$* @ far.test	$# slow
divert(0)dnl
`;
const text = `From: alice@example.test\r\nSubject: x\r\n\r\n${"line\r\n".repeat(200_000)}`;

test("each part has the whole message, waits in its group over a restart, and goes when its group is run", async () => {
  const sink = await SmtpSink.start({ host: "127.0.0.4" });
  closing.push(() => sink.close());
  const dns = await startDnsServer({
    "far.test": ["A 127.0.0.4"],
    "other.test": ["A 127.0.0.4"],
    "example.test": ["A 127.0.0.2"],
    "mail.example.test": ["A 127.0.0.2"],
  });
  closing.push(() => dns.close());
  const mc = `define(\`ESMTP_MAILER_ARGS', \`TCP $h ${sink.port}')dnl\ndefine(\`confDELIVERY_MODE', \`queue')dnl\n${GROUPS}`;
  let server = await MailServer.start({ mc, machine: dns.machine() });
  closing.push(() => server.remove());
  await sendMail(server.port, "alice@example.test", ["one@far.test", "two@other.test", "three@far.test"], text);
  await eventually("a word of the split", () => /split: group=mqueue, nrcpts=1, newid=/.test(server.log()));
  await server.stop();
  server = await MailServer.start({ mc, machine: dns.machine(), home: server.home });
  const recipients = (): string[][] => sink.messages.map((each) => each.recipients.toSorted());
  await server.run("sendmail", ["-qGslow"]);
  await eventually("mail of the group", () => sink.messages.length === 1);
  expect(recipients()).toEqual([["one@far.test", "three@far.test"]]);
  await server.run("sendmail", ["-q"]);
  await eventually("the other", () => sink.messages.length === 2);
  expect(recipients()[1]).toEqual(["two@other.test"]);
  const bodies = sink.messages.map(({ data }) => data.slice(data.indexOf("\r\n\r\n")));
  expect(bodies[0] === bodies[1]).toBe(true);
  expect(bodies[0].length).toBeGreaterThan(1_100_000);
  await server.emptied();
});
