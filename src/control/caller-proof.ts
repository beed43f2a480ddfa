/**
 * Who calls at a unix socket. Node does not tell (it knows no SO_PEERCRED), so the caller shows it: the server names a file
 * that nobody can have made before, the caller makes it with the text that the server gave, and whose file it is counts.
 *
 *     caller   {"op":"prove"}                             server   {"file":"4f1c...","token":"93ab..."}
 *     caller   makes callers/4f1c... (O_EXCL, 0644)       server   looks whose it is, and removes it (caller-check.ts)
 *
 * This is the caller's part: sendmail -t pays for every line (decision D10).
 */
import { closeSync, constants, fchmodSync, openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";

/** What the caller has to do: words of 32 hexadecimal digits. */
export interface Challenge {
  readonly file: string;
  readonly token: string;
}

/** Only its owner may write what stands there. */
export const PROOF_MODE = 0o644;
export const PROOF_WORD = /^[0-9a-f]{32}$/;

export function isChallenge(value: unknown): value is Challenge {
  if (typeof value !== "object" || value === null) return false;
  const { file, token } = value as Record<keyof Challenge, unknown>;
  return typeof file === "string" && typeof token === "string" && PROOF_WORD.test(file) && PROOF_WORD.test(token);
}

/** @returns false when the file cannot be made: then nothing is proved, and the caller is a stranger */
export function showWhoCalls(folder: string, { file, token }: Challenge): boolean {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const path = join(folder, file);
  let fd: number;
  try {
    fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, PROOF_MODE);
  } catch {
    return false;
  }
  try {
    fchmodSync(fd, PROOF_MODE); // whatever the umask is
    writeSync(fd, token);
    return true;
  } catch {
    removeProof(path);
    return false;
  } finally {
    closeSync(fd);
  }
}

export function removeProof(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Nobody made it, or it is gone already.
  }
}
