/**
 * The server's part of caller-proof.ts: whose is the file that it asked for?
 *
 * The folder is for all users what /tmp is, and nobody but the server may list it. A file that somebody else owns can be
 * brought there in three ways, and none of them counts: a symbolic link is not followed, a hard link has a second name, and
 * a file that was moved there has not the text, because only its owner may write what counts (PROOF_MODE).
 */
import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, constants, fstatSync, mkdirSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { type Challenge, PROOF_MODE, PROOF_WORD, removeProof } from "./caller-proof.ts";

/** Every user may make files there and take away his own; only the server's user may look what is there. */
export const CALLERS_MODE = 0o1733;

/** Makes the folder when it is not there. Throws what the file system says. */
export function makeCallersFolder(folder: string): void {
  if (mkdirSync(folder, { recursive: true }) === undefined) return;
  // mkdir() takes the umask off and knows no sticky bit.
  chmodSync(folder, CALLERS_MODE);
}

/** Takes away what callers left who went away in the middle; what is not theirs stays. */
export function clearCallersFolder(folder: string): void {
  for (const name of readdirSync(folder)) if (PROOF_WORD.test(name)) removeProof(join(folder, name));
}

/** The proof of one connection. */
export class CallerProof {
  readonly #folder: string;
  #open: Challenge | undefined;
  #uid: number | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Another challenge; the one before, and what it showed, counts no more. */
  challenge(): Challenge {
    this.end();
    this.#uid = undefined;
    this.#open = { file: randomBytes(16).toString("hex"), token: randomBytes(16).toString("hex") };
    return this.#open;
  }

  /** The uid of whoever has done what the challenge said, for the rest of the connection; undefined when nobody did. */
  uid(): number | undefined {
    if (this.#open !== undefined) {
      this.#uid = ownerOf(join(this.#folder, this.#open.file), this.#open.token);
      this.end();
    }
    return this.#uid;
  }

  end(): void {
    if (this.#open !== undefined) removeProof(join(this.#folder, this.#open.file));
    this.#open = undefined;
  }
}

function ownerOf(path: string, token: string): number | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const stats = fstatSync(fd);
    const isHis = stats.isFile() && stats.nlink === 1 && (stats.mode & 0o7777) === PROOF_MODE;
    return isHis && startOf(fd) === token ? stats.uid : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** One octet more than a token has, so that what only begins with it is another text. */
function startOf(fd: number): string {
  const octets = Buffer.alloc(33);
  return octets.toString("latin1", 0, readSync(fd, octets, 0, octets.length, 0));
}
