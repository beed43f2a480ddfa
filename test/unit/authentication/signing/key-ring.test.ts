/** Keys and tables that are read again: what is broken stays what it was, and is told of. */
import { chmodSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { keyFilesWith } from "../../../../src/authentication/signing/key-files.ts";
import { KeyRing } from "../../../../src/authentication/signing/key-ring.ts";
import { signingSettings } from "../../../../src/authentication/signing/settings.ts";
import { LastGood } from "../../../../src/sys/last-good.ts";
import { testOptions } from "../../../support/delivery-job.ts";
import { layDownKeys } from "../../../support/signed-mail.ts";

const NOW = Date.parse("2026-12-01T00:00:00Z");

let folder = "";
let lastGood: LastGood;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "key-ring-"));
  lastGood = new LastGood();
  layDownKeys(at("keys"), { "a.test/k": "ed25519", "b.test/k": "ed25519" });
  writeFileSync(at("keys/a.test/selectors"), "k 2026-01-01 -\n");
  writeFileSync(at("KeyTable"), `named t.test:s:${at("keys/b.test/k.private")}\n`);
  writeFileSync(at("SigningTable"), "*@t.test named\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

function at(name: string): string {
  return join(folder, name);
}

/** As a reload opens it. */
function ring(known = lastGood): KeyRing {
  const options = {
    DKIMKeys: at("keys"),
    DKIMKeyTable: at("KeyTable"),
    DKIMSigningTable: `refile:${at("SigningTable")}`,
  };
  return new KeyRing(signingSettings(testOptions(options))!, keyFilesWith(new Set(), undefined, known));
}

const KEY = "keys/a.test/k.private";

test.each<[name: string, spoil: () => void, address: string, told: RegExp]>([
  ["a key that others may read", () => chmodSync(at(KEY), 0o644), "joe@a.test", /k\.private: World readable file/],
  ["a key cut short", () => writeFileSync(at(KEY), "-----BEGIN"), "joe@a.test", /k\.private: no private key/],
  ["an empty key", () => writeFileSync(at(KEY), ""), "joe@a.test", /k\.private: no private key/],
  ["dates", () => writeFileSync(at("keys/a.test/selectors"), "k soon\n"), "joe@a.test", /selectors:1:3: "soon"/],
  ["a key that a table names", () => unlinkSync(at("keys/b.test/k.private")), "joe@t.test", /No such file/],
  [
    "a table of keys",
    () => writeFileSync(at("KeyTable"), "named\n"),
    "joe@t.test",
    /KeyTable:1:1: "named" stands alone/,
  ],
  ["a table of addresses", () => writeFileSync(at("SigningTable"), "x\n"), "joe@t.test", /SigningTable:1:1: "x"/],
])("%s", (_, spoil, address, told) => {
  expect(ring().problems()).toEqual([]);
  expect(ring().keysFor(address, NOW)).toMatchObject({ kind: "keys", problems: [] });
  spoil();
  const again = ring();
  expect(again.problems().join("\n")).toMatch(new RegExp(`${told.source}.*: what was there before stays in use$`, "m"));
  const choice = again.keysFor(address, NOW);
  expect(choice.kind).toBe("keys");
  expect(choice.kind === "keys" && choice.problems.join("\n")).toMatch(told);
  // A server that is started now has nothing to go on with.
  expect(ring(new LastGood()).keysFor(address, NOW).kind).toBe("failed");
});

test("a key that was taken out of its folder signs no more", () => {
  expect(ring().keysFor("joe@a.test", NOW).kind).toBe("keys");
  unlinkSync(at(KEY));
  expect(ring().keysFor("joe@a.test", NOW)).toMatchObject({
    kind: "failed",
    reason: expect.stringContaining("no key"),
  });
});

function keysOf(): readonly (string | undefined)[] {
  const choice = ring().keysFor("joe@a.test", NOW);
  return choice.kind === "keys" ? choice.keys.map(({ key }) => key.asymmetricKeyType) : [choice.kind];
}

test("one that is good again is the one that counts", () => {
  expect(keysOf()).toEqual(["ed25519"]);
  writeFileSync(at(KEY), "broken");
  expect(keysOf()).toEqual(["ed25519"]);
  layDownKeys(at("keys"), { "a.test/k": "rsa" });
  expect(keysOf()).toEqual(["rsa"]);
});
