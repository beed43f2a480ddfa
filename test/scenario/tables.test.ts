/**
 * The tables of a site in a running server: mailertable, virtusertable, genericstable and access_db, built with our
 * makemap in the server's home; what comes in over SMTP, and what a peer or a mailbox then gets.
 */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { runMakemap } from "../../src/cli/makemap.ts";
import { runCommand } from "../support/command.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { SmtpClient, sendMail } from "../support/smtp-client.ts";
import { SmtpSink } from "../support/smtp-sink.ts";

const MAILERTABLE = [
  "shop.test      esmtp:[127.0.0.4]",
  ".shop.test     esmtp:[127.0.0.4]",
  "desk.test      local:bob",
  "closed.test    error:5.7.1:550 Closed for good",
  "busy.test      error:4.2.0:450 Come back tomorrow",
  "void.test      discard:discard",
];
const ACCESS = [
  "Connect:127.0.0.5     RELAY",
  "Connect:127.0.0.6     REJECT",
  "From:spam.test        REJECT",
  "From:rude@far.test    ERROR:5.7.1:550 Say please first",
  "From:later@far.test   ERROR:4.7.1:450 Later",
  "From:void@far.test    DISCARD",
  "To:bob@               ERROR:5.2.1:550 Bob is on holiday",
  "To:partner.test       RELAY",
];

let dns: DnsServer;
let sink: SmtpSink;
/** With the tables of several tests, which do not get in each other's way. */
let shared: MailServer | undefined;
const servers: MailServer[] = [];

beforeAll(async () => {
  sink = await SmtpSink.start({ host: "127.0.0.4", name: "inner.test" });
  dns = await startDnsServer({
    "far.test": ["A 127.0.0.4"],
    "virtual.test": ["A 127.0.0.2"],
    "spam.test": ["A 127.0.0.9"],
    "partner.test": ["A 127.0.0.4"],
    "example.test": ["A 127.0.0.2"],
    "mail.example.test": ["A 127.0.0.2"],
  });
});
afterAll(async () => {
  await shared?.remove();
  await sink.close();
  await dns.close();
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.remove()));
  sink.messages.length = 0;
});

/** A server whose home has these tables, and whose mail leaves to the port of the sink. */
async function start(mc: string, tables: Readonly<Record<string, string>> = {}): Promise<MailServer> {
  const server = await begin(mc, tables);
  servers.push(server);
  return server;
}

async function begin(mc: string, tables: Readonly<Record<string, string>>): Promise<MailServer> {
  const home = mkdtempSync(join(tmpdir(), "mail-"));
  for (const [name, lines] of Object.entries(tables)) await build(home, name, lines);
  const ports = ["SMTP", "ESMTP", "RELAY"].map((name) => `define(\`${name}_MAILER_ARGS', \`TCP $h ${sink.port}')dnl`);
  const lines = [...ports, mc.replaceAll("@HOME@", home)].join("\n");
  return MailServer.start({ home, mc: lines, machine: dns.machine() });
}

async function withTables(): Promise<MailServer> {
  return (shared ??= await begin("", { mailertable: MAILERTABLE.join("\n"), access: ACCESS.join("\n") }));
}

async function build(home: string, name: string, lines: string): Promise<void> {
  const made = await runCommand(runMakemap, ["hash", join(home, name)], lines);
  expect(made).toMatchObject({ status: 0, errors: "" });
}

/** A conversation of one client address: MAIL, then one RCPT for each recipient; the answers. */
async function ask(server: MailServer, from: string, to: readonly string[], address = "127.0.0.1"): Promise<string[]> {
  const { client, greeting } = await SmtpClient.open(server.port, "127.0.0.1", address);
  try {
    if (!greeting.startsWith("220")) return [greeting];
    await client.command("EHLO client.test");
    const answers = [await client.command(`MAIL FROM:<${from}>`)];
    for (const recipient of to) answers.push(await client.command(`RCPT TO:<${recipient}>`));
    await client.command("QUIT");
    return answers;
  } finally {
    client.close();
  }
}

const text = (subject: string, from = "alice@example.test"): string =>
  `From: ${from}\r\nTo: someone@far.test\r\nSubject: ${subject}\r\n\r\nhello\r\n`;

