/**
 * Delivery into a Maildir: written to `tmp`, synced, renamed to `new`, the folder synced. A reader sees a whole message
 * or none, and needs no lock. See http://cr.yp.to/proto/maildir.html.
 */
import { type FileHandle, mkdir, open, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { uniqueName } from "../sys/temp.ts";
import { fromSystemError, octetsOf, type TaskInput, type TaskResult } from "../rights/task.ts";

/** @param folder the Maildir; made with mode 0700 when it does not exist (its parent must) */
export async function deliverToMaildir(folder: string, input: TaskInput, signal: AbortSignal): Promise<TaskResult> {
  const name = uniqueName(Date.now());
  const temporary = join(folder, "tmp", name);
  try {
    const file = await create(folder, temporary);
    try {
      await writeAll(file, input, signal);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(folder, "new", name));
    await syncFolder(join(folder, "new"));
    return { kind: "done", status: "2.0.0", text: "" };
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    return fromSystemError(error, folder);
  }
}

async function create(folder: string, path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  await makeFolder(folder);
  for (const part of ["tmp", "new", "cur"]) await makeFolder(join(folder, part));
  return open(path, "wx", 0o600);
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Writes every octet; a message in memory goes in one call. */
export async function writeAll(file: FileHandle, input: TaskInput, signal: AbortSignal): Promise<void> {
  if (typeof input !== "function") {
    await writeBuffers(file, input);
    return;
  }
  for await (const chunk of octetsOf(input)) {
    signal.throwIfAborted();
    await writeBuffers(file, [chunk]);
  }
}

async function writeBuffers(file: FileHandle, buffers: readonly Buffer[]): Promise<void> {
  const total = buffers.reduce((sum, each) => sum + each.length, 0);
  if (total === 0) return;
  const { bytesWritten } = await file.writev(buffers);
  if (bytesWritten === total) return;
  // A short write is not an error yet; the next one tells why.
  let rest = Buffer.concat(buffers).subarray(bytesWritten);
  while (rest.length > 0) rest = rest.subarray((await file.write(rest)).bytesWritten);
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
