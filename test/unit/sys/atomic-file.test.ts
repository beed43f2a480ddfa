import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { AtomicFile } from "../../../src/sys/atomic-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "atomic-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("nothing is to be seen before commit, everything after it", () => {
  const path = join(folder, "f");
  writeFileSync(path, "old");
  const file = new AtomicFile(path);
  file.write(Buffer.from("0123"));
  file.write(Buffer.alloc(600_000, "x"));
  file.write(Buffer.from("end"));
  file.overwrite(Buffer.from("ab"), 1);
  expect(readFileSync(path, "latin1")).toBe("old");
  file.commit();
  expect(readFileSync(path, "latin1")).toBe(`0ab3${"x".repeat(600_000)}end`);
  expect(readdirSync(folder)).toEqual(["f"]);
});

test("the mode of the file that is replaced stays", () => {
  const path = join(folder, "f");
  writeFileSync(path, "old");
  chmodSync(path, 0o604);
  const file = new AtomicFile(path, 0o600);
  file.write(Buffer.from("new"));
  file.commit();
  expect(statSync(path).mode & 0o777).toBe(0o604);
});

test("abort leaves no trace", () => {
  const file = new AtomicFile(join(folder, "f"));
  file.write(Buffer.from("x"));
  file.abort();
  expect(readdirSync(folder)).toEqual([]);
});
