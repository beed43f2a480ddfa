/**
 * Text of a site's file that is neither a macro nor a comment nor a line of a configuration: what a typing error leaves, as
 * FEATRUE(`x'), or a remark without dnl. It ends up in the configuration, where it is an error at every start, or is taken for
 * something else (`FEATRUE(x)' fills class E from a file). Only what stands in a file itself is looked at, not what macros make.
 */
import { type Diagnostic, diagnostic } from "../source/diagnostic.ts";
import { type Origin, outermost } from "./origin.ts";

/** By their first letter, how lines of a configuration go on. Generous: prose may begin with any letter. */
const LINES: Readonly<Record<string, RegExp>> = {
  C: /^C(?:\{|\S)/,
  D: /^D(?:\{|\S)/,
  E: /^E\w+(?:=|\s*$)/,
  F: /^F(?:\{[^}]*\}|\S)\s*(?:-\S+\s+)?[^\s]*[-/|@%]/,
  H: /^H(?:\?[^?]*\?|[!-9;-~])[^:]*:/,
  K: /^K\s*[^\s(]+\s+\S/,
  L: /^L/,
  M: /^M[^\s,(]+\s*,/,
  O: /^O\s*\w/,
  P: /^P[^\s=]+=/,
  Q: /^Q[^\s,(]/,
  R: /^R/,
  S: /^S\s*[^\s(]+(?!(?: [A-Za-z]+){2})/,
  T: /^T/,
  V: /^V\d/,
  X: /^X[^\s,(]+\s*,/,
};

/** A call, where there is none: capitals, or a quote behind the parenthesis. */
const CALL = /^([A-Z][A-Z0-9_]{3,}(?=\()|[A-Za-z_]\w{2,}(?=\([`']))/;

export interface StrayOptions {
  /** The compiled text, and where each line of it came from. */
  readonly text: string;
  readonly origins: readonly (Origin | undefined)[];
  /** Source lines of a file of the site; undefined for the library. */
  readonly source: (file: string) => readonly string[] | undefined;
  readonly isMacro: (name: string) => boolean;
}

/** Warnings about such text, with line and column. */
export function checkStrayText({ text, origins, source, isMacro }: StrayOptions): Diagnostic[] {
  const found: Diagnostic[] = [];
  // Behind a line of a configuration, blanks continue it.
  let continued = false;
  for (const [index, line] of text.split("\n").entries()) {
    const words = line.trim();
    if (words === "") {
      if (line === "") continued = false;
      continue;
    }
    if (/^[ \t]/.test(line) && continued) continue;
    continued = !line.startsWith("#");
    const origin = origins[index];
    if (words.startsWith("#") || origin === undefined) continue;
    const { file, line: number } = origin.macro === undefined ? origin : outermost(origin);
    const written = source(file)?.[number - 1];
    if (written === undefined) continue;
    const call = CALL.exec(written.trimStart())?.[1];
    const name = call !== undefined && line.trimStart().startsWith(call) ? call : undefined;
    const bare = /^[A-Z][A-Z0-9_]{3,}/.exec(words)?.[0];
    const isBare = bare !== undefined && written.trim() === bare && isMacro(bare);
    if (origin.macro !== undefined && !isBare) continue;
    if (name === undefined && !isBare && LINES[line[0]]?.test(line)) continue;
    const at = { file, line: number, column: columnOf(written, words) };
    found.push(diagnostic("warning", messageFor(name, isBare ? bare : undefined), at));
  }
  return found;
}

function messageFor(name: string | undefined, bare: string | undefined): string {
  if (bare !== undefined) return `\`${bare}' is only text without its parentheses`;
  return name === undefined ? STRAY : `there is no macro \`${name}': this is only text`;
}

const STRAY = "this is neither a macro nor a comment nor a line of a configuration: begin remarks with dnl";

/** Where the words stand in their line: most often at its end, behind calls that may hold the same letters. */
function columnOf(written: string, words: string): number {
  const at = written.lastIndexOf(words);
  return at >= 0 ? at + 1 : Math.max(0, written.indexOf(words.split(/[\s(]/)[0])) + 1;
}

/**
 * A blank that is left of a line of macros (`FEATURE(...) ` without dnl) would continue the line in front of it. Behind a
 * comment or an empty line there is nothing to continue, and it would be an error at every start.
 */
export function withoutIdleBlanks(text: string): string {
  if (!/^[ \t\r]+$/m.test(text)) return text;
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    const before = lines[index - 1] ?? "";
    if (/^[ \t\r]+$/.test(line) && (before === "" || before.startsWith("#"))) lines[index] = "";
  }
  return lines.join("\n");
}
