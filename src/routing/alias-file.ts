/**
 * Reads the text of an aliases file (manual §4.4): `name: destinations`, continued on lines that begin with white space;
 * `#` begins a comment line.
 *
 *     postmaster: root
 *     staff: ann, bob,
 *             "|/usr/local/bin/archive staff"
 *
 * A line that is wrong spoils nothing but itself. What is said about it names the place and never repeats it: whoever runs
 * newaliases need not be allowed to read the file.
 */
import { type AliasName, readAliasName } from "./alias-name.ts";

export interface AliasEntry {
  /** As alias-name.ts has it. */
  readonly name: string;
  /** Right side as written, continuation lines joined. */
  readonly value: string;
  readonly line: number;
}

export interface AliasProblem {
  readonly line: number;
  /** In sendmail's words. */
  readonly text: string;
  /** A name that is there twice: the last one counts. */
  readonly isWarning: boolean;
}

export interface AliasText {
  /** In the order of the text. The last one of a name counts, unless the map adds them up (-A). */
  readonly entries: readonly AliasEntry[];
  /** Longest right side, for the summary of newaliases. */
  readonly longest: number;
  readonly octets: number;
  readonly problems: readonly AliasProblem[];
}

/** @param isOurs whether a domain is a name of this host, for names like `user@host:` */
export function readAliasText(text: string, isOurs: (domain: string) => boolean = () => false): AliasText {
  const entries: AliasEntry[] = [];
  const problems: AliasProblem[] = [];
  const seen = new Set<string>();
  for (const { text: logical, line } of logicalLines(text)) {
    const entry = readEntry(logical, isOurs);
    if (entry.kind === "problem") {
      problems.push({ line, text: entry.text, isWarning: false });
      continue;
    }
    const { key: name, value } = entry;
    if (seen.has(name)) problems.push({ line, text: `Warning: duplicate alias name ${name}`, isWarning: true });
    seen.add(name);
    entries.push({ name, value, line });
  }
  const longest = entries.reduce((most, { value }) => Math.max(most, value.length), 0);
  const octets = entries.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
  return { entries, longest, octets, problems };
}

type Entry = Exclude<AliasName, { kind: "name" }> | { kind: "entry"; key: string; value: string };

function readEntry(line: string, isOurs: (domain: string) => boolean): Entry {
  if (/^[ \t]/.test(line)) return { kind: "problem", text: "Non-continuation line starts with space" };
  const colon = endOfName(line);
  if (colon < 0) return { kind: "problem", text: "missing colon" };
  const name = readAliasName(line.slice(0, colon).trim(), isOurs);
  if (name.kind === "problem") return name;
  const value = line.slice(colon + 1).trim();
  return value === "" ? { kind: "problem", text: "missing value for alias" } : { kind: "entry", key: name.key, value };
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
