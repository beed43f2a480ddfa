/** A folder of keys: which key signs when, and what is wrong with files. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { keyFilesWith } from "../../../../src/authentication/signing/key-files.ts";
import { folderDomains, readDomainKeys, signingAt } from "../../../../src/authentication/signing/key-folder.ts";
import { formatSelectorDates, parseSelectorDates } from "../../../../src/authentication/signing/selector-dates.ts";
import { layDownKeys } from "../../../support/signed-mail.ts";

const files = keyFilesWith(new Set());
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "key-folder-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const DAY = 86_400_000;
const DECEMBER = Date.parse("2026-12-01T00:00:00Z");

function signers(now: number, only: readonly string[] = []): readonly string[] {
  const keys = readDomainKeys(files, join(folder, "example.com"), "example.com");
  return signingAt(keys, now, new Set(only)).map(({ selector }) => selector);
}

function dates(text: string): void {
  writeFileSync(join(folder, "example.com", "selectors"), text);
}

describe("which key of a domain signs", () => {
  beforeEach(() => {
    layDownKeys(folder, {
      "example.com/a": "rsa",
      "example.com/b": "rsa",
      "example.com/e": "ed25519",
    });
  });
  test("without dates: of each algorithm the last by name", () => {
    expect(signers(DECEMBER)).toEqual(["b", "e"]);
    expect(signers(DECEMBER, ["a", "e"])).toEqual(["a", "e"]);
  });

  test("a new one from its date on, while the old one's record stays", () => {
    dates("a - 2026-12-08\nb 2026-12-03T12:00:00Z -\n");
    expect(signers(DECEMBER)).toEqual(["a", "e"]);
    expect(signers(DECEMBER + 2.5 * DAY - 1)).toEqual(["a", "e"]);
    expect(signers(DECEMBER + 2.5 * DAY)).toEqual(["b", "e"]);
    expect(signers(DECEMBER + 30 * DAY)).toEqual(["b", "e"]);
  });

  test("none whose record may be gone", () => {
    dates("a - 2026-12-01\nb - 2026-12-01\ne - 2026-12-02\n");
    expect(signers(DECEMBER)).toEqual(["e"]);
    expect(signers(DECEMBER + DAY)).toEqual([]);
  });
});

test("names of folders are domains, in the form that DNS knows", () => {
  for (const name of ["Example.COM", "b\u00fccher.example", "no domain", ".hidden"]) mkdirSync(join(folder, name));
  expect([...folderDomains(files, folder).keys()].toSorted()).toEqual(["example.com", "xn--bcher-kva.example"]);
  expect(folderDomains(files, join(folder, "absent")).size).toBe(0);
});

test.each([
  ["nonsense", "nonsense\n", 0o600, /bad\.private: no private key in PEM without a passphrase$/],
  ["readable by all", undefined, 0o644, /bad\.private: World readable file/],
  ["of a group", undefined, 0o640, /bad\.private: Group readable file .*GroupReadableKeyFile would allow it/],
])("a key that is %s stands there with the reason", (_name, text, mode, problem) => {
  layDownKeys(folder, { "example.com/bad": "ed25519" });
  const path = join(folder, "example.com", "bad.private");
  if (text !== undefined) writeFileSync(path, text);
  chmodSync(path, mode);
  const { keys } = readDomainKeys(files, join(folder, "example.com"), "example.com");
  expect(keys.map((key) => key.problem)).toEqual([expect.stringMatching(problem)]);
});

test("dates are written as they are read", () => {
  const text = [
    "# selector  signs from            record until",
    "a           -                     2026-12-08T00:00:00Z",
    "b           2026-12-01T00:00:00Z  -",
    "",
  ].join("\n");
  expect(formatSelectorDates(parseSelectorDates(text, "f"))).toBe(text);
});

test.each([
  ["a 2026-13-01", /^f:1:3: "2026-13-01" is no date/],
  ["\n  a b", /^f:2:5: "b" is no date/],
  ["../x", /^f:1:1: "\.\.\/x" is no selector/],
  ["a - - more", /^f:1:7: "more" is one word too many/],
])("dates with an error: %j", (text, problem) => {
  expect(() => parseSelectorDates(text, "f")).toThrow(problem);
});
