/** Files of a site that is set up: written where there is none, and never over one that is there. */
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { diffLines } from "../../analysis/diff-lists.ts";

export interface PlannedFile {
  readonly path: string;
  /** Text in UTF-8, or octets. */
  readonly text: string | Buffer;
  readonly mode: number;
  /** What is there is left alone without a word: keys, passwords, what programs make of other files. */
  readonly isSecret?: true;
  readonly owner?: { readonly uid: number; readonly gid: number };
}

export type Outcome =
  | { readonly kind: "written" | "same" | "kept"; readonly path: string }
  /** What is there differs: lines that would go (-) and come (+). */
  | { readonly kind: "differs"; readonly path: string; readonly changes: readonly string[] };

/** Works with the usual umask: what others have to read they may, however careful root's shell is. */
export async function withUsualUmask<T>(work: () => Promise<T>): Promise<T> {
  const before = process.umask(0o022);
  try {
    return await work();
  } finally {
    process.umask(before);
  }
}

/** Writes what is not there. Throws what the file system says. */
export function writePlanned(file: PlannedFile): Outcome {
  const { path, text, mode, owner } = file;
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return compare(file);
  // Keys are for root alone; the server sees that one has changed when it may look into the folder.
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const fd = openSync(path, "wx", mode);
  try {
    writeSync(fd, Buffer.from(text as string));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  chmodSync(path, mode); // whatever the umask is
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
  return { kind: "written", path };
}

function compare({ path, text, isSecret }: PlannedFile): Outcome {
  if (isSecret === true) return { kind: "kept", path };
  const [before, after] = [readFileSync(path, "utf8"), text.toString()];
  if (before === after) return { kind: "same", path };
  const changes = diffLines(before.split("\n"), after.split("\n"));
  return { kind: "differs", path, changes: changes.map((each) => `${each.kind === "added" ? "+" : "-"}${each.text}`) };
}

/** What was done, for people: `wrote /etc/mail/site.mc`; a diff for what was not. */
export function outcomeLines(outcome: Outcome): string[] {
  const { kind, path } = outcome;
  switch (kind) {
    case "written":
      return [`wrote      ${path}`];
    case "same":
      return [`as wanted  ${path}`];
    case "kept":
      return [`kept       ${path}`];
    case "differs":
      return [`kept       ${path}, which would be changed so:`, ...outcome.changes.map((each) => `  ${each}`)];
  }
}
