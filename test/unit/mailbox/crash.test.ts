/**
 * A mailbox survives whoever is killed while he writes to it: nothing of the message that was not finished stays, and
 * nothing of others gets lost. With fcntl locks that holds before the lock is free, with dot locks alone after the next
 * delivery.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chownSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { FcntlLocks } from "../../../src/mailbox/fcntl-lock.ts";
import { deliverToMbox } from "../../../src/mailbox/mbox.ts";
import { deliverToMmdf } from "../../../src/mailbox/mmdf.ts";
import type { FileLocks } from "../../../src/rights/task.ts";
import { randomNumbers } from "../../support/random-rules.ts";
import { NO_LOCKS, octets, tools } from "../../support/mailbox-tools.ts";

const WRITER = join(import.meta.dirname, "../../support/crashing-writer.ts");
const OLD = "From ann@a.test Fri Nov 20 18:00:00 2026\nSubject: old\n\nold\n\n";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "crash-"));
  path = join(folder, "box");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Starts the writer; resolves when it has said "ready", and again when it has ended. */
async function writer(kind: string, locking: string, at: number, count: number) {
  const argv = ["--no-warnings", WRITER, kind, path, locking, String(at), String(count)];
  const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit") as Promise<[number | null, string | null]>;
  await once(child.stdout, "data");
  child.stdout.resume();
  return { child, ended };
}

/** Waits like any other program that locks: until whoever guards the file after a crash lets go. */
async function whenFree(): Promise<string> {
  const locks = new FcntlLocks({ asRoot: (work) => work(), warn: () => undefined });
  const fd = openSync(path, "r+");
  while (locks.lock(fd) !== "locked") await new Promise((resolve) => setTimeout(resolve, 5));
  const text = readFileSync(path, "latin1");
  locks.unlock(fd);
  locks.close();
  closeSync(fd);
  return text;
}

const SEPARATOR = "\x01\x01\x01\x01\n";

/** Subjects of the messages, each checked to be whole. */
function subjects(text: string, kind: string): string[] {
  const messages =
    kind === "mmdf"
      ? text.split(SEPARATOR + SEPARATOR)
      : text.split(/(?<=\n\n)(?=From )/).filter((each) => each !== "");
  return messages.map((message) => {
    const plain = kind === "mmdf" ? message.replace(/^\x01{4}\n/, "").replace(/\x01{4}\n$/, "") : message;
    const [, subject] = /^From [^\n]*\nSubject: (\w+)\n\n/.exec(plain) ?? [];
    if (subject === undefined || !/(?:old|new|end)\n\n$/.test(plain)) throw new Error(`broken: ${plain.slice(0, 200)}`);
    return subject;
  });
}

function deliverNext(kind: string, locks: FileLocks = NO_LOCKS): string {
  const message = "From bob@a.test Fri Nov 20 20:00:00 2026\nSubject: new\n\nnew\n\n";
  return (kind === "mmdf" ? deliverToMmdf : deliverToMbox)({ path }, octets(message), tools(locks)).kind;
}

function start(kind: string): void {
  writeFileSync(path, kind === "mmdf" ? SEPARATOR + OLD + SEPARATOR : OLD, { mode: 0o600 });
}

const hasPerl = existsSync("/usr/bin/perl");
const points = [0, 1, 2, 3, 4];

describe.each(["mbox", "mmdf"])("%s, killed before a piece of the second message", (kind) => {
  (hasPerl ? test : test.skip).each(points)("piece %i: whoever locks then sees whole messages", async (at) => {
    start(kind);
    const { ended } = await writer(kind, "fcntl", at, 2);
    expect(await ended).toEqual([null, "SIGKILL"]);
    expect(subjects(await whenFree(), kind)).toEqual(["old", "0"]);
    expect(deliverNext(kind)).toBe("done");
    expect(subjects(readFileSync(path, "latin1"), kind)).toEqual(["old", "0", "new"]);
    expect(readdirSync(folder)).toEqual(["box"]);
  });

  test.each(points)("piece %i, with dot locks alone: the next delivery cuts it off", async (at) => {
    start(kind);
    const { ended } = await writer(kind, "none", at, 2);
    expect(await ended).toEqual([null, "SIGKILL"]);
    expect(deliverNext(kind)).toBe("done");
    expect(subjects(readFileSync(path, "latin1"), kind)).toEqual(["old", "0", "new"]);
    expect(readdirSync(folder)).toEqual(["box"]);
  });
});

const random = randomNumbers(20_261_130);
const delays = Array.from({ length: 6 }, () => random(60));

describe("killed from outside, at any moment", () => {
  (hasPerl ? test : test.skip).each(delays)("after %i ms", async (delay) => {
    start("mbox");
    const { child, ended } = await writer("mbox", "fcntl", -1, 200);
    await new Promise((resolve) => setTimeout(resolve, delay));
    child.kill("SIGKILL");
    await ended;
    const found = subjects(await whenFree(), "mbox");
    expect(found).toEqual(["old", ...found.slice(1).map((_, index) => String(index))]);
    expect(deliverNext("mbox")).toBe("done");
    expect(subjects(readFileSync(path, "latin1"), "mbox")).toEqual([...found, "new"]);
  });
});

/** A crash with a dot lock left behind. */
async function crash(): Promise<void> {
  start("mbox");
  const { ended } = await writer("mbox", "none", 2, 1);
  await ended;
}

describe("what the lock of a killed process says is not believed", () => {
  test("when somebody has added a message behind", async () => {
    await crash();
    appendFileSync(path, "\nFrom eve@a.test Fri Nov 20 21:00:00 2026\nSubject: eve\n\nnew\n\n");
    deliverNext("mbox");
    expect(readFileSync(path, "latin1")).toContain("Subject: eve");
  });

  test("when somebody has glued a message to what was cut off", async () => {
    await crash();
    appendFileSync(path, "abcFrom eve@a.test Fri Nov 20 21:00:00 2026\nSubject: eve\n\nnew\n\n");
    deliverNext("mbox");
    expect(readFileSync(path, "latin1")).toContain("Subject: eve");
  });

  test("when the mailbox is another file", async () => {
    await crash();
    const before = readFileSync(path, "latin1");
    rmSync(path);
    writeFileSync(`${path}.other`, "");
    writeFileSync(path, before);
    deliverNext("mbox");
    expect(readFileSync(path, "latin1").startsWith(before)).toBe(true);
  });

  (process.getuid?.() === 0 ? test : test.skip)("when another user wrote it", async () => {
    await crash();
    const lock = readFileSync(`${path}.lock`);
    rmSync(`${path}.lock`);
    const before = readFileSync(path, "latin1");
    writeFileSync(`${path}.lock`, lock);
    chownSync(`${path}.lock`, 52001, 52001);
    deliverNext("mbox");
    expect(readFileSync(path, "latin1").startsWith(before)).toBe(true);
  });
});
