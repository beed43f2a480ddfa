/** Bad input of every kind: a clear error that says where, the right status, and the server goes on. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer, whyNotUnprivileged } from "../support/mail-server.ts";
import { SmtpClient } from "../support/smtp-client.ts";

let dns: DnsServer;
let server: MailServer;
let folder: string;

beforeAll(async () => {
  dns = await startDnsServer();
  server = await MailServer.start({ machine: dns.machine() });
  folder = mkdtempSync(join(tmpdir(), "bad-"));
});
afterAll(async () => {
  await server.remove();
  await dns.close();
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** The server still takes mail. */
async function isWell(): Promise<boolean> {
  const { client } = await SmtpClient.open(server.port);
  await client.command("EHLO client.test");
  const answer = await client.send("", ["alice@mail.example.test"], "Subject: well\r\n\r\n");
  client.close();
  return answer.startsWith("250");
}

describe("configurations", () => {
  test("an unknown FEATURE is said with file and line", async () => {
    const file = write("bad.mc", "OSTYPE(`linux')dnl\nFEATURE(`no_such_feature')dnl\nMAILER(`local')dnl\n");
    const { code, err } = await server.run("rulemail", ["mc", file]);
    expect(code).not.toBe(0);
    expect(err).toMatch(/bad\.mc:2/);
    expect(err).toContain("no_such_feature");
  });

  test("an open quote says where it was opened", async () => {
    const file = write("quote.mc", "OSTYPE(`linux')dnl\ndefine(`confX', `open\nMAILER(`local')dnl\n");
    const { code, err } = await server.run("rulemail", ["mc", file]);
    expect(code).not.toBe(0);
    expect(err).toMatch(/quote\.mc:2/);
  });

  test("a missing tab, a bad option and an unknown ruleset are reported with their lines, and reading goes on", async () => {
    const file = write(
      "bad.cf",
      [
        "V10/Berkeley",
        "O NoSuchOption=1",
        "Sone",
        "R$* $: no tab here",
        "R$*\t$: $>nowhere $1",
        "Mlocal, P=/bin/true, A=true $u",
        "",
      ].join("\n"),
    );
    const { out, code } = await server.run("sendmail", ["-bt", "-C", file], "one a\n");
    expect(out).toMatch(/bad\.cf: line 2: .*NoSuchOption/);
    expect(out).toMatch(/bad\.cf: line 4: invalid rewrite line .*\(tab expected\)/);
    expect(out).toContain("ADDRESS TEST MODE");
    expect(out).toContain("Unknown ruleset nowhere");
    expect(code).not.toBe(0);
  });

  test("a server does not start on a configuration that is not there", async () => {
    const { code, err } = await server.run("sendmail", ["-bD", "-C", join(folder, "missing.cf")]);
    expect(code).not.toBe(0);
    expect(err).toContain("missing.cf");
  });
});

describe("SMTP", () => {
  test("garbage and NUL octets get errors, and the session goes on; it ends with a very long line", async () => {
    const { client } = await SmtpClient.open(server.port);
    expect(await client.command("\0\x01\xff garbage")).toMatch(/^500 5\.5\.1 /);
    expect(await client.command("x".repeat(2_000))).toMatch(/^500 /);
    expect(await client.command("EHLO client.test")).toMatch(/^250-/);
    expect(await client.command("MAIL FROM:<a@\0b>")).toMatch(/^5/);
    expect(await client.command("NOOP")).toMatch(/^250 /);
    expect(await client.command("x".repeat(2_000_000))).toMatch(/^421 4\.7\.0 .* Command too long/);
    client.close();
    expect(await isWell()).toBe(true);
  });

  test("a line of 2 MB in a message is taken or refused, and nothing breaks", async () => {
    const { client } = await SmtpClient.open(server.port);
    await client.command("EHLO client.test");
    const answer = await client.send(
      "",
      ["alice@mail.example.test"],
      `Subject: long line\r\n\r\n${"y".repeat(2_000_000)}\r\n`,
    );
    expect(answer).toMatch(/^[25]\d\d /);
    client.close();
    if (answer.startsWith("250")) {
      await eventually("the message", () =>
        server.mailbox("alice").some((text) => text.includes("Subject: long line")),
      );
    }
    expect(await isWell()).toBe(true);
  });

  test("a client that goes away in the middle of a message leaves nothing behind", async () => {
    const { client } = await SmtpClient.open(server.port);
    await client.command("EHLO client.test");
    await client.command("MAIL FROM:<>");
    await client.command("RCPT TO:<alice@mail.example.test>");
    await client.command("DATA");
    client.write("Subject: half\r\n\r\nnever ended");
    client.close();
    expect(await isWell()).toBe(true);
    expect(server.mailbox("alice").some((text) => text.includes("Subject: half"))).toBe(false);
    await server.emptied();
  });
});

