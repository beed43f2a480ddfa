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
  /** The texts when the difference does not count; texts that are equal then are documented. */
  readonly without: (kind: Kind, question: string, text: string) => string;
}

const LDAP_TROUBLE = /(ldap_init\/ldap_bind failed to \S+)( in map \S+: ).*/g;

const BLANK_LINE = /^unknown configuration line "\n?\s*\n?"\n?/gm;

const UNQUALIFIED = /^(WARNING: local host name \(.*\) is not qualified)[:;].*$/gm;

const reasons: readonly Reason[] = [
  {
    row: "a host name without a domain",
    without: (kind, _question, text) => (kind === "start" ? text.replace(UNQUALIFIED, "$1") : text),
  },
  {
    row: "a blank in a line of its own",
    without: (kind, _question, text) => (kind === "start" ? text.replace(BLANK_LINE, "").trimEnd() : text),
  },
  {
    row: "why a directory server cannot be reached",
    without: (_kind, _question, text) => text.replace(LDAP_TROUBLE, "$1$2REASON"),
  },
  {
    row: "order and letter case of `$=x` in test mode",
    without: (kind, _question, text) =>
      kind === "class" ? text.toLowerCase().split("\n").toSorted().join("\n") : text,
  },
];

export function documented(kind: Kind, question: string, theirs: string, ours: string): boolean {
  return reasons.some(({ without }) => without(kind, question, theirs) === without(kind, question, ours));
}

/** Reasons without a row. */
export function missingRows(): string[] {
  const text = readFileSync(join(home, "docs/compatibility.md"), "utf8");
  return reasons.map(({ row }) => row).filter((row) => !text.includes(`| ${row}`));
}
