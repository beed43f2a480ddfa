/**
 * Reads the text of an aliases file (manual §4.4): `name: destinations`, continued on lines that begin with white space;
 * `#` begins a comment line. Names are folded to lower case, quotes around them are taken away.
 *
 *     postmaster: root
 *     staff: ann, bob,
 *             "|/usr/local/bin/archive staff"
 */
import type { Diagnostic } from "../source/diagnostic.ts";
import { diagnostic } from "../source/diagnostic.ts";
import { parseDestinations } from "./alias-list.ts";

export interface AliasEntry {
  /** Lower case. */
  readonly name: string;
  /** Right side as written, continuation lines joined. */
  readonly value: string;
  readonly line: number;
}

export interface AliasText {
  readonly entries: readonly AliasEntry[];
  /** Longest right side, for the summary of newaliases. */
  readonly longest: number;
  readonly octets: number;
  readonly diagnostics: readonly Diagnostic[];
}

export function readAliasText(text: string, file: string): AliasText {
  const entries: AliasEntry[] = [];
  const diagnostics: Diagnostic[] = [];
  const seen = new Map<string, number>();
  const problem = (line: number, message: string): void =>
    void diagnostics.push(diagnostic("error", message, { file, line }));
  for (const { text: logical, line } of logicalLines(text)) {
    const colon = endOfName(logical);
    if (colon < 0) {
      problem(line, "missing colon after the name: an alias is written NAME: DESTINATION");
      continue;
    }
    const name = unquoted(logical.slice(0, colon).trim()).toLowerCase();
    const value = logical.slice(colon + 1).trim();
    if (name === "") problem(line, "missing name before the colon");
    else if (value === "" || parseDestinations(value).length === 0) problem(line, `missing value for alias ${name}`);
    else if (seen.has(name)) problem(line, `duplicate alias name ${name}, first in line ${seen.get(name)}`);
    else {
      seen.set(name, line);
      entries.push({ name, value, line });
    }
  }
  const longest = entries.reduce((most, { value }) => Math.max(most, value.length), 0);
  const octets = entries.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
  return { entries, longest, octets, diagnostics };
}

function logicalLines(text: string): { text: string; line: number }[] {
  const lines: { text: string; line: number }[] = [];
  let escaped = false;
  text.split(/\r?\n/).forEach((physical, index) => {
    const continues = escaped || /^[ \t]/.test(physical);
    escaped = /(?:^|[^\\])(?:\\\\)*\\$/.test(physical);
    const content = escaped ? physical.slice(0, -1) : physical;
    const last = lines.at(-1);
    if (!continues && content.startsWith("#")) return;
    if (continues && last !== undefined) {
      if (content.trim() !== "") last.text += ` ${content.trim()}`;
    } else if (content.trim() !== "") lines.push({ text: content, line: index + 1 });
  });
  return lines;
}

/** The first colon outside quotes; -1 when there is none. */
function endOfName(line: string): number {
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const character = line[i];
    if (character === "\\") i++;
    else if (character === '"') quoted = !quoted;
    else if (character === ":" && !quoted) return i;
  }
  return -1;
}

function unquoted(name: string): string {
  return name.replace(/^"((?:[^"\\]|\\.)*)"$/s, (_, inside: string) => inside.replace(/\\(.)/gs, "$1"));
}
