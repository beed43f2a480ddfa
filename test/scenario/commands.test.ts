/** Commands as people type them: their help, their listings in pipes, what they do to the queue. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { eventually, MailServer } from "../support/mail-server.ts";
import { sendMail, SmtpClient } from "../support/smtp-client.ts";

let server: MailServer;

beforeAll(async () => {
  server = await MailServer.start({ aliases: 'later: "|exit 75"\n' });
});
afterAll(() => server.remove());

test("rulemail alone and --help say what there is, without the hidden names", async () => {
  const { code, out } = await server.run("rulemail", ["--help"]);
  expect(code).toBe(0);
  expect(out).toContain("makemap");
  expect(out).not.toContain("--worker");
  expect(await server.run("rulemail", [])).toMatchObject({ code: 64, err: out });
  expect((await server.run("rulemail", ["constructor"])).err).toContain('no command named "constructor"');
});

test("rulemail start ends its complaint about a configuration with a line end", async () => {
  const { code, err } = await server.run("rulemail", ["start", "/nonexistent.mc"]);
  expect(code).toBe(66);
  expect(err).toMatch(/cannot read .*\n$/);
});

test("rulemail status says what the server does and who is logged in", async () => {
  const { code, out, err } = await server.run("rulemail", ["status"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/^pid: [0-9]+, version .*\nstate: [0-9]+ sessions, .*\nTLS: no sessions\nlogins: nobody\n$/);
  expect((await server.run("rulemail", ["status", "x"])).code).toBe(64);
});

test("praliases reads the aliases of the home", async () => {
  expect((await server.run("newaliases", [])).code).toBe(0);
  expect((await server.run("praliases", [])).out).toContain('later:"|exit 75"\n');
});

test("-Q quarantines what -q selects and delivers nothing; without a reason it releases", async () => {
  await sendMail(server.port, "alice@mail.example.test", ["later@mail.example.test"], "Subject: x\r\n\r\n");
  const id = await eventually("deferral", () => /(\w+): to=.*stat=Deferred/.exec(server.log())?.[1]);
  const attempts = (): number => server.log().split("stat=Deferred").length - 1;
  const before = attempts();
  expect(await server.run("sendmail", ["-Qlooks strange", `-qI${id}`])).toMatchObject({ code: 0, err: "" });
  expect(attempts()).toBe(before);
  expect((await server.run("mailq", ["-qQ"])).out).toContain("QUARANTINE: looks strange");
  expect((await server.run("sendmail", ["-Q", "-qQ", `-qI${id}`])).code).toBe(0);
  expect((await server.run("mailq", ["-qQ"])).out).toContain("is empty");
});

test("a listing whose reader goes away ends without a complaint", async () => {
  const child = spawn(join(import.meta.dirname, "..", "..", "bin", "mailq"), [], {
    env: { ...process.env, RULEMAIL_HOME: server.home, RULEMAIL_MACHINE: join(server.home, "machine.json") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.destroy();
  let complaints = "";
  child.stderr.on("data", (text: Buffer) => (complaints += text.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect({ code, complaints }).toEqual({ code: 0, complaints: "" });
});

test("an accident of a command is one line, not a stack trace", async () => {
  const { code, err } = await server.run("mailq", [], "", { RULEMAIL_MACHINE: "/nonexistent.json" });
  expect(code).not.toBe(0);
  expect(err).toMatch(/^mailq: Cannot use the machine description [^\n]*\n$/);
});

test("a message with too many hops is refused and logged", async () => {
  const trace = "Received: from a by b; Fri, 20 Nov 2026 21:12:58 +0000\r\n".repeat(30);
  const { client } = await SmtpClient.open(server.port);
  await client.command("EHLO client.test");
  const answer = await client.send("", ["alice@mail.example.test"], `${trace}Subject: loop\r\n\r\n`);
  client.close();
  expect(answer).toContain("554 5.4.6 Too many hops 30 (25 max)");
  await eventually("the log", () => /SYSERR: Too many hops 30 .*to <?alice@mail/.test(server.log()));
});

test("a condition of -q can be negated, and -qQ can name a reason", async () => {
  await sendMail(server.port, "alice@mail.example.test", ["later@mail.example.test"], "Subject: x\r\n\r\n");
  const id = await eventually("a message", async () => /^\w{14}/m.exec((await server.run("mailq", [])).out)?.[0]);
  const shown = async (...words: string[]): Promise<boolean> => (await server.run("mailq", words)).out.includes(id);
  expect([await shown(`-qI${id}`), await shown(`-q!I${id}`)]).toEqual([true, false]);
  expect((await server.run("sendmail", ["-Qlooks odd", `-qI${id}`])).code).toBe(0);
  expect([await shown(), await shown("-qQlooks"), await shown("-q!Qlooks")]).toEqual([false, true, false]);
});

test("-v and -qf wait for the queue run, -v says what came of it; -qQ tries what is quarantined, which stays so", async () => {
  await sendMail(server.port, "alice@mail.example.test", ["later@mail.example.test"], "Subject: y\r\n\r\n");
  const id = await eventually("a message", async () => /^\w{14}/m.exec((await server.run("mailq", [])).out)?.[0]);
  const deferred = `${id} (sequence 1 of 1)\n|exit 75... Deferred: prog mailer`;
  expect((await server.run("sendmail", ["-v", "-q", `-qI${id}`])).out).toContain(deferred);
  expect(await server.run("sendmail", ["-qf", `-qI${id}`])).toMatchObject({ code: 0, out: "" });
  const said = await server.run("sendmail", ["-v", "-Qodd", `-qI${id}`]);
  expect(said.out).toBe(`Processing ${join(server.home, "queue")}:\n${id}: Quarantined with "odd"\n1 change\n`);
  expect((await server.run("sendmail", ["-v", "-qQ", `-qI${id}`])).out).toContain(deferred);
  expect((await server.run("mailq", ["-qQ"])).out).toContain(id);
  expect(await server.run("sendmail", ["-qGnone"])).toMatchObject({ code: 0, out: "Queue group none unknown\n" });
});

test("without a server -Q and -q work on the queue itself", async () => {
  const [id] = /^\w{14}/m.exec((await server.run("mailq", ["-qQodd"])).out)!;
  await server.stop();
  expect((await server.run("sendmail", ["-Q", "-qQ", `-qI${id}`])).code).toBe(0);
  expect((await server.run("mailq", [])).out).toContain(id);
  expect((await server.run("sendmail", ["-v", "-q", `-qI${id}`])).out).toContain(
    `${id} (sequence 1 of 1)\n|exit 75... `,
  );
  expect((await server.run("sendmail", ["-Qagain", `-qI${id}`])).code).toBe(0);
  expect((await server.run("mailq", ["-qQ"])).out).toContain("QUARANTINE: again");
});

test("-Ac is about the client queue, which mailq shows, too, while no server runs", async () => {
  expect((await server.run("sendmail", ["alice"], "Subject: x\n\nx\n")).code).toBe(0);
  const folder = join(server.home, "clientmqueue");
  const { out } = await server.run("mailq", ["-Ac"]);
  const [id] = /^\w{14}/m.exec(out)!;
  expect(out).toContain(`\t\t${folder} (1 request)\n`);
  expect((await server.run("mailq", [])).out).toMatch(
    new RegExp(`clientmqueue \\(1 request\\)\n[^]*${id}[^]*Total requests: `),
  );
  const said = await server.run("sendmail", ["-Ac", "-v", "-Qodd", `-qI${id}`]);
  expect(said.out).toBe(`Processing ${folder}:\n${id}: Quarantined with "odd"\n1 change\n`);
  expect((await server.run("mailq", ["-Ac", "-qQ"])).out).toContain(id);
  expect((await server.run("sendmail", ["-Ac", "-q"])).code).toBe(0);
  expect((await server.run("sendmail", ["-Ac", "-Q", "-qQ"])).code).toBe(0);
  expect((await server.run("mailq", ["-Ac"])).out).toContain(id);
});
