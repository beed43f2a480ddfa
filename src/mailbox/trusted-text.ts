/** Reads a file that decides about mail (.forward, :include: list), if nobody else could have written it. */
import { closeSync, fstatSync, readFileSync, readSync, type Stats } from "node:fs";
import {
  errorText,
  explainUnopened,
  type FileUse,
  type Opened,
  openSafely,
  type SafetyOptions,
} from "../sys/safe-file.ts";

export type TrustedText =
  | {
      readonly kind: "read";
      readonly text: string;
      /** Of the file's owner. */
      readonly uid: number;
      /** False: others may write to it, so it may name addresses only. */
      readonly mayNamePrograms: boolean;
    }
  | { readonly kind: "missing" }
  /** Not to be trusted, or not ours to read: it will not get better by waiting. */
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "tempfail"; readonly reason: string };

/** What the file system says when the answer is no, not "later". */
const FINAL = new Set<string>(["EACCES", "EPERM", "ELOOP", "ENAMETOOLONG", "EISDIR", "ENOTDIR", "EINVAL"]);

/** @param limit octets that are read at most; a longer file is refused */
export function readTrustedText(path: string, use: FileUse, safety: SafetyOptions, limit: number): TrustedText {
  return withTrustedFile(path, use, safety, ({ fd, stats: { size, uid }, mayNamePrograms }) =>
    size > limit
      ? { kind: "refused", reason: `larger than ${limit} octets` }
      : { kind: "read", text: readFileSync(fd, "latin1"), uid, mayNamePrograms },
  );
}

/** Which part of a file to read. */
export interface TextRange {
  /** Octets before it, and in it. */
  readonly offset: number;
  readonly length: number;
  /** What was said about the part before it; absent for the first. */
  readonly version?: string;
}

export type TrustedPart =
  | {
      readonly kind: "part";
      readonly text: string;
      readonly uid: number;
      readonly mayNamePrograms: boolean;
      /** The same for all parts of a file that nobody has changed. */
      readonly version: string;
      readonly isLast: boolean;
    }
  /** It is another file now, or has been written to: what was read of it does not fit to what is to come. */
  | { readonly kind: "changed" }
  | Exclude<TrustedText, { kind: "read" }>;

/** A part of a file of any length. The file is opened, and all that is asked of it checked, for each part. */
export function readTrustedPart(
  path: string,
  use: FileUse,
  safety: SafetyOptions,
  { offset, length, version }: TextRange,
): TrustedPart {
  return withTrustedFile(path, use, safety, ({ fd, stats, mayNamePrograms }): TrustedPart => {
    const now = versionOf(stats);
    if (version !== undefined && now !== version) return { kind: "changed" };
    const octets = Buffer.alloc(length);
    const count = readSync(fd, octets, 0, length, offset);
    if (versionOf(fstatSync(fd)) !== now) return { kind: "changed" };
    const isLast = offset + count >= stats.size;
    // A file that is shorter than it says would be read for ever.
    if (!isLast && count === 0) return { kind: "changed" };
    const text = octets.toString("latin1", 0, count);
    return { kind: "part", text, uid: stats.uid, mayNamePrograms, version: now, isLast };
  });
}

function versionOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [dev, ino, size, mtimeMs, ctimeMs].join(":");
}

type Unread = Exclude<TrustedText, { kind: "read" }>;

function withTrustedFile<T>(
  path: string,
  use: FileUse,
  safety: SafetyOptions,
  read: (opened: Extract<Opened, { kind: "open" }>) => T,
): T | Unread {
  const opened = openSafely(path, use, safety);
  if (opened.kind === "absent") return { kind: "missing" };
  if (opened.kind === "failed" && !FINAL.has(opened.code)) return { kind: "tempfail", reason: opened.problem };
  if (opened.kind !== "open") return { kind: "refused", reason: explainUnopened(opened) };
  try {
    return read(opened);
  } catch (error) {
    return { kind: "tempfail", reason: errorText(error) };
  } finally {
    closeSync(opened.fd);
  }
}