describe("tables and folders", () => {
  test("an alias file that cannot be read delays mail, it does not bounce it", async () => {
    const file = join(server.home, "aliases");
    // For root every mode is readable: a folder in its place is not.
    rmSync(file);
    rmSync(`${file}.db`, { force: true });
    const { mkdirSync } = await import("node:fs");
    mkdirSync(file);
    await eventually("a temporary failure", async () => {
      const { client } = await SmtpClient.open(server.port);
      await client.command("EHLO client.test");
      await client.command("MAIL FROM:<>");
      const answer = await client.command("RCPT TO:<bob@mail.example.test>");
      client.close();
      return answer.startsWith("451");
    });
    rmSync(file, { recursive: true });
    writeFileSync(file, "postmaster: alice\n", { mode: 0o600 });
    await eventually("recovery", () => isWell());
  });

  const reason = whyNotUnprivileged();
  (reason === "" ? test : test.skip)(`a queue folder that cannot be written refuses with 452 ${reason}`, async () => {
    const ordinary = await MailServer.start({ machine: dns.machine(), unprivileged: true });
    const queue = join(ordinary.home, "queue");
    const journal = join(queue, "journal");
    chmodSync(journal, 0o500);
    chmodSync(queue, 0o500);
    const { client } = await SmtpClient.open(ordinary.port);
    await client.command("EHLO client.test");
    // Larger than what goes into a journal segment that is open already.
    const big = `Subject: big\r\n\r\n${`${"z".repeat(70)}\r\n`.repeat(40_000)}`;
    expect(await client.send("", ["alice@mail.example.test"], big)).toMatch(/^452 /);
    chmodSync(queue, 0o700);
    chmodSync(journal, 0o700);
    await client.command("RSET");
    expect(await client.send("", ["alice@mail.example.test"], "Subject: small\r\n\r\n")).toMatch(/^250 /);
    client.close();
    await eventually("the message", () => ordinary.mailbox("alice").length === 1);
    expect(ordinary.mailbox("alice")[0]).toContain("Subject: small");
    await ordinary.remove();
  });
});

describe("the place to run", () => {
  test("a home that cannot be, or a machine file that is none, is said on standard error", async () => {
    const cf = join(server.home, "sendmail.cf");
    const nowhere = await server.run("sendmail", ["-bD", "-C", cf], "", { RULEMAIL_HOME: "/dev/null/home" });
    expect(nowhere.code).toBe(69);
    expect(nowhere.err).toMatch(/^rulemail: cannot start: .*\/dev\/null/);
    const file = write("machine.json", "{}");
    const machine = await server.run("sendmail", ["-bD", "-C", cf], "", { RULEMAIL_MACHINE: file });
    expect(machine.code).toBe(69);
    expect(machine.err).toContain("machine.json");
  });

  test("-bd returns when the server accepts mail, with the status of a failed start otherwise", async () => {
    const cf = join(server.home, "sendmail.cf");
    // The queue of this home belongs to the server that runs.
    const taken = await server.run("sendmail", ["-bd", "-C", cf]);
    expect(taken.code).toBe(69);
    expect(taken.err).toMatch(/process \d+ is using it/);
  });
});
