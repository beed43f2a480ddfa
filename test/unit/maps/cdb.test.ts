import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { cdbHash, CdbReader, DamagedDatabaseError } from "../../../src/maps/cdb.ts";
import { CdbWriter } from "../../../src/maps/cdb-writer.ts";
import { AtomicFile } from "../../../src/sys/atomic-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cdb-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function build(entries: Iterable<readonly [string, string]>): string {
  const path = join(folder, "x.cdb");
  const file = new AtomicFile(path);
  const writer = new CdbWriter(file);
  for (const [key, value] of entries) writer.add(key, value);
  writer.finish();
  file.commit();
  return path;
}

/** Once with the file in memory, once reading it in place. */
function withReader(path: string, action: (reader: CdbReader) => void): void {
  for (const inMemory of [1e9, 0]) {
    const reader = new CdbReader(openSync(path, "r"), inMemory);
    try {
      action(reader);
    } finally {
      reader.close();
    }
  }
}

test("the hash is that of the format", () => {
  expect(cdbHash("")).toBe(5381);
  expect(cdbHash("\xff".repeat(50))).toBeGreaterThanOrEqual(0);
});

test("the smallest database has the octets of the specification", () => {
  const octets = readFileSync(build([["one", "Hello"]]));
  expect(octets.length).toBe(2048 + 8 + 3 + 5 + 16);
  expect(octets.subarray(2048, 2064)).toEqual(Buffer.from("\x03\0\0\0\x05\0\0\0oneHello", "latin1"));
  const head = (cdbHash("one") & 255) * 8;
  expect(octets.readUInt32LE(head)).toBe(2064);
  expect(octets.readUInt32LE(head + 4)).toBe(2);
});

test("an empty database finds nothing", () => {
  withReader(build([]), (reader) => {
    expect(reader.get("x")).toBeUndefined();
    expect([...reader.entries()]).toEqual([]);
  });
});

test("every one of 5000 keys is found, in order, and others are not", () => {
  const entries = Array.from({ length: 5000 }, (_, i) => [`key${i}@h\xe9.test`, "v".repeat(i % 40) + i] as const);
  withReader(build(entries), (reader) => {
    for (const [key, value] of entries) expect(reader.get(key)).toBe(value);
    for (let i = 0; i < 1000; i++) expect(reader.get(`no${i}`)).toBeUndefined();
    expect([...reader.entries()]).toEqual(entries);
  });
});

test("a key may have several values", () => {
  const path = build([
    ["k", "1"],
    ["j", "x"],
    ["k", "2"],
    ["", "empty key"],
  ]);
  withReader(path, (reader) => {
    expect([...reader.entries()].filter(([key]) => key === "k").map(([, value]) => value)).toEqual(["1", "2"]);
    expect(reader.get("k")).toBe("1");
    expect(reader.get("")).toBe("empty key");
  });
});

test("a file that is cut off or overwritten is damaged, or gives no wrong length: it never hangs or reads outside", () => {
  const good = readFileSync(build(Array.from({ length: 60 }, (_, i) => [`k${i}`, `v${i}`] as const)));
  const path = join(folder, "bad.cdb");
  // A small generator of its own keeps the test the same every time.
  let seed = 42;
  const random = (limit: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % limit;
  for (let round = 0; round < 400; round++) {
    const bad = Buffer.from(good.subarray(0, round % 3 === 0 ? random(good.length) : good.length));
    for (let i = 0; i < 8 && bad.length > 0; i++) bad.writeUInt8(random(256), random(bad.length));
    writeFileSync(path, bad);
    const fd = openSync(path, "r");
    try {
      const reader = new CdbReader(fd, round % 2 === 0 ? 1e9 : 0);
      for (let i = 0; i < 60; i++) reader.get(`k${i}`);
      for (const entry of reader.entries()) expect(entry).toHaveLength(2);
    } catch (error) {
      expect(error).toBeInstanceOf(DamagedDatabaseError);
    } finally {
      closeSync(fd);
    }
  }
});
