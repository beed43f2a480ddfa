/**
 * What a caller is shown of a delivery (-v, -X), and what he may say about where a message comes from (-p, -Mr,
 * -Ms): processes of their own beside one server and one next host. What ends a call before that: unit/cli/flags.test.ts.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { SmtpSink } from "../support/smtp-sink.ts";

const TEXT = "Subject: x\n\nbody\n";
let dns: DnsServer;
let sink: SmtpSink;
let server: MailServer;
beforeAll(async () => {
  sink = await SmtpSink.start({
    name: "next.test",
    extensions: ["8BITMIME"],
    reply: ({ line }) => (line.includes("<bad@") ? "550 5.1.1 nobody" : undefined),
  });
  dns = await startDnsServer({ "b.test": ["A 127.0.0.1"] });
  server = await MailServer.start({
    machine: dns.machine(),
    mc: `define(\`SMART_HOST', \`relay:[127.0.0.1]')dnl\ndefine(\`RELAY_MAILER_ARGS', \`TCP $h ${sink.port}')dnl`,
  });
});
afterAll(async () => {
  await server.remove();
  await sink.close();
  await dns.close();
});

const sendmail = (words: string) => server.run("sendmail", words.split(" "), TEXT);

/** Without what is different each time. */
const plain = (text: string): string[] =>
  text
    .replaceAll(/^\d{5,} /gm, "")
    .replaceAll(/EHLO \S+/g, "EHLO US")
    .replaceAll(/FROM:<[^>]*>/g, "FROM:<US>")
    .trimEnd()
    .split("\n");

const MAIL = [">>> MAIL FROM:<US>", "250 2.1.0 sender ok", ">>> RCPT TO:<a@b.test>", "250 2.1.5 recipient ok"];
const REST = [">>> DATA", "354 go on", ">>> ."];

test("-v shows what is said to the next host", async () => {
  const { code, out } = await sendmail("-v a@b.test bad@b.test");
  expect(code).toBe(67);
  expect(plain(out)).toEqual([
    "a@b.test... Connecting to [127.0.0.1] via relay...",
    expect.stringMatching(/^220 next\.test /),
    ">>> EHLO US",
    "250-next.test",
    "250 8BITMIME",
    ...MAIL,
    ">>> RCPT TO:<bad@b.test>",
    "550 5.1.1 nobody",
    ...REST,
    expect.stringMatching(/^250 /),
    expect.stringMatching(/^a@b\.test\.\.\. Sent/),
    "bad@b.test... Connecting to [127.0.0.1] via relay...",
    "bad@b.test... User unknown",
  ]);
});

test("-X writes what the command reads, and what is said to the next host", async () => {
  const file = join(server.home, "traffic");
  expect((await sendmail(`-odi -X ${file} a@b.test`)).code).toBe(0);
  const lines = plain(readFileSync(file, "latin1"));
  expect(lines.slice(0, 5)).toEqual([
    "<<< Subject: x",
    "<<< ",
    "<<< body",
    "<<< [EOF]",
    "=== CONNECT [127.0.0.1] via relay",
  ]);
  expect(lines).toEqual(expect.arrayContaining([">>> RCPT TO:<a@b.test>", "<<< 354 go on", ">>> ."]));

  const talk = join(server.home, "talk");
  const cf = join(server.home, "sendmail.cf");
  const said = await server.run("sendmail", ["-C", cf, "-bs", "-X", talk], "NOOP\r\nQUIT\r\n");
  expect(said.code).toBe(0);
  const replies = said.out.trimEnd().split("\r\n");
  const wanted = ["<<< NOOP", "<<< QUIT", ...replies.map((line) => `>>> ${line}`)];
  expect(plain(readFileSync(talk, "latin1")).toSorted()).toEqual(wanted.toSorted());
});

test.each([
  ["-p UUCP:hub.test a@b.test", /^Received: from hub\.test \(\S+@localhost\)\r\n\tby \S+ \([^)]*\) with UUCP id /m],
  [
    "-MrBSMTP -Mshub.test a@b.test",
    /^Received: from hub\.test \(\S+@localhost\)\r\n\tby \S+ \([^)]*\) with BSMTP id /m,
  ],
  ["-p UUCP a@b.test", /^Received: \(from \S+@localhost\)\r\n\tby \S+ \([^)]*\) with UUCP id /m],
])("%s stands in Received:", async (words, received) => {
  const before = sink.messages.length;
  expect((await sendmail(`-odi ${words}`)).code).toBe(0);
  await eventually("the message", () => sink.messages.length > before);
  expect(sink.messages.at(-1)?.data).toMatch(received);
});

test("-d0.1 tells which program and machine this is, in the file of -D when there is one", async () => {
  const cf = join(server.home, "sendmail.cf");
  const told = /^Version [\d.]+\n Compiled with: [^]*= SYSTEM IDENTITY \(after readcf\) =[^]*\$j = \S+\n/;
  expect((await sendmail(`-C ${cf} -d0.1 -bv a@b.test`)).out).toMatch(told);
  const rules = (await sendmail(`-C ${cf} -d21.1,37.1 -bv a@b.test`)).out;
  expect(rules).toMatch(/^setoption SmtpGreetingMessage /m);
  expect(rules).toMatch(/^rewrite: ruleset canonify {11}input: a @ b \. test$/m);
  expect(rules).toMatch(/\na@b\.test\.\.\. deliverable: mailer relay, host \[127\.0\.0\.1\], user a@b\.test\n$/);
  const file = join(server.home, "debug");
  expect((await sendmail(`-C ${cf} -D ${file} -d0.1 a@b.test`)).out).toBe("");
  expect(existsSync(file) && readFileSync(file, "latin1")).toMatch(told);
});

test("-Ac -q30m, as systems start it beside the server, hands the client queue over and ends", async () => {
  expect(await server.run("sendmail", ["-L", "sm-msp-queue", "-Ac", "-q30m"])).toEqual({ code: 0, out: "", err: "" });
});

test("rmail and vacation submit as sendmail does", async () => {
  const before = sink.messages.length;
  const said = await server.run(
    "rmail",
    ["a@b.test"],
    "From x Mon Jan  1 00:00:00 2024 remote from hub\nSubject: u\n\nbody\n",
  );
  expect(said).toEqual({ code: 0, out: "", err: "" });
  await eventually("the message of rmail", () => sink.messages.length > before);
  expect(sink.messages.at(-1)?.data).toMatch(
    /^Received: from hub\.UUCP \(\S+@localhost\)\r\n\tby \S+ \([^)]*\) with UUCP id /m,
  );

  const [database, text] = [join(server.home, "replies"), join(server.home, "away")];
  writeFileSync(text, "Subject: away: $SUBJECT\n\nI am away.\n");
  const words = ["-d", "-U", "-f", database, "-m", text, "alice"];
  for (let times = 0; times < 2; times++) {
    expect(await server.run("vacation", words, "From a@b.test Mon Jan  1\nTo: alice\nSubject: hi\n\nbody\n")).toEqual(
      said,
    );
  }
  await eventually("the answer", () => sink.messages.length > before + 1);
  const { recipients, data } = sink.messages.at(-1)!;
  expect(recipients).toEqual(["a@b.test"]);
  expect(data).toMatch(/^To: a@b\.test\r\nAuto-Submitted: auto-replied\r\nSubject: away: hi\r\n/m);
  expect(sink.messages.length).toBe(before + 2);
});