describe("mailertable", () => {
  test("hosts, hosts below a domain, and local users get what it says", async () => {
    const server = await withTables();
    const to = ["a@shop.test", "b@deep.below.shop.test", "c@desk.test"];
    expect(await sendMail(server.port, "alice@example.test", to, text("routed"))).toMatch(/^250 /);
    await eventually("both", () => sink.messages.flatMap(({ recipients }) => recipients).length === 2);
    expect(sink.messages.flatMap(({ recipients }) => recipients).toSorted()).toEqual([
      "a@shop.test",
      "b@deep.below.shop.test",
    ]);
    await eventually("the local one", () => server.mailbox("bob").length === 1);
    expect(server.mailbox("bob")[0]).toContain("Subject: routed");
    await server.emptied();
  });

  test("the error mailer answers the client with code and text, the discard mailer takes and forgets", async () => {
    const server = await withTables();
    expect(await ask(server, "alice@example.test", ["a@closed.test", "a@busy.test", "a@void.test"])).toEqual([
      expect.stringMatching(/^250 /),
      "550 5.7.1 <a@closed.test>... Closed for good",
      "450 4.2.0 <a@busy.test>... Come back tomorrow",
      expect.stringMatching(/^250 /),
    ]);
    expect(await sendMail(server.port, "alice@mail.example.test", ["a@void.test"], text("void"))).toMatch(/^250 /);
    await eventually("the log", () => /: discarded$/m.test(server.log()));
    await server.emptied();
    expect(sink.messages).toEqual([]);
    expect(server.mailbox("alice")).toEqual([]);
  });

  test("a table that was built again counts from then on, without a restart", async () => {
    const server = await start("", { mailertable: "moving.test  error:5.1.2:550 not yet" });
    expect((await ask(server, "alice@example.test", ["a@moving.test"]))[1]).toMatch(/^550 5\.1\.2 .*not yet$/);
    await build(server.home, "mailertable", "moving.test  local:bob");
    const answer = await eventually("the new table", async () => {
      const [, rcpt] = await ask(server, "alice@example.test", ["a@moving.test"]);
      return rcpt.startsWith("250") && rcpt;
    });
    expect(answer).toMatch(/^250 2\.1\.5 /);
  });
});

test("virtusertable: addresses of a virtual domain go where it says, others there are refused", async () => {
  const server = await start("VIRTUSER_DOMAIN(`virtual.test')dnl", {
    virtusertable: [
      "info@virtual.test   alice",
      "sales@virtual.test  team@partner.test",
      "old@virtual.test    error:5.1.6:551 Try new@virtual.test",
      "box+*@virtual.test  bob",
      "@virtual.test       error:nouser 550 Nobody here",
    ].join("\n"),
  });
  const stranger = "127.0.0.8";
  expect(
    await ask(server, "x@far.test", ["info@virtual.test", "old@virtual.test", "who@virtual.test"], stranger),
  ).toEqual([
    expect.stringMatching(/^250 /),
    expect.stringMatching(/^250 /),
    "551 5.1.6 Try new@virtual.test",
    "550 5.0.0 <who@virtual.test>... Nobody here",
  ]);
  const to = ["info@virtual.test", "sales@virtual.test", "box+tag@virtual.test"];
  expect(await sendMail(server.port, "x@far.test", to, text("virtual", "x@far.test"))).toMatch(/^250 /);
  await sink.received(1);
  expect(sink.messages[0].recipients).toEqual(["team@partner.test"]);
  await eventually("both mailboxes", () => server.mailbox("alice").length === 1 && server.mailbox("bob").length === 1);
});

test("genericstable: mail that leaves has the public name in From: and in the envelope", async () => {
  const server = await start(
    [
      "FEATURE(`genericstable', `hash @HOME@/genericstable')dnl",
      "GENERICS_DOMAIN(`mail.example.test')dnl",
      "FEATURE(`masquerade_envelope')dnl",
    ].join("\n"),
    { genericstable: "alice   Alice.Liddell@example.test\nbob@mail.example.test  Robert@example.test" },
  );
  for (const user of ["alice", "bob"]) {
    const from = `${user}@mail.example.test`;
    await sendMail(server.port, from, ["x@far.test"], text(`of ${user}`, from));
  }
  await sink.received(2);
  const seen = sink.messages.map(({ sender, data }) => `${sender} ${/^From: (.*)\r$/m.exec(data)?.[1]}`);
  expect(seen.toSorted()).toEqual([
    "Alice.Liddell@example.test Alice.Liddell@example.test",
    "Robert@example.test Robert@example.test",
  ]);
});

