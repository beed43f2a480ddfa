/** Delivery into an MH folder: one file per message, named by the next free number. */
import { link, mkdir, open, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { uniqueName } from "../sys/temp.ts";
import { fromSystemError, type TaskInput, type TaskResult } from "../rights/task.ts";
import { syncFolder, writeAll } from "./maildir.ts";

/** Another writer may take our number; it cannot do so for ever. */
const TRIES = 100;

export async function deliverToMh(folder: string, input: TaskInput, signal: AbortSignal): Promise<TaskResult> {
  // MH ignores names that begin with a comma.
  const temporary = join(folder, `,${uniqueName(Date.now())}`);
  try {
    await mkdir(folder, 0o700).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    const file = await open(temporary, "wx", 0o600);
    try {
      await writeAll(file, input, signal);
      await file.sync();
    } finally {
      await file.close();
    }
    await linkToNextNumber(folder, temporary);
    await syncFolder(folder);
    return { kind: "done", status: "2.0.0", text: "" };
  } catch (error) {
    return fromSystemError(error, folder);
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

async function linkToNextNumber(folder: string, temporary: string): Promise<void> {
  const taken = (await readdir(folder)).filter((name) => /^[0-9]+$/.test(name)).map(Number);
  let number = taken.reduce((highest, each) => Math.max(highest, each), 0) + 1;
  for (let attempt = 0; ; attempt++, number++) {
    try {
      await link(temporary, join(folder, String(number)));
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST" || attempt >= TRIES) throw error;
    }
  }
}
