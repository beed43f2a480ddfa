/** What an operator does with mail that is stuck: asks why, sends it another way, returns it; with a server and without one. */
import { afterEach, expect, test } from "@jest/globals";
import { startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { sendMail } from "../support/smtp-client.ts";
import { SmtpSink } from "../support/smtp-sink.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const text = "From: alice@mail.example.test\r\nSubject: stuck\r\n\r\nhello\r\n";

test("mail that is stuck is explained, sent another way and returned, while the server runs and while it does not", async () => {
  const sink = await SmtpSink.start({ host: "127.0.0.4" });
  closing.push(() => sink.close());
  // Nobody listens there.
  const dns = await startDnsServer({
    "far.test": ["MX 10 mx.far.test"],
    "mx.far.test": ["A 127.0.0.8"],
    "mail.example.test": ["A 127.0.0.2"],
  });
  closing.push(() => dns.close());
  const mailers = ["SMTP", "ESMTP", "RELAY"];
  const mc = mailers.map((name) => `define(\`${name}_MAILER_ARGS', \`TCP $h ${sink.port}')dnl\n`).join("");
  let server = await MailServer.start({ mc, machine: dns.machine() });
  closing.push(() => server.remove());
  const queue = async (...words: string[]): Promise<string> => {
    const { code, out, err } = await server.run("rulemail", ["queue", ...words]);
    expect([words, code, err]).toEqual([words, 0, ""]);
    return out;
  };
  /** A change that has to wait for the end of an attempt. */
  const change = (...words: string[]): Promise<string> =>
    eventually(words.join(" "), async () => {
      const { code, out } = await server.run("rulemail", ["queue", ...words]);
      return code === 0 && out;
    });
  /** The queue id of a message to somebody, after so many attempts. */
  const tried = (name: string, times = 1): Promise<string> =>
    eventually(`${times} attempts for ${name}`, () => {
      const lines =
        server.log().match(new RegExp(`\\w+: to=[^\\n]*<${name}@far\\.test>[^\\n]*stat=Deferred`, "g")) ?? [];
      return lines.length >= times && lines[0]?.slice(0, lines[0].indexOf(":"));
    });

  await sendMail(server.port, "alice@mail.example.test", ["bob@far.test", "carl@far.test"], text);
  const one = await tried("bob");
  await tried("carl");
  await queue("retry", one);
  await tried("bob", 2);
  const why = await queue("why", one, "--recipient", "bob@far.test");
  expect(why).toMatch(/2 times, mx\.far\.test\. \[127\.0\.0\.8\]:\n +Connection refused by mx\.far\.test\./);
  expect(why).toMatch(/goes to mailer esmtp, host far\.test\., user bob@far\.test\n/);
  expect(why).toMatch(/decided by \S+sendmail\.cf:\d+: R[^\n]+\n +from \S+site\.mc:\d+ /);
  expect(why).toMatch(/goes back to the sender in 4d/);

  await change("reroute", one, "--recipient", "bob@far.test", "--via", "[127.0.0.4]");
  await eventually("mail by way of another host", () => sink.messages.length === 1);
  expect(sink.messages[0].recipients).toEqual(["bob@far.test"]);
  const returned = await change("bounce", "--host", "far.test", "--because", "they have moved", "--yes");
  expect(returned).toBe("1 message returned\n");
  const [report] = await eventually("a report", () => server.mailbox("alice").length > 0 && server.mailbox("alice"));
  expect(report).toContain("they have moved (last attempt: Connection refused by mx.far.test.)");
  expect(report).toMatch(
    /^Final-Recipient: RFC822; carl@far\.test\r?\n(?:X-[^\n]+\n)?Action: failed\r?\nStatus: 5\.0\.0/m,
  );
  expect(report).not.toContain("Final-Recipient: RFC822; bob@far.test");

  for (const name of ["dora", "emil"])
    await sendMail(server.port, "alice@mail.example.test", [`${name}@far.test`], text);
  const [dora, emil] = await Promise.all([tried("dora"), tried("emil")]);
  await server.stop();
  expect(await queue("top")).toMatch(
    / 2 +2 .*far\.test +Connection refused by mx\.far\.test\.\n\n2 messages, 2 recipients/,
  );
  expect(await queue("show", dora, "--raw")).toMatch(/\nSubject: stuck\n\nhello\n/);
  expect(await queue("why", dora)).toContain("decided by ");
  expect(await queue("hold", dora)).toBe("1 message held\n");
  expect(await queue("bounce", emil)).toBe("1 message returned\n");
  expect(server.log()).toContain(`${dora}: held: held by the operator by the operator\n`);
  expect(server.log()).toMatch(
    new RegExp(`${emil}: to=<emil@far\\.test>[^\n]*stat=returned by the operator of the mail server`),
  );
  for (const name of ["fred", "gina"]) {
    const sent = await server.run("sendmail", ["-f", "alice@mail.example.test", `${name}@far.test`], text);
    expect([sent.code, sent.err]).toEqual([0, ""]);
  }
  expect(await queue("hold", "--client", "--all", "--yes")).toBe("2 messages held\n");
  const left = (await queue("list", "--client", "--json")).trim().split("\n");
  const [fred, gina] = ["fred", "gina"].map((name) => {
    const line = left.find((each) => each.includes(`${name}@far.test`));
    return (JSON.parse(line!) as { id: string }).id;
  });
  const alone = await server.run("rulemail", ["queue", "bounce", "--client", fred]);
  expect([alone.code, alone.out]).toEqual([75, ""]);

  server = await MailServer.start({ home: server.home, machine: dns.machine() });
  await eventually("the report of a time without a server", () => server.mailbox("alice").length === 2);
  expect(sink.messages).toHaveLength(1);
  expect(await queue("list")).toContain("held: held by the operator\n");
  await queue("reroute", dora, "--via", "[127.0.0.4]");
  await queue("release", dora);
  await eventually("mail that was held", () => sink.messages.length === 2);
  expect(sink.messages[1].recipients).toEqual(["dora@far.test"]);
  expect(await queue("list")).toBe("nothing waits\n");

  expect(await queue("bounce", "--client", fred)).toBe("1 message returned\n");
  await eventually("the report of mail that was left", () => server.mailbox("alice").length === 3);
  expect(await queue("reroute", "--client", gina, "--via", "[127.0.0.4]")).toBe("1 message rerouted\n");

  expect(await queue("release", "--all", "--yes")).toBe("1 message released\n");
  await eventually("mail that was left", () => sink.messages.length === 3);
  expect(sink.messages[2].recipients).toEqual(["gina@far.test"]);
});
