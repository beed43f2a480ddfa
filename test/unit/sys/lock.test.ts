import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { dotlock } from "../../../src/sys/lock.ts";

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

test("what is no file is no stale lock, and keeps nobody waiting", async () => {
  const path = join(folder, "box");
  expect(spawnSync("mkfifo", [`${path}.lock`]).status).toBe(0);
  await utimes(`${path}.lock`, 0, 0);
  expect(await dotlock(path, quick)).toEqual({ kind: "timeout" });
});
