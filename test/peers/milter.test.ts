/** Mail goes through real filters of a running server: each does its part, and the message arrives as the last one left it. */
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { dkimVerifies } from "../support/dkim.ts";
import { startDnsServer } from "../support/dns-server.ts";
import type { HopOutcome } from "../support/filter-hops.ts";
import { runInside } from "../support/foreign-programs.ts";
import { MailServer } from "../support/mail-server.ts";
import { peerDescribe } from "../support/peers.ts";
import {
  type RealFilter,
  startDmarc,
  startScript,
  startSigner,
  startSpamFilter,
  startVirusScanner,
  VIRUS_TEXT,
} from "../support/real-filters.ts";
import { SmtpDialogue, until } from "../support/smtp-dialogue.ts";

const running: { stop(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of running.splice(0).toReversed()) await each.stop();
});

async function started<T extends { stop(): Promise<unknown> }>(there: Promise<T>): Promise<T> {
  const each = await there;
  running.push(each);
  return each;
}

const ZONE = Object.fromEntries(["x.example", "y.example", "z.example"].map((name) => [name, ["A 127.0.0.9"]]));

/** A server that asks these filters in order. */
async function serverWith(filters: Readonly<Record<string, RealFilter>>): Promise<MailServer> {
  const lines = Object.entries(filters).map(
    ([name, { socket }]) => `INPUT_MAIL_FILTER(\`${name}', \`S=${socket}, F=T, T=C:20s;S:20s;R:30s;E:60s')dnl`,
  );
  const mc = [...lines, "FEATURE(`nocanonify')dnl", "define(`confLOG_LEVEL', `11')dnl"].join("\n");
  const dns = await startDnsServer(ZONE);
  running.push({ stop: () => dns.close() });
  const server = await MailServer.start({ mc, machine: dns.machine() });
  running.push({ stop: () => server.remove() });
  return server;
}

/** One message; the replies to RCPT and to the end of data. */
async function send(server: MailServer, text: string): Promise<readonly string[]> {
  const client = await SmtpDialogue.open(server.port);
  try {
    await client.reply();
    await client.script("EHLO mx.x.example", "MAIL FROM:<joe@x.example>");
    const rcpt = await client.ask("RCPT TO:<alice@mail.example.test>");
    if (!rcpt.startsWith("250")) return [rcpt];
    await client.ask("DATA");
    const end = await client.ask(`${text.replaceAll("\n", "\r\n")}.`);
    await client.ask("QUIT");
    return [rcpt, end];
  } finally {
    client.destroy();
  }
}

const MESSAGE = `From: Joe <joe@x.example>
To: alice@mail.example.test
Subject: hello
X-Fold: one
\ttwo
Message-Id: <1@x.example>
Date: Mon, 30 Nov 2026 19:11:01 +0000

line one

line  three
`;

peerDescribe("mail through filters", ["opendkim", "opendmarc", "clamd", "clamav-milter", "rspamd", "pymilter"], () => {
  test("is greylisted, scanned, judged and signed, and arrives with a signature that verifies", async () => {
    const [scanner, greylist, spam, dmarc, signer] = await Promise.all([
      started(startVirusScanner()),
      started(startScript("greylist.py")),
      started(startSpamFilter()),
      started(startDmarc()),
      started(startSigner("x.example")),
    ]);
    const server = await serverWith({ clamav: scanner, greylist, rspamd: spam, opendmarc: dmarc, opendkim: signer });
    expect(await send(server, MESSAGE)).toEqual(["451 4.7.1 Greylisted, come again"]);
    const [rcpt, end] = await send(server, MESSAGE);
    expect([rcpt, end]).toEqual([
      "250 2.1.5 <alice@mail.example.test>... Recipient ok",
      expect.stringMatching(/^250 2\.0\.0 \S+ Message accepted for delivery$/),
    ]);
    await until(() => server.mailbox("alice").length === 1);
    const [message] = server.mailbox("alice");
    expect(message).toMatch(/^X-Virus-Status: Clean\r?$/m);
    expect(message).toMatch(/^Authentication-Results: mx\.y\.example; dmarc=/m);
    expect(message).toMatch(/^X-Fold: one\r?\n\ttwo\r?$/m);
    expect(dkimVerifies(message, signer.publicKey)).toBe(true);
    expect(dkimVerifies(message.replace("line one", "line two"), signer.publicKey)).toBe(false);
    expect((await send(server, `${MESSAGE}${VIRUS_TEXT}\n`))[1]).toMatch(/^550 5\.\d\.\d Virus Rulemail\.Test/);
    expect((await send(server, MESSAGE.replace("hello", "casino")))[1]).toMatch(/^554 5\.7\.1 /);
    const signed = /Milter \(opendkim\) insert \(\d\): header: DKIM-Signature: /;
    const greylisted = /Milter: to=<alice@mail\.example\.test>, reject=451 4\.7\.1 Greylisted, come again/;
    await until(() => signed.test(server.log()) && greylisted.test(server.log()));
  }, 120_000);
});

peerDescribe("a filter made with pymilter", ["pymilter"], () => {
  test("that does all there is: the message waits in quarantine as it was changed", async () => {
    const server = await serverWith({ all: await started(startScript("every_action.py")) });
    const client = await SmtpDialogue.open(server.port);
    await client.reply();
    await client.script("EHLO mx.x.example", "MAIL FROM:<joe@x.example>", "RCPT TO:<alice@mail.example.test>");
    expect(await client.ask("RCPT TO:<refused@y.example>")).toBe(
      "550-5.7.1 <refused@y.example>... not this one\n550 5.7.1 100% sure",
    );
    await client.script("RCPT TO:<bob@mail.example.test>", "DATA");
    const text = MESSAGE.replace("X-Fold", "X-Gone: a\nX-Fold").replaceAll("\n", "\r\n");
    const end = await client.ask(`${text}.`);
    client.destroy();
    const [, id] = /^250 2\.0\.0 (\S+) Message accepted/.exec(end) ?? [];
    const shown = (await server.run("rulemail", ["queue", "show", id])).out;
    expect(shown).toContain("sender        <other@x.example>");
    for (const recipient of ["alice@mail.example.test", "added@z.example", "quiet@z.example"]) {
      expect(shown).toContain(`<${recipient}>`);
    }
    expect(shown).toMatch(/^X-First: yes$/m);
    expect(shown).toMatch(/^X-Added: one\n\ttwo$/m);
    expect(shown).toMatch(/^Subject: changed$/m);
    expect(shown).not.toMatch(/^X-Gone/m);
    expect(shown.match(/^a new line$/gm)?.length).toBe(20_000);
    expect((await server.run("mailq", ["-qQ"])).out).toContain("QUARANTINE: looks odd");
  }, 60_000);
});

peerDescribe("what scripted filters say", ["sendmail", "root"], () => {
  test("makes the same message, replies and further questions of a genuine sendmail and of us", () => {
    const program = join(import.meta.dirname, "..", "support", "filter-hops.ts");
    const [genuine, ours] = [false, true].map((isOurs) => {
      const script = `mkdir -p /mnt/home; RULEMAIL_HOME=/mnt/home exec ${process.execPath} --no-warnings ${program}`;
      const { status, stdout, stderr } = runInside("shell", script, isOurs);
      if (status !== 0) throw new Error(stderr);
      return JSON.parse(stdout) as HopOutcome[];
    });
    expect(ours).toEqual(genuine);
    expect(genuine.filter(({ arrived }) => arrived.length === 1).length).toBeGreaterThan(8);
  }, 120_000);
});
