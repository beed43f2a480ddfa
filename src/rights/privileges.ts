/** Becoming another user, for good. The only place of the program that changes its own rights. */
import type { WorkerRights } from "./task.ts";

/**
 * Gives up all rights but those of one user: supplementary groups, group, user, in this order, because each step needs
 * the rights that the next one takes away. Does nothing when this process already is that user and is not root.
 * @throws when the system refuses, or when root could be had back
 */
export function becomeUser({ user, uid, gid }: WorkerRights): void {
  if (process.setuid === undefined || process.getuid === undefined) throw new Error("this system has no user ids");
  if (process.getuid() !== 0) {
    if (process.getuid() === uid) return;
    throw new Error(`cannot become uid ${uid}: not started as root`);
  }
  if (uid === 0) throw new Error("refusing to work as root");
  setGroups(user, gid);
  process.setgid?.(gid);
  process.setuid(uid);
  if (process.getuid() !== uid || process.geteuid?.() !== uid || process.getgid?.() !== gid) {
    throw new Error(`did not become uid ${uid}`);
  }
  if (canBecomeRoot()) throw new Error(`uid ${uid} can become root again`);
}

/** Users that only our own database knows have no groups beside their own. */
function setGroups(user: string, gid: number): void {
  try {
    // In Node since 0.9, but missing in its types.
    (process as { initgroups?(user: string, gid: number): void }).initgroups?.(user, gid);
  } catch {
    process.setgroups?.([gid]);
  }
}

function canBecomeRoot(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}
