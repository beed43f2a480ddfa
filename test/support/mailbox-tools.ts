/** What mailbox tasks need, for tests that call them in their own process. */
import { syncFolder } from "../../src/mailbox/stable-write.ts";
import type { FileLocks, Octets, TaskTools } from "../../src/rights/task.ts";

export const NO_LOCKS: FileLocks = { lock: () => "unsupported", unlock: () => undefined };

export function octets(text: string | Buffer): Octets {
  const all = Buffer.from(text);
  return { size: all.length, chunks: () => [all] };
}

/** Tools of a process that keeps the ids it has. */
export function tools(locks: FileLocks = NO_LOCKS, user = OWN): TaskTools {
  return { locks, user, now: () => Date.now(), asRoot: (work) => work(), syncFolder };
}

export const OWN = { user: "me", uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 };
