/** What a whole server signs, checked with what a server elsewhere has received; keys that change, and keys of root's. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { RootSite } from "../support/root-server.ts";
import { layDownKeys, verdicts, verify } from "../support/signed-mail.ts";
import { sendMail, SmtpClient } from "../support/smtp-client.ts";
import { SmtpSink } from "../support/smtp-sink.ts";

let keys: string;
let zone: Record<string, string>;
let dns: DnsServer;
let sink: SmtpSink;
let server: MailServer;

beforeAll(async () => {
  keys = mkdtempSync(join(tmpdir(), "keys-"));
  zone = layDownKeys(keys, { "brand.test/r": "rsa", "brand.test/e": "ed25519", "example.test/only": "ed25519" });
  sink = await SmtpSink.start({ host: "127.0.0.4", extensions: ["8BITMIME"] });
  dns = await startDnsServer({
    "far.test": ["A 127.0.0.4"],
    "nomail.test": ["MX 0 ."],
    "brand.test": ["A 127.0.0.4"],
    "other.test": ["A 127.0.0.4"],
  });
  const ports = ["SMTP", "ESMTP", "RELAY"].map((name) => `define(\`${name}_MAILER_ARGS', \`TCP $h ${sink.port}')dnl`);
  const mc = [
    ...ports,
    `FEATURE(\`dkim_sign', \`${keys}')`,
    "FEATURE(`dmarc', `tag')",
    "define(`confARC_SEAL', `brand.test')",
    "MASQUERADE_AS(`brand.test')",
    "define(`confMCI_CACHE_SIZE', `0')",
    "LOCAL_CONFIG",
    "O XclientHosts=127.0.0.1",
  ];
  server = await MailServer.start({ mc: mc.join("\n"), machine: dns.machine(), aliases: "fwd: x@far.test\n" });
});
afterAll(async () => {
  await server.remove();
  await sink.close();
  await dns.close();
  rmSync(keys, { recursive: true });
});
afterEach(() => {
  sink.messages.length = 0;
  sink.script = { host: "127.0.0.4", extensions: ["8BITMIME"] };
});

const BOTH = ["pass brand.test r", "pass brand.test e"];
const text = (from: string): string =>
  `From: Alice <${from}>\r\nTo: x@far.test\r\nSubject: hello\r\n\r\nhello\r\n.dot\r\n`;

async function received(): Promise<string> {
  await sink.received(1);
  return sink.messages[0].data;
}

/** Hands a message in by SMTP, from this machine. */
async function handIn(from: string, message: string, to = "x@far.test"): Promise<void> {
  expect(await sendMail(server.port, from, [to], message)).toMatch(/^250 /);
}

async function inForceAgain(): Promise<void> {
  const before = server.log().split(" in force").length;
  server.signal("SIGHUP");
  await eventually("the configuration in force", () => server.log().split(" in force").length > before);
}

test("a message from the command line: after masquerading", async () => {
  await server.run(
    "sendmail",
    ["-i", "-f", "alice", "x@far.test"],
    text("alice@mail.example.test").replaceAll("\r", ""),
  );
  const data = await received();
  expect(data).toContain("From: Alice <alice@brand.test>");
  expect(await verdicts(data, zone)).toEqual(BOTH);
  await eventually("the log", () => /: dkim=signed, d=brand\.test, s=r,e\n/.test(server.log()));
});

test("eight bits for a server that takes seven", async () => {
  sink.script = { host: "127.0.0.4", extensions: [] };
  const fields = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n";
  await handIn("alice@brand.test", `${fields}From: a@brand.test\r\n\r\nh\xc3\xa9llo\r\n`);
  const data = await received();
  expect(data).toContain("Content-Transfer-Encoding: base64");
  expect(await verdicts(data, zone)).toEqual(BOTH);
});

test("a report about mail that could not be delivered", async () => {
  await handIn("x@far.test", text("x@far.test"), "y@nomail.test");
  const data = await received();
  expect(sink.messages[0].sender).toBe("");
  expect(data).toMatch(/^From: .*MAILER-DAEMON@/m);
  expect(await verdicts(data, zone)).toHaveLength(/MAILER-DAEMON@brand/.test(data) ? 2 : 1);
  expect((await verdicts(data, zone)).every((verdict) => verdict.startsWith("pass "))).toBe(true);
});

test("a body that is read from a file", async () => {
  const body = ".dots and words\r\n".repeat(50_000);
  await handIn("alice@brand.test", `From: alice@brand.test\r\n\r\n${body}`);
  expect(await verdicts(await received(), zone)).toEqual(BOTH);
});

