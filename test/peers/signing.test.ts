/** Our signing beside opendkim: it verifies what a whole server sends, and its tables mean the same to both. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { keyFilesWith } from "../../src/authentication/signing/key-files.ts";
import { KeyRing } from "../../src/authentication/signing/key-ring.ts";
import { signingSettings } from "../../src/authentication/signing/settings.ts";
import { runMilterCommand } from "../../src/cli/milter/command.ts";
import { runCommand } from "../support/command.ts";
import { testOptions } from "../support/delivery-job.ts";
import { startDnsServer } from "../support/dns-server.ts";
import { MailServer } from "../support/mail-server.ts";
import { peerDescribe } from "../support/peers.ts";
import * as filters from "../support/real-filters.ts";
import { layDownKeys } from "../support/signed-mail.ts";
import { SmtpSink } from "../support/smtp-sink.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "signing-tables-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TABLES = {
  file: [
    "joe@a.test         exact",
    "a.test             domain",
    "ann@.test          below",
    ".b.test            parent",
    "root@*             user",
    "*                  rest",
  ],
  refile: ["joe@*.a.test      exact", "*@*.a.test  domain", "*@b.test  parent", "root@*  user"],
} as const;

const ADDRESSES = [
  "joe@a.test",
  "ann@a.test",
  "ann@c.test",
  "joe@x.b.test",
  "joe@b.test",
  "root@z.example",
  "eve@z.example",
  "joe@x.a.test",
  "JOE@X.A.Test",
  "eve@y.x.a.test",
];

/** The fields of a message as it leaves a filter. */
async function filtered(socket: string, message: string): Promise<readonly { name: string; value: string }[]> {
  const file = join(folder, "message");
  writeFileSync(file, message, "latin1");
  const words = ["test", "--json", "--client", "localhost [127.0.0.1]", "--to", "x@y.example", socket, file];
  const { output, errors } = await runCommand(runMilterCommand, words);
  expect(errors).toBe("");
  return (JSON.parse(output) as { message: { fields: { name: string; value: string }[] } }).message.fields;
}

/** d= and s= of the signature that opendkim puts in front; "" for none. */
async function byOpendkim(socket: string, address: string): Promise<string> {
  const date = "Mon, 30 Nov 2026 19:11:01 +0000";
  const text = `From: Somebody <${address}>\r\nSubject: x\r\nDate: ${date}\r\n\r\nhello\r\n`;
  const fields = await filtered(socket, text);
  const signature = fields.find(({ name }) => name === "DKIM-Signature")?.value ?? "";
  const [, d] = /\bd=([^;\s]+)/.exec(signature) ?? [];
  const [, s] = /\bs=([^;\s]+)/.exec(signature) ?? [];
  return d === undefined ? "" : `${d} ${s}`;
}

peerDescribe("mail of a whole server", ["opendkim"], () => {
  test("opendkim verifies both signatures, and notices a change", async () => {
    const keys = join(folder, "server-keys");
    const records = layDownKeys(keys, { "brand.test/r": "rsa", "brand.test/e": "ed25519" });
    const sink = await SmtpSink.start({ host: "127.0.0.4", extensions: [] });
    const dns = await startDnsServer({ "far.test": ["A 127.0.0.4"], "brand.test": ["A 127.0.0.4"] });
    const ports = ["SMTP", "ESMTP", "RELAY"].map((name) => `define(\`${name}_MAILER_ARGS', \`TCP $h ${sink.port}')dnl`);
    const mc = [...ports, `FEATURE(\`dkim_sign', \`${keys}')`, "MASQUERADE_AS(`brand.test')"].join("\n");
    const server = await MailServer.start({ mc, machine: dns.machine() });
    const verifier = await filters.startVerifier(records);
    try {
      const mime = "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n";
      const message = `From: Alice <alice@mail.example.test>\nTo: x@far.test\n${mime}Subject: hello\n\nh\xc3\xa9llo\n.dot\n\n`;
      await server.run("sendmail", ["-i", "-f", "alice", "x@far.test"], message);
      await sink.received(1);
      const { data } = sink.messages[0];
      const results = async (text: string) => {
        const fields = await filtered(verifier.socket, text);
        return fields.find(({ name }) => name === "Authentication-Results")?.value.match(/dkim=\w+/g);
      };
      expect(await results(data)).toEqual(["dkim=pass", "dkim=pass"]);
      expect(await results(data.replace("Subject: hello", "Subject: hullo"))).not.toContain("dkim=pass");
    } finally {
      await verifier.stop();
      await server.remove();
      await dns.close();
      await sink.close();
    }
  });
});

peerDescribe("opendkim's tables", ["opendkim"], () => {
  describe.each(["file", "refile"] as const)("%s", (kind) => {
    test("the same key for each address", async () => {
      layDownKeys(join(folder, "keys"), { "example.test/key": "rsa" });
      const key = join(folder, "keys", "example.test", "key.private");
      const names = ["exact", "domain", "below", "parent", "user", "rest"];
      const keyTable = join(folder, `keytable-${kind}`);
      const rows = names.map((name) => `${name}  ${name === "rest" ? "%" : `${name}.test`}:s-${name}:${key}\n`);
      writeFileSync(keyTable, rows.join(""));
      const signing = join(folder, `signing-${kind}`);
      writeFileSync(signing, TABLES[kind].map((line) => `${line}\n`).join(""));
      const signingTable = `${kind}:${signing}`;
      const options = { DKIMKeyTable: keyTable, DKIMSigningTable: signingTable };
      const ring = new KeyRing(signingSettings(testOptions(options))!, keyFilesWith(new Set()));
      const ours = ADDRESSES.map((address) => {
        const choice = ring.keysFor(address, 0);
        return choice.kind === "keys" ? choice.keys.map((each) => `${each.domain} ${each.selector}`).join() : "";
      });
      const filter = await filters.startOpendkim(
        () => `Mode s\nKeyTable file:${keyTable}\nSigningTable ${signingTable}\nInternalHosts 127.0.0.1\n`,
      );
      try {
        const theirs: string[] = [];
        for (const address of ADDRESSES) theirs.push(await byOpendkim(filter.socket, address));
        const table = (found: readonly string[]) => ADDRESSES.map((address, at) => `${address}: ${found[at]}`);
        expect(table(ours)).toEqual(table(theirs));
        expect(theirs.filter((each) => each !== "").length).toBeGreaterThan(3);
      } finally {
        await filter.stop();
      }
    });
  });
});
