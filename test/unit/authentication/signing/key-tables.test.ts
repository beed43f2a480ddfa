/** opendkim's tables: which lines fit an address, in its order of look-ups, and what keys they name. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { keyFilesWith } from "../../../../src/authentication/signing/key-files.ts";
import { KeyRing } from "../../../../src/authentication/signing/key-ring.ts";
import { readKeyTable, readSigningTable } from "../../../../src/authentication/signing/key-tables.ts";
import { signingSettings } from "../../../../src/authentication/signing/settings.ts";
import { testOptions } from "../../../support/delivery-job.ts";
import { layDownKeys } from "../../../support/signed-mail.ts";

const files = keyFilesWith(new Set());
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "key-tables-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function table(text: string, kind = ""): string {
  writeFileSync(join(folder, "table"), text);
  return `${kind}${join(folder, "table")}`;
}

describe("a signing table by look-ups", () => {
  const text = "joe@a.test k1\na.test k2\nann@.test k3\n.test k4\nroot@* k5\n* k6,k7 # all others\n";
  test.each([
    ["joe@a.test", ["k1"]],
    ["JOE@A.test", ["k1"]],
    ["ann@a.test", ["k2"]],
    ["ann@b.test", ["k3"]],
    ["eve@x.y.test", ["k4"]],
    ["root@b.org", ["k5"]],
    ["eve@b.org", ["k6", "k7"]],
  ])("%s", (address, names) => {
    expect(readSigningTable(files, table(text)).find(address)).toEqual(names);
  });
});

describe("a signing table of patterns", () => {
  const text = "joe@*.a.test k1\n*@*.a.test k2\n*@a.test k3\n*@a.test k4\n*+*@b.test k5\n";
  test.each([
    ["joe@x.a.test", ["k1"]],
    ["ann@x.a.test", ["k2"]],
    ["joe@a.test", ["k3", "k4"]],
    ["a+b@b.test", ["k5"]],
    ["a@b.test", []],
    ["@a.test", ["k3", "k4"]],
  ])("%s", (address, names) => {
    expect(readSigningTable(files, table(text, "refile:")).find(address)).toEqual(names);
  });
});

test.each([
  ["alone\n", /table:1:1: "alone" stands alone/],
  ["\nk a.test:sel:relative/key\n", /table:2:1: "a\.test:sel:relative\/key" names no key/],
])("a key table with an error: %j", (text, problem) => {
  expect(() => readKeyTable(files, table(text))).toThrow(problem);
});

test("the tables' keys count before those of the folder; % is the domain of the sender", () => {
  const keys = join(folder, "keys");
  layDownKeys(keys, { "a.test/t": "rsa", "b.test/t": "ed25519", "c.test/own": "ed25519" });
  writeFileSync(join(folder, "keytable"), `any %:t:${keys}/%/t.private\ngone a.test:x:${keys}/absent\n`);
  const options = {
    DKIMKeys: keys,
    DKIMKeyTable: join(folder, "keytable"),
    DKIMSigningTable: table("*@a.test any\n*@b.test any\n*@x.test gone,nobody\n", "refile:"),
  };
  const ring = new KeyRing(signingSettings(testOptions(options))!, files);
  const chosen = (address: string) => {
    const choice = ring.keysFor(address, 0);
    return choice.kind === "keys" ? choice.keys.map((key) => `${key.domain} ${key.selector}`) : choice;
  };
  expect(chosen("joe@a.test")).toEqual(["a.test t"]);
  expect(chosen("joe@b.test")).toEqual(["b.test t"]);
  expect(chosen("joe@c.test")).toEqual(["c.test own"]);
  expect(chosen("joe@x.test")).toMatchObject({ kind: "failed", reason: expect.stringContaining("absent") });
  expect(chosen("joe@d.test")).toEqual({ kind: "none" });
  expect(ring.problems()).toEqual([
    "DKIMSigningTable names the key nobody, which is not in DKIMKeyTable",
    expect.stringContaining("keys/absent: No such file"),
  ]);
});
