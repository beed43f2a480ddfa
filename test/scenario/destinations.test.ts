/** What an operator says about destinations: a table, suspended hosts over restarts, what mailq says. */
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { sendMail } from "../support/smtp-client.ts";
import { SmtpSink } from "../support/smtp-sink.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

interface Site {
  readonly dns: DnsServer;
  readonly sink: SmtpSink;
  /** Lines for MailServer.start. */
  readonly mc: string;
}

async function site(): Promise<Site> {
  const sink = await SmtpSink.start({ host: "127.0.0.4" });
  closing.push(() => sink.close());
  const dns = await startDnsServer({
    "far.test": ["MX 10 mx.far.test"],
    "mx.far.test": ["A 127.0.0.4"],
    "other.test": ["A 127.0.0.4"],
    "example.test": ["A 127.0.0.2"],
    "mail.example.test": ["A 127.0.0.2"],
  });
  closing.push(() => dns.close());
  const mc = ["SMTP", "ESMTP", "RELAY"]
    .map((name) => `define(\`${name}_MAILER_ARGS', \`TCP $h ${sink.port}')dnl\n`)
    .join("");
  return { dns, sink, mc };
}

const text = "From: alice@example.test\r\nSubject: x\r\n\r\nhello\r\n";
const recipients = (sink: SmtpSink): string[] => sink.messages.flatMap((each) => each.recipients).toSorted();

test("nothing goes to a suspended host, neither what waits nor what comes, until it is resumed; a restart changes nothing", async () => {
  const { dns, sink, mc } = await site();
  let server = await MailServer.start({ mc, machine: dns.machine() });
  closing.push(() => server.remove());
  expect(await server.run("rulemail", ["queue", "suspend", "Far.test."])).toMatchObject({ code: 0, out: "", err: "" });
  await sendMail(server.port, "alice@example.test", ["one@far.test"], text);
  await sendMail(server.port, "alice@example.test", ["two@other.test"], text);
  await eventually("mail for others", () => sink.messages.length === 1);
  expect((await server.run("mailq", [])).out).toContain("(waits: suspended by an operator: far.test)");
  await server.stop();
  server = await MailServer.start({ mc, machine: dns.machine(), home: server.home });
  expect((await server.run("rulemail", ["queue", "suspended"])).out).toBe("far.test\n");
  await sendMail(server.port, "alice@example.test", ["three@far.test"], text);
  await sendMail(server.port, "alice@example.test", ["four@other.test"], text);
  await eventually("mail for others", () => sink.messages.length === 2);
  await server.run("sendmail", ["-q"]);
  expect(recipients(sink)).toEqual(["four@other.test", "two@other.test"]);
  expect(await server.run("rulemail", ["queue", "resume", "far.test"])).toMatchObject({ code: 0, err: "" });
  await eventually("what waited", () => sink.messages.length === 4);
  expect(recipients(sink)).toEqual(["four@other.test", "one@far.test", "three@far.test", "two@other.test"]);
  expect((await server.run("rulemail", ["queue", "nonsense"])).code).toBe(64);
});

test("FEATURE(destination_policy): the first of To:, MX:, From:, Mailer: and Default: decides about each word", async () => {
  const { dns, sink, mc } = await site();
  const feature = "FEATURE(`destination_policy', `hash SERVER_HOME/destinations')dnl\n";
  const options = { mc: `${mc}${feature}`, machine: dns.machine() };
  let server = await MailServer.start(options);
  closing.push(() => server.remove());
  const from: string[] = [];
  sink.onConnect = (address) => from.push(address);
  const table = [
    "To:other.test\tsource4=127.0.0.31",
    "MX:far.test\tsource4=127.0.0.32 messages_per_connection=1",
    "From:example.test\tsource4=127.0.0.33 tls=none",
    "Mailer:esmtp\tfamily=4",
    "Default:\tsource4=127.0.0.34 connections=4 backoff=soon",
  ].join("\n");
  const made = await server.run("makemap", ["hash", join(server.home, "destinations")], `${table}\n`);
  expect(made).toMatchObject({ code: 0, err: "" });
  await server.stop();
  server = await MailServer.start({ ...options, home: server.home });
  await sendMail(server.port, "alice@example.test", ["one@far.test"], text);
  await eventually("the first", () => sink.messages.length === 1);
  await sendMail(server.port, "alice@example.test", ["two@other.test"], text);
  await eventually("the second", () => sink.messages.length === 2);
  expect(from).toEqual(["127.0.0.32", "127.0.0.31"]);
  const warning = 'ruleset destination_policy for far.test: cannot use "backoff=soon"';
  await eventually("the warning", () => server.log().includes(warning));
});
