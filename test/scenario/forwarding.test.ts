/** Mail that is forwarded to other hosts leaves with a sender of ours, and what comes back for him goes on to whom it stands for. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { parseHeader } from "../../src/mail/header.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { sendMail, SmtpClient } from "../support/smtp-client.ts";
import { SmtpSink } from "../support/smtp-sink.ts";

const ALIASES = [
  "fwd: joe@far.test",
  "both: alice, jane@far.test",
  "inside: joe@own.test",
  "list: joe@far.test, jane@far.test",
  "owner-list: alice",
  "ownerless: joe@far.test, jane@far.test",
];
const text = "From: carol@a.test\r\nSubject: test\r\n\r\nhello\r\n";
const SRS = /^SRS0=[\w+/]{4}=[A-Z2-7]{2}=a\.test=carol@example\.test$/;

let dns: DnsServer;
let sink: SmtpSink;
let server: MailServer;
const homes: string[] = [];

beforeAll(async () => {
  sink = await SmtpSink.start({ host: "127.0.0.4", name: "mx.far.test" });
  dns = await startDnsServer({
    "far.test": ["A 127.0.0.4"],
    "a.test": ["A 127.0.0.4"],
    "b.test": ["A 127.0.0.4"],
    "own.test": ["A 127.0.0.4"],
    "virtual.test": ["A 127.0.0.2"],
    "_dmarc.reject.test": ["TXT v=DMARC1; p=reject"],
    "_dmarc.quarantine.test": ["TXT v=DMARC1; p=quarantine"],
    "_dmarc.broken.test": ["SERVFAIL"],
    "example.test": ["A 127.0.0.2"],
    "mail.example.test": ["A 127.0.0.2"],
  });
  server = await start("a secret\n");
});
afterAll(async () => {
  await server.remove();
  await sink.close();
  await dns.close();
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});
afterEach(() => {
  sink.messages.length = 0;
  sink.script = { host: "127.0.0.4", name: "mx.far.test" };
});

async function start(
  secrets: string | undefined,
  flags = "",
  domain = "example.test",
  more = "dnl",
): Promise<MailServer> {
  const home = mkdtempSync(join(tmpdir(), "mail-"));
  homes.push(home);
  if (secrets !== undefined) writeFileSync(join(home, "secret"), secrets, { mode: 0o600 });
  writeFileSync(join(home, "virtual"), "info@virtual.test joe@far.test\nhere@virtual.test bob\n", { mode: 0o600 });
  const mc = [
    ...["SMTP", "ESMTP", "RELAY"].map((name) => `define(\`${name}_MAILER_ARGS', \`TCP $h ${sink.port}')dnl`),
    "LOCAL_DOMAIN(`example.test')dnl",
    `FEATURE(\`srs', \`${domain}', \`${home}/secret', \`${flags}')dnl`,
    "SRS_OWN_DOMAIN(`own.test')dnl",
    `FEATURE(\`virtusertable', \`text -k0 -v1 ${home}/virtual')dnl`,
    "VIRTUSER_DOMAIN(`virtual.test')dnl",
    more,
  ].join("\n");
  const aliases = `${ALIASES.join("\n")}\n`;
  return MailServer.start({ home, mc, aliases, users: ["alice", "bob"], machine: dns.machine() });
}

/** Senders in MAIL, each with the recipients of its transaction. */
function left(): Record<string, readonly string[]> {
  return Object.fromEntries(sink.messages.map(({ sender, recipients }) => [sender, recipients]));
}

async function senderOf(from: string, to: string): Promise<string> {
  await sendMail(server.port, from, [to], text);
  await sink.received(1);
  return sink.messages.splice(0)[0].sender;
}

