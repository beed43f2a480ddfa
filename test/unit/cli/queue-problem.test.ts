/** What the classic commands say, and end with, when they cannot use the queue. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { openFolder } from "../../../src/cli/listed-queue.ts";
import { queueProblem } from "../../../src/cli/queue-problem.ts";
import { ControlError } from "../../../src/control/client.ts";
import { openQueue } from "../../../src/queue/open-queue.ts";
import { QueueLockedError } from "../../../src/queue/lock.ts";

const coded = (code: string): Error => Object.assign(new Error(`${code}: not now`), { code });

test.each([
  ["another process", new QueueLockedError("/q is used by process 7"), 75, "used by process 7"],
  ["a lost connection", new ControlError("Lost the connection"), 69, "Lost the connection"],
  ["no right to read", coded("EACCES"), 77, "may not see the queue /q"],
  ["no right to change", coded("EPERM"), 77, "may not see the queue /q"],
])("%s has its words and status", (_, error, exit, text) => {
  expect(queueProblem(error, "/q")).toEqual({ exit, text: expect.stringContaining(text) });
});

test("what is none of these is an accident", () => {
  for (const error of [coded("EIO"), new TypeError("x is undefined")])
    expect(queueProblem(error, "/q")).toBeUndefined();
});

test("a queue of a newer format ends with 72, whether it is read or opened", async () => {
  const directory = await mkdtemp(join(tmpdir(), "rulemail-newer-"));
  try {
    await mkdir(join(directory, "journal"));
    await writeFile(join(directory, "queue.format"), "99\n");
    for (const use of [() => openFolder(directory), () => openQueue({ directory })]) {
      const error: unknown = await use().catch((reason: unknown) => reason);
      expect(queueProblem(error, directory)).toEqual({ exit: 72, text: expect.stringContaining("is of format 99") });
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("a segment that is a link is refused with advice", async () => {
  const directory = await mkdtemp(join(tmpdir(), "rulemail-link-"));
  try {
    await mkdir(join(directory, "journal"));
    await symlink("/dev/null", join(directory, "journal", "00000001.journal"));
    await expect(openFolder(directory)).rejects.toThrow(
      "00000001.journal is a symbolic link, which the queue does not follow: put the file itself in its place",
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});