test("a domain without keys stays unsigned", async () => {
  await handIn("alice@other.test", text("alice@other.test"));
  expect(await received()).not.toContain("DKIM-Signature");
});

test("mail of others that an alias sends on: sealed with what was found out when it came", async () => {
  const { client } = await SmtpClient.open(server.port);
  try {
    expect(await client.command("XCLIENT ADDR=192.0.2.1 NAME=mx.other.test")).toMatch(/^220 /);
    await client.command("EHLO mx.other.test");
    // It says that it is ours, and is not.
    const message = text("alice@brand.test");
    expect(await client.send("alice@other.test", ["fwd@mail.example.test"], message)).toMatch(/^250 /);
  } finally {
    client.close();
  }
  const data = await received();
  expect(data).not.toContain("DKIM-Signature");
  expect(data).toMatch(/^ARC-Authentication-Results: i=1; mail\.example\.test;[^]*?spf=none[^]*?dkim=none/m);
  const { arc } = await verify(data, zone);
  expect([arc.result, arc.chain]).toEqual(["pass", [{ domain: "brand.test", selector: "r" }]]);
  await eventually("the log", () => /: arc=sealed, d=brand\.test, s=r, cv=none\n/.test(server.log()));
});

test("new keys sign from the next reload on; a broken one as it was; without a key mail waits until there is one", async () => {
  const more = layDownKeys(keys, { "brand.test/z": "ed25519" });
  await inForceAgain();
  await handIn("alice@brand.test", text("alice@brand.test"));
  expect(await verdicts(await received(), { ...zone, ...more })).toEqual(["pass brand.test r", "pass brand.test z"]);
  sink.messages.length = 0;
  for (const name of ["r", "e"]) unlinkSync(join(keys, "brand.test", `${name}.private`));
  chmodSync(join(keys, "brand.test", "z.private"), 0o604);
  await inForceAgain();
  expect(server.log()).toMatch(/WARNING: .*z\.private: World readable file.*: what was there before stays in use/);
  await handIn("alice@brand.test", text("alice@brand.test"));
  expect(await verdicts(await received(), { ...zone, ...more })).toEqual(["pass brand.test z"]);
  sink.messages.length = 0;
  unlinkSync(join(keys, "brand.test", "z.private"));
  await inForceAgain();
  await handIn("alice@brand.test", text("alice@brand.test"));
  await eventually("the log", () => /dsn=4\.7\.5, stat=Deferred: the message cannot be signed/.test(server.log()));
  expect(sink.messages).toEqual([]);
  layDownKeys(keys, { "brand.test/z": "ed25519" });
  await inForceAgain();
  await server.runQueue();
  expect(await verdicts(await received(), { ...zone, ...more })).toEqual(["pass brand.test z"]);
});

const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

asRoot("keys in a folder that root alone may enter", () => {
  test("sign after root was given up, and after a reload", async () => {
    const site = new RootSite();
    const hop = await SmtpSink.start({ host: "127.0.0.3" });
    const folder = site.path("keys");
    let records = layDownKeys(folder, { "example.test/a": "rsa" });
    chmodSync(folder, 0o700);
    site.configure({ lines: [`O DKIMKeys=${folder}`] });
    const cf = readFileSync(site.path("sendmail.cf"), "latin1");
    writeFileSync(site.path("sendmail.cf"), cf.replaceAll(/A=TCP \$h$/gm, `A=TCP $h ${hop.port}`), "latin1");
    const running = await site.start();
    try {
      const deliver = async (): Promise<readonly string[]> => {
        hop.messages.length = 0;
        const from = "joe@mail.example.test";
        expect(await sendMail(running.ports.MTA, from, ["x@[127.0.0.3]"], `From: ${from}\r\n\r\nhello\r\n`)).toMatch(
          /^250 /,
        );
        await hop.received(1);
        return verdicts(hop.messages[0].data, records);
      };
      expect(await deliver()).toEqual(["pass example.test a"]);
      records = layDownKeys(folder, { "example.test/b": "rsa" });
      writeFileSync(join(folder, "example.test", "selectors"), "a - 2000-01-01\n", { mode: 0o600 });
      await site.reloaded(running);
      expect(await deliver()).toEqual(["pass example.test b"]);
    } finally {
      await running.stop();
      await hop.close();
      site.remove();
    }
  });
});
