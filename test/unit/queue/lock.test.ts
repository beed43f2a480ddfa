import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { checkQueueUnused, lockQueue, QueueLockedError } from "../../../src/queue/lock.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "rulemail-lock-"));
});

afterEach(() => rm(directory, { recursive: true }));

describe("lockQueue()", () => {
  test("is refused while somebody has it, also in the same process", async () => {
    const lock = await lockQueue(directory);
    await expect(lockQueue(directory)).rejects.toThrow(
      `Cannot open the queue ${directory}: process ${process.pid} is using it`,
    );
    await expect(lockQueue(directory)).rejects.toBeInstanceOf(QueueLockedError);
    lock.release();
    lock.release();
    (await lockQueue(directory)).release();
  });

  test("ends with its process, also by kill -9", async () => {
    const source = join(import.meta.dirname, "../../../src/queue/lock.ts");
    const script = `import { lockQueue } from ${JSON.stringify(source)};
      await lockQueue(${JSON.stringify(directory)}); console.log("locked"); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    await expect(lockQueue(directory)).rejects.toThrow(`process ${child.pid} is using it`);
    child.kill("SIGKILL");
    await once(child, "exit");
    (await lockQueue(directory)).release();
  });
});

describe("checkQueueUnused()", () => {
  const linux = process.platform === "linux" ? test : test.skip;

  linux("finds the process that has the lock, and none that had it", async () => {
    expect(() => checkQueueUnused(directory)).not.toThrow();
    const source = join(import.meta.dirname, "../../../src/queue/lock.ts");
    const script = `import { lockQueue } from ${JSON.stringify(source)};
      await lockQueue(${JSON.stringify(directory)}); console.log("locked"); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    expect(() => checkQueueUnused(directory)).toThrow(
      `Cannot open the queue ${directory}: process ${child.pid} is using it`,
    );
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(() => checkQueueUnused(directory)).not.toThrow();
  });
});
