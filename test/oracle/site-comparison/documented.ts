/**
 * Differences that are meant, each with the beginning of its row in docs/compatibility.md. Nothing may be excused here that
 * has no row there.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { home } from "./programs.ts";
import type { Kind } from "./questions.ts";

interface Reason {
  /** First words of the row. */
  readonly row: string;
  readonly applies: (kind: Kind, question: string, theirs: string, ours: string) => boolean;
}

const reasons: readonly Reason[] = [];

export function documented(kind: Kind, question: string, theirs: string, ours: string): boolean {
  return reasons.some(({ applies }) => applies(kind, question, theirs, ours));
}

/** Reasons without a row. */
export function missingRows(): string[] {
  const text = readFileSync(join(home, "docs/compatibility.md"), "utf8");
  return reasons.map(({ row }) => row).filter((row) => !text.includes(`| ${row}`));
}
