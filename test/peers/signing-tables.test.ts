/** The tables of a site that has opendkim: the same keys sign for the same addresses here as there. */
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
import { peerDescribe } from "../support/peers.ts";
import * as filters from "../support/real-filters.ts";
import { layDownKeys } from "../support/signed-mail.ts";

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

/** d= and s= of the signature that opendkim puts in front; "" for none. */
async function byOpendkim(socket: string, address: string): Promise<string> {
  const file = join(folder, "message");
  writeFileSync(
    file,
    `From: Somebody <${address}>\r\nSubject: x\r\nDate: Mon, 30 Nov 2026 19:11:01 +0000\r\n\r\nhello\r\n`,
  );
  const words = ["test", "--json", "--client", "localhost [127.0.0.1]", "--to", "x@y.example", socket, file];
  const { output, errors } = await runCommand(runMilterCommand, words);
  expect(errors).toBe("");
  const { message } = JSON.parse(output) as { message: { fields: { name: string; value: string }[] } };
  const signature = message.fields.find(({ name }) => name === "DKIM-Signature")?.value ?? "";
  const [, d] = /\bd=([^;\s]+)/.exec(signature) ?? [];
  const [, s] = /\bs=([^;\s]+)/.exec(signature) ?? [];
  return d === undefined ? "" : `${d} ${s}`;
}

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