describe("access_db", () => {
  test("Connect: lets one network relay and refuses another; strangers may only reach what To: opens", async () => {
    const server = await withTables();
    expect(await ask(server, "x@far.test", ["y@far.test"], "127.0.0.5")).toEqual([
      expect.stringMatching(/^250 /),
      expect.stringMatching(/^250 /),
    ]);
    const refused = await ask(server, "x@far.test", ["alice@mail.example.test"], "127.0.0.6");
    expect(refused[0]).toMatch(/^(?:550|554) .*/);
    expect(refused.at(-1)).not.toMatch(/^2/);
    expect(await ask(server, "x@far.test", ["y@far.test", "y@partner.test"], "127.0.0.7")).toEqual([
      expect.stringMatching(/^250 /),
      expect.stringMatching(/^550 5\.7\.1 <y@far\.test>\.\.\. Relaying denied/),
      expect.stringMatching(/^250 /),
    ]);
  });

  test("From: and To: refuse with their own words", async () => {
    const server = await withTables();
    const sender = async (from: string): Promise<string> => (await ask(server, from, [], "127.0.0.7"))[0];
    expect(await sender("x@spam.test")).toBe("550 5.7.1 <x@spam.test>... Access denied");
    expect(await sender("rude@far.test")).toBe("550 5.7.1 <rude@far.test>... Say please first");
    expect(await sender("later@far.test")).toBe("450 4.7.1 <later@far.test>... Later");
    expect((await ask(server, "x@far.test", ["bob@mail.example.test"], "127.0.0.7"))[1]).toBe(
      "550 5.2.1 <bob@mail.example.test>... Bob is on holiday",
    );
  });

  test("DISCARD takes the message and delivers it to nobody", async () => {
    const server = await withTables();
    expect(await sendMail(server.port, "void@far.test", ["alice@mail.example.test"], text("void"))).toMatch(/^250 /);
    expect(await sendMail(server.port, "x@far.test", ["alice@mail.example.test"], text("kept"))).toMatch(/^250 /);
    await eventually("the other message", () => server.mailbox("alice").length > 0);
    await server.emptied();
    expect(server.mailbox("alice")).toHaveLength(1);
    expect(server.mailbox("alice")[0]).toContain("Subject: kept");
  });
});

test("a local mailer with mbox: appends to the file of the user, From lines in the text quoted", async () => {
  const server = await start("define(`LOCAL_MAILER_ARGS', `LOCAL mbox:@HOME@/mail/$u')dnl");
  await sendMail(server.port, "x@far.test", ["alice@mail.example.test"], `${text("one")}From the start\r\n`);
  await sendMail(server.port, "x@far.test", ["alice@mail.example.test"], text("two"));
  const file = join(server.home, "mail", "alice");
  await server.emptied();
  const mbox = readFileSync(file, "latin1");
  expect(mbox.match(/^From x@far\.test /gm)).toHaveLength(2);
  expect(mbox).toContain("\n>From the start\n");
  expect([...mbox.matchAll(/^Subject: (.*)$/gm)].map(([, subject]) => subject).toSorted()).toEqual(["one", "two"]);
});

test("what a local rule quarantines waits, shown by mailq -qQ, until it is released", async () => {
  const lines = ["LOCAL_RULESETS", "SLocal_check_mail", "R$* odd@ $*\t$#error $@ quarantine $: looks odd"];
  const home = mkdtempSync(join(tmpdir(), "mail-"));
  const shipped = readFileSync(join(import.meta.dirname, "../../cf/standalone.mc"), "latin1");
  const server = await MailServer.start({ home, wholeMc: `${shipped}${lines.join("\n")}\n`, machine: dns.machine() });
  servers.push(server);
  const answer = await sendMail(server.port, "odd@far.test", ["alice@mail.example.test"], text("odd"));
  expect(answer).toMatch(/^250 /);
  expect((await server.run("mailq", ["-qQ"])).out).toMatch(/QUARANTINE: looks odd[\s\S]*alice@mail\.example\.test/);
  expect((await server.run("sendmail", ["-q"])).code).toBe(0);
  expect(server.mailbox("alice")).toEqual([]);
  expect((await server.run("sendmail", ["-qQ", "-Q"])).code).toBe(0);
  await eventually("the message", () => server.mailbox("alice").length === 1);
  await server.emptied();
});