describe("the sender of forwarded mail", () => {
  test.each([
    ["an alias", "fwd@example.test"],
    ["an alias of a user and somebody else", "both@example.test"],
    ["the virtual user table", "info@virtual.test"],
  ])("by %s is an address of ours", async (_, to) => {
    expect(await senderOf("carol@a.test", to)).toMatch(SRS);
  });

  test("by a .forward file is an address of ours, in the mailbox he is who he was", async () => {
    writeFileSync(join(server.home, "home/bob/.forward"), "\\bob, joe@far.test\n", { mode: 0o600 });
    expect(await senderOf("carol@a.test", "here@virtual.test")).toMatch(SRS);
    await eventually("the mailbox", () => server.mailbox("bob").length === 1);
    expect(server.mailbox("bob")[0]).toMatch(/^Return-Path: <carol@a\.test>/m);
    rmSync(join(server.home, "home/bob/.forward"));
  });

  test.each([
    ["of our own domain", "carol@example.test", "fwd@example.test"],
    ["of a virtual domain", "carol@virtual.test", "fwd@example.test"],
    ["of a domain that counts as ours", "carol@own.test", "fwd@example.test"],
    ["that nobody may answer to", "", "fwd@example.test"],
    ["of mail for a domain that counts as ours", "carol@a.test", "inside@example.test"],
    ["of mail that is only relayed", "carol@a.test", "joe@far.test"],
  ])("%s stays", async (_, from, to) => {
    expect(await senderOf(from, to)).toBe(from);
  });

  test("of a list with an owner is the owner", async () => {
    expect(await senderOf("carol@a.test", "list@example.test")).toBe("alice@mail.example.test");
  });

  test("who was rewritten by another host keeps the first one", async () => {
    const from = "SRS0=abcd=TT=a.test=carol@b.test";
    expect(await senderOf(from, "fwd@example.test")).toMatch(
      /^SRS1=[\w+/]{4}=b\.test==abcd=TT=a\.test=carol@example\.test$/,
    );
  });

  test("one transaction for who is forwarded to, another for who is not", async () => {
    const to = ["ownerless@example.test", "direct@far.test"];
    await sendMail(server.port, "carol@a.test", to, text);
    await sink.received(2);
    const senders = left();
    expect(senders["carol@a.test"]).toEqual(["direct@far.test"]);
    const [rewritten] = Object.keys(senders).filter((sender) => SRS.test(sender));
    expect(senders[rewritten]).toEqual(["joe@far.test", "jane@far.test"]);
  });

  test("with a name too long for a local part stays, and the log says so", async () => {
    const from = `${"c".repeat(60)}@a.test`;
    expect(await senderOf(from, "fwd@example.test")).toBe(from);
    const words = `sender ${from} stays as it is: the rewritten local part would have 80 octets, more than 64 (-l)`;
    await eventually("the log", () => server.log().includes(words));
  });
});

describe("what comes back", () => {
  test("goes to the sender that it stands for, and to nobody else", async () => {
    const address = await senderOf("carol@a.test", "fwd@example.test");
    await sendMail(server.port, "", [address], "Subject: bounce\r\n\r\nno such user\r\n");
    await sink.received(1);
    expect(left()).toEqual({ "": ["carol@a.test"] });
  });

  test("comes home when its letter case is lost", async () => {
    const address = await senderOf("carol@a.test", "fwd@example.test");
    await sendMail(server.port, "", [address.toLowerCase()], "Subject: bounce\r\n\r\nno\r\n");
    await sink.received(1);
    expect(left()).toEqual({ "": ["carol@a.test"] });
  });

  test("with % in the name of the user goes to no other host", async () => {
    const address = await senderOf("carol%b.test@a.test", "fwd@example.test");
    await sendMail(server.port, "", [address], "Subject: bounce\r\n\r\nno\r\n");
    await sink.received(1);
    expect(left()).toEqual({ "": ["carol%b.test@a.test"] });
  });

  test.each([
    [
      "forged",
      "SRS0=aaaa=TT=a.test=carol@example.test",
      "550 5.7.1",
      "SRS address refused: its hash is not one of this host",
    ],
    ["damaged", "SRS0=aaaa=TT@example.test", "550 5.1.1", "SRS address is damaged: "],
    [
      "forged, of two hosts",
      "SRS1=aaaa=b.test==abcd=TT=a.test=carol@example.test",
      "550 5.7.1",
      "SRS address refused: its hash is not one of this host",
    ],
  ])("%s is refused at RCPT", async (_, address, code, words) => {
    const { client } = await SmtpClient.open(server.port);
    await client.command("EHLO x.test");
    await client.command("MAIL FROM:<>");
    const answer = await client.command(`RCPT TO:<${address}>`);
    expect(answer.startsWith(code)).toBe(true);
    expect(answer).toContain(words);
    await client.command("QUIT");
  });
});

