import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, open, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { dotlock, flock, PathQueue } from "../../../src/sys/lock.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lock-"));
});
afterEach(() => rm(folder, { recursive: true }));

const quick = { timeout: 25, staleAfter: 60_000 };

test("a dotlock excludes others until it is released", async () => {
  const path = join(folder, "box");
  const first = await dotlock(path, quick);
  expect(await readFile(`${path}.lock`, "latin1")).toBe(`${process.pid}\n`);
  expect(await dotlock(path, quick)).toEqual({ kind: "timeout" });
  if (first.kind === "locked") await first.release();
  expect(await readdir(folder)).toEqual([]);
});

test("a lock is stale when it is old and its owner is gone", async () => {
  const path = join(folder, "box");
  const old = new Date(Date.now() - 120_000);
  await writeFile(`${path}.lock`, `${process.pid}`);
  await utimes(`${path}.lock`, old, old);
  expect((await dotlock(path, quick)).kind).toBe("timeout");
  await writeFile(`${path}.lock`, "0");
  expect((await dotlock(path, quick)).kind).toBe("timeout");
  await utimes(`${path}.lock`, old, old);
  expect((await dotlock(path, quick)).kind).toBe("locked");
});

test("a folder that does not exist is an error, not a lock", async () => {
  await expect(dotlock(join(folder, "missing/box"), quick)).rejects.toMatchObject({ code: "ENOENT" });
});

test("flock excludes other programs while the file is open", async () => {
  const path = join(folder, "box");
  const file = await open(path, "w");
  const locked = await flock(file.fd, 1_000);
  // Machines without flock(1) have dotlocks only.
  if (locked !== undefined) {
    expect(locked).toBe("locked");
    expect(await tryFlock(path)).toBe(1);
  }
  await file.close();
  if (locked !== undefined) expect(await tryFlock(path)).toBe(0);
});

function tryFlock(path: string): Promise<number | null> {
  const child = spawn("flock", ["-n", path, "true"]);
  return new Promise((resolve) => child.once("exit", resolve));
}

test("a path queue runs one action at a time, in order, and survives failures", async () => {
  const queue = new PathQueue();
  const events: string[] = [];
  const action = (name: string) => async () => {
    events.push(`${name} begins`);
    await Promise.resolve();
    events.push(`${name} ends`);
    if (name === "b") throw new Error("b failed");
  };
  const results = await Promise.allSettled([
    queue.run("x", action("a")),
    queue.run("x", action("b")),
    queue.run("x", action("c")),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(events).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});

test("what is no file is no stale lock, and keeps nobody waiting", async () => {
  const path = join(folder, "box");
  expect(spawnSync("mkfifo", [`${path}.lock`]).status).toBe(0);
  await utimes(`${path}.lock`, 0, 0);
  expect(await dotlock(path, quick)).toEqual({ kind: "timeout" });
});
