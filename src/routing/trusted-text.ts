/** Reads a file that decides about mail (.forward, :include: list), if nobody else could have written it. */
import { closeSync, readFileSync } from "node:fs";
import { errorText, explainUnopened, type FileUse, openSafely, type SafetyOptions } from "../sys/safe-file.ts";

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
  const opened = openSafely(path, use, safety);
  if (opened.kind === "absent") return { kind: "missing" };
  if (opened.kind === "failed" && !FINAL.has(opened.code)) return { kind: "tempfail", reason: opened.problem };
  if (opened.kind !== "open") return { kind: "refused", reason: explainUnopened(opened) };
  try {
    const { size, uid } = opened.stats;
    if (size > limit) return { kind: "refused", reason: `larger than ${limit} octets` };
    return { kind: "read", text: readFileSync(opened.fd, "latin1"), uid, mayNamePrograms: opened.mayNamePrograms };
  } catch (error) {
    return { kind: "tempfail", reason: errorText(error) };
  } finally {
    closeSync(opened.fd);
  }
}
