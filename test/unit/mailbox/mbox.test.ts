/** What a delivery into a file does when something is in its way. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { appendToFile } from "../../../src/mailbox/file.ts";
import { deliverToMbox } from "../../../src/mailbox/mbox.ts";
import { deliverToMmdf } from "../../../src/mailbox/mmdf.ts";
import type { FileLocks, FileTask, Octets } from "../../../src/rights/task.ts";
import { octets, tools } from "../../support/mailbox-tools.ts";

const MESSAGE = "From joe@a.test Fri Nov 20 19:00:00 2026\nSubject: x\n\nbody\n\n";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mbox-"));
  path = join(folder, "ann");
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (): string => readFileSync(path, "latin1");

function breaksOff(): Octets {
  return {
    size: 100,
    *chunks() {
      yield Buffer.from("new".repeat(200_000));
      throw new Error("no more");
    },
  };
}

const each: readonly (readonly [string, FileTask])[] = [
  ["mbox", deliverToMbox],
  ["mmdf", deliverToMmdf],
  ["file", appendToFile],
];

describe.each(each)("%s", (_name, deliver) => {
  test("a message that could not be written leaves no trace", () => {
    writeFileSync(path, "old\n");
    const result = deliver({ path }, breaksOff(), tools());
    expect(result).toMatchObject({ kind: "later", text: expect.stringContaining("no more") });
    expect(read()).toBe("old\n");
    expect(readdirSync(folder)).toEqual(["ann"]);
  });

  test("a lock of a living program is waited for, somewhere else", () => {
    writeFileSync(`${path}.lock`, String(process.pid));
    expect(deliver({ path }, octets(MESSAGE), tools())).toEqual({
      kind: "busy",
      text: `${path}: mailbox is locked by another program`,
    });
    expect(readdirSync(folder).toSorted()).toEqual(["ann", "ann.lock"]);
  });

  test("so is an fcntl lock, and nothing is written under it", () => {
    const held: FileLocks = { lock: () => "busy", unlock: () => undefined };
    expect(deliver({ path }, octets(MESSAGE), tools(held)).kind).toBe("busy");
    expect(read()).toBe("");
  });

  test("the fcntl lock covers the time of the dot lock, and both are given back", () => {
    const seen: string[] = [];
    const locks: FileLocks = {
      lock: () => (seen.push(`lock ${existsSync(`${path}.lock`)} ${read().length}`), "locked"),
      unlock: () => void seen.push(`unlock ${existsSync(`${path}.lock`)} ${read().length > 0}`),
    };
    expect(deliver({ path }, octets(MESSAGE), tools(locks)).kind).toBe("done");
    expect(seen).toEqual(["lock false 0", "unlock true true"]);
    expect(readdirSync(folder)).toEqual(["ann"]);
  });
});

describe("a lock file that nobody removes", () => {
  const old = new Date(Date.now() - 600_000);
  // No process has this id: it is above the largest possible one.
  test.each([
    ["without a process, old", "4194305\n", true, "done"],
    ["without a process, new: it may be another machine's", "4194305\n", false, "busy"],
    ["empty, as procmail makes it, old", "0", true, "done"],
    ["of a living process, old", `${process.pid}\n`, true, "busy"],
    ["of ours on another machine, new", "4194305\nrulemail 1-2-3 4 5\n", false, "busy"],
  ])("%s", (_what, text, isOld, kind) => {
    writeFileSync(`${path}.lock`, text);
    if (isOld) utimesSync(`${path}.lock`, old, old);
    expect(deliverToMbox({ path }, octets(MESSAGE), tools()).kind).toBe(kind);
    expect(existsSync(`${path}.lock`)).toBe(kind === "busy");
  });

  test("is no file at all", () => {
    mkdirSync(`${path}.lock`);
    utimesSync(`${path}.lock`, old, old);
    expect(deliverToMbox({ path }, octets(MESSAGE), tools()).kind).toBe("busy");
    rmSync(`${path}.lock`, { recursive: true });
    writeFileSync(join(folder, "other"), "4194305\n");
    symlinkSync(join(folder, "other"), `${path}.lock`);
    expect(deliverToMbox({ path }, octets(MESSAGE), tools()).kind).toBe("busy");
  });
});

test.each([
  ["", ""],
  ["old\n\n", ""],
  ["old\n", "\n"],
  ["old", "\n\n"],
])("after %j a message begins after an empty line", (before, added) => {
  writeFileSync(path, before);
  deliverToMbox({ path }, octets(MESSAGE), tools());
  expect(read()).toBe(before + added + MESSAGE);
});

test("a mailbox that somebody has replaced while we waited is not written to", () => {
  const locks: FileLocks = {
    lock() {
      if (read() === "old\n\n") {
        rmSync(path);
        writeFileSync(path, "new\n\n");
      }
      return "locked";
    },
    unlock: () => undefined,
  };
  writeFileSync(path, "old\n\n");
  expect(deliverToMbox({ path }, octets(MESSAGE), tools(locks)).kind).toBe("done");
  expect(read()).toBe(`new\n\n${MESSAGE}`);
});

test("without any lock a mailbox is left alone, a plain file is not", () => {
  if (process.getuid?.() === 0) return;
  writeFileSync(path, "");
  chmodSync(folder, 0o555);
  expect(deliverToMbox({ path }, octets(MESSAGE), tools())).toMatchObject({
    kind: "later",
    text: expect.stringContaining("cannot lock"),
  });
  expect(appendToFile({ path }, octets(MESSAGE), tools()).kind).toBe("done");
  chmodSync(folder, 0o755);
});

test("a new mailbox is its owner's alone", () => {
  deliverToMbox({ path }, octets(MESSAGE), tools());
  expect(statSync(path).mode & 0o7777).toBe(0o600);
});

const LINE = "\x01\x01\x01\x01\n";
const stored = (...chunks: string[]): string => {
  const parts = chunks.map((chunk) => Buffer.from(chunk, "latin1"));
  deliverToMmdf({ path }, { size: chunks.join("").length, chunks: () => parts }, tools());
  return read();
};

describe("MMDF", () => {
  test("a message stands between two separators", () => {
    expect(stored("a\n")).toBe(`${LINE}a\n${LINE}`);
    expect(stored("b\n")).toBe(`${LINE}a\n${LINE}${LINE}b\n${LINE}`);
  });

  test.each(["old\n", "old", `${LINE}old\n`])("after %j somebody's message is ended first", (before) => {
    writeFileSync(path, before);
    expect(stored("b\n")).toBe(`${before.endsWith("\n") ? before : `${before}\n`}${LINE}${LINE}b\n${LINE}`);
  });

  /** One long text and every way to cut it in two, three. */
  test("a separator inside a message is none, however the message is cut", () => {
    const text = `${LINE}${LINE}a\n${LINE}x${LINE}\x01\x01\n\x01${LINE}\x01\x01\x01\x01`;
    const wanted = `${LINE}>${LINE}>${LINE}a\n>${LINE}x${LINE}\x01\x01\n\x01${LINE}>\x01\x01\x01\x01\n${LINE}`;
    for (let first = 0; first <= text.length; first++) {
      for (let second = first; second <= text.length; second++) {
        rmSync(path, { force: true });
        const cut = [text.slice(0, first), text.slice(first, second), text.slice(second)];
        expect([first, second, stored(...cut)]).toEqual([first, second, wanted]);
      }
    }
  });

  test("a last line without an end gets one", () => {
    expect(stored("a")).toBe(`${LINE}a\n${LINE}`);
  });
});
