/** Changes of the password file: read, one record changed, the file replaced as a whole (sys/atomic-file.ts). */
import { closeSync, openSync, readFileSync, type Stats, statSync, unlinkSync } from "node:fs";
import { AtomicFile } from "../sys/atomic-file.ts";
import type { SafetyOptions } from "../sys/safe-file.ts";
import { readPasswords } from "./password-file.ts";
import { formatRecord, parseRecord, type PasswordRecord } from "./password-record.ts";

/** Only its owner may read what is as good as passwords. */
const MODE = 0o600;
const HEAD = "# passwords of rulemail: change them with `rulemail passwd`\n";

/** What is wrong, in words for whoever changes the file. */
export class PasswordFileError extends Error {
  readonly kind: "unreadable" | "busy" | "no such user" | "is there already";
  constructor(kind: PasswordFileError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface PasswordFilePlace {
  readonly path: string;
  readonly safety: SafetyOptions;
  /** Whose a new file is to be, where we may give it away. */
  readonly owner?: number;
}

/** The records, in the order of the file; none when there is no file. Throws PasswordFileError. */
export function listPasswords({ path, safety }: PasswordFilePlace): readonly PasswordRecord[] {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return [];
  const read = readPasswords(path, safety);
  if (read.kind === "failed") throw new PasswordFileError("unreadable", read.problem);
  return [...read.records.values()];
}

/**
 * Changes the record of one user.
 * @param change gets the record, if there is one; returns the new one, undefined to remove it; may throw
 */
export function changePassword(
  place: PasswordFilePlace,
  name: string,
  change: (before: PasswordRecord | undefined) => PasswordRecord | undefined,
): void {
  const unlock = lock(place.path);
  try {
    const records = new Map(listPasswords(place).map((record) => [record.name, record]));
    const after = change(records.get(name));
    write(place, withRecord(textOf(place.path), name, after));
  } finally {
    unlock();
  }
}

/** Comments and lines that are wrong stay where they are. */
function withRecord(text: string, name: string, record: PasswordRecord | undefined): string {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const at = lines.findIndex((line) => {
    const each = line.startsWith("#") ? "" : parseRecord(line);
    return typeof each !== "string" && each.name === name;
  });
  const place = at < 0 ? lines.length : at;
  lines.splice(place, at < 0 ? 0 : 1, ...(record === undefined ? [] : [formatRecord(record)]));
  return lines.map((line) => `${line}\n`).join("");
}

function textOf(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? HEAD : readFileSync(path, "utf8");
}

function write({ path, owner }: PasswordFilePlace, text: string): void {
  const isNew: Stats | undefined = statSync(path, { throwIfNoEntry: false });
  const file = new AtomicFile(path, MODE, isNew === undefined ? owner : undefined);
  file.write(Buffer.from(text, "utf8"));
  file.commit();
}

/** Two changes at once would lose one of them. */
function lock(path: string): () => void {
  const file = `${path}.lock`;
  try {
    closeSync(openSync(file, "wx", MODE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new PasswordFileError("busy", `${path} is being changed by somebody else (if nobody does, remove ${file})`);
  }
  return () => unlinkSync(file);
}
