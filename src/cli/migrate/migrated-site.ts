/** What a migration makes: files of the new site, what could not be carried over, and what to compare. */
import type { PlannedFile } from "../setup/planned-file.ts";

/** Something of the old site that the new one does not have, or has otherwise. */
export interface Leftover {
  readonly file: string;
  /** 0: the file as a whole. */
  readonly line: number;
  readonly text: string;
}

/** An address, and what the old site's tables say about it. */
export interface Expectation {
  readonly address: string;
  /** Words of `-bv`, of which one has to stand in the answer; none: only that both answer the same. */
  readonly words: readonly string[];
  /** It goes where these go together. */
  readonly sameAs?: readonly string[];
  /** The line that says so. */
  readonly file: string;
  readonly line: number;
}

export interface MigratedSite {
  /** Folder of the new site. */
  readonly folder: string;
  readonly files: readonly PlannedFile[];
  /** Tables among the files, by their names, to be built as hash. */
  readonly tables: readonly string[];
  readonly leftovers: readonly Leftover[];
  /** Lines that mean the same at another place. */
  readonly moved: readonly Leftover[];
  readonly expectations: readonly Expectation[];
}

/** `main.cf:12: ...` */
export function leftoverLine({ file, line, text }: Leftover): string {
  return `${file}${line > 0 ? `:${line}` : ""}: ${text}`;
}
