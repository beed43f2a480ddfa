/**
 * The text from which a database is made, as makemap reads it: a key, blanks, the value to the end of the line.
 *
 *     # comment
 *     example.org      OK
 *     From:a@b.test    550 5.7.1 Not here
 */
import { foldCase } from "../rewriting/fold-case.ts";

export interface SourceSyntax {
  /** The character between key and value instead of white space (makemap -t). */
  readonly delimiter?: string;
  /** The character that begins a comment line (makemap -D). */
  readonly comment: string;
  /** A key without value is an entry (makemap -e). */
  readonly emptyValues: boolean;
  /** Letter case of keys is kept (makemap -f). */
  readonly keepCase: boolean;
}

export const PLAIN_SOURCE: SourceSyntax = { comment: "#", emptyValues: false, keepCase: false };

export type SourceEntry = { readonly key: string; readonly value: string } | { readonly problem: string };

/** Longest line that is read; sendmail's own limit is 1024. */
const LONGEST_LINE = 65536;

/**
 * Reads one line (without its line end).
 * @returns undefined for comments and empty lines, a problem in makemap's words for a line that is wrong
 */
export function parseSourceLine(line: string, syntax: SourceSyntax): SourceEntry | undefined {
  if (line === "" || line[0] === syntax.comment) return undefined;
  if (line.length > LONGEST_LINE) return { problem: `line too long (${LONGEST_LINE} bytes max)` };
  const { delimiter } = syntax;
  const isDelimiter = delimiter === undefined ? isBlank : (octet: string | undefined) => octet === delimiter;
  if (delimiter === undefined && isBlank(line[0])) return { problem: "syntax error (leading space)" };
  let end = 0;
  while (end < line.length && !isDelimiter(line[end])) end++;
  let start = end;
  while (start < line.length && isDelimiter(line[start])) start++;
  const written = line.slice(0, end);
  const value = line.slice(start);
  if (value === "" && !syntax.emptyValues) return { problem: `no RHS for LHS ${written}` };
  return { key: syntax.keepCase ? written : foldCase(written), value };
}

function isBlank(octet: string | undefined): boolean {
  return octet === " " || octet === "\t" || octet === "\v" || octet === "\f" || octet === "\r";
}