test("without its secrets nothing leaves under a wrong name: it waits until they are there", async () => {
  const other = await start(undefined, "-l 0");
  try {
    expect(other.log()).toMatch(/srs map "srs": secret file \S+secret: .*No such file/);
    await sendMail(other.port, "carol@a.test", ["fwd@example.test"], text);
    await eventually("the log", () => /to=<joe@far\.test>.*stat=Deferred.*secret file/.test(other.log()));
    // Who is not forwarded gets his mail.
    await sendMail(other.port, "carol@a.test", ["alice@example.test"], text);
    await eventually("the mailbox", () => other.mailbox("alice").length === 1);
    await eventually("its end in the queue", async () => (await other.waiting()) === 1);
    writeFileSync(join(other.home, "secret"), "now\n", { mode: 0o600 });
    await eventually("the message", async () => {
      await other.runQueue();
      return sink.messages.length === 1;
    });
    expect(sink.messages[0].sender).toMatch(SRS);
  } finally {
    await other.stop();
  }
});

describe("FEATURE(list_from): the author of what a list sends on", () => {
  let listing: MailServer;
  beforeAll(async () => {
    listing = await start("a secret\n", "", "example.test", "FEATURE(`list_from')dnl");
  });
  afterAll(() => listing.stop());

  async function fieldsFor(from: string, to: string, more = ""): Promise<Record<string, string>> {
    await sendMail(listing.port, "carol@a.test", [to], `From: ${from}\r\n${more}Subject: test\r\n\r\nhello\r\n`);
    await sink.received(1);
    const { data } = sink.messages.splice(0)[0];
    const { fields } = parseHeader(data.slice(0, data.indexOf("\r\n\r\n") + 2));
    return Object.fromEntries(fields.map(({ name, value }) => [name, value.trim()]));
  }

  test.each([
    ["a domain with p=reject", "Joe <joe@reject.test>"],
    ["a name below it", "Joe <joe@sub.reject.test>"],
    ["a domain that nothing can be found out about", "Joe <joe@broken.test>"],
  ])("is the list for %s", async (_, from) => {
    expect(await fieldsFor(from, "list@example.test")).toMatchObject({
      From: '"Joe via list" <list@example.test>',
      "Reply-To": from,
      "X-Original-From": from,
    });
  });

  test("keeps Reply-To when there is one", async () => {
    const fields = await fieldsFor("joe@reject.test", "list@example.test", "Reply-To: ann@a.test\r\n");
    expect(fields).toMatchObject({ From: '"joe via list" <list@example.test>', "Reply-To": "ann@a.test" });
  });

  test.each([
    ["a domain with p=quarantine", "Joe <joe@quarantine.test>", "list@example.test"],
    ["a domain without a policy", "Joe <joe@a.test>", "list@example.test"],
    ["a domain of ours", "Joe <joe@example.test>", "list@example.test"],
    ["mail that is forwarded by an alias without owner", "Joe <joe@reject.test>", "fwd@example.test"],
  ])("stays for %s", async (_, from, to) => {
    const fields = await fieldsFor(from, to);
    expect(fields["From"]).toBe(from);
    expect(fields["Reply-To"]).toBeUndefined();
  });
});
