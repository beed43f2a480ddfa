/**
 * Regular expressions of regexp and patsubst, in the Emacs dialect that GNU m4 uses: what the replacement text means, and
 * how a text is searched from one match to the next. Matching itself is in src/regex.
 */
import { compileBacktracking } from "../regex/backtrack.ts";
import { parseRegex, RegexError } from "../regex/posix-regex.ts";
import { compileProgram, type Matcher, type MatchPositions } from "../regex/regex-program.ts";

export { RegexError };

export interface Pattern {
  readonly groups: number;
  readonly matcher: Matcher;
}

/** Tells of something odd in a replacement text. */
export type Warn = (message: string) => void;

/** Of a text that a pattern with back references is tried on. */
const LONGEST_TEXT = 4096;
const MOST_PATTERNS = 200;
const cache = new Map<string, Pattern>();

/** Throws RegexError for a pattern that means nothing. */
export function patternOf(source: string): Pattern {
  const known = cache.get(source);
  if (known !== undefined) return known;
  const regex = parseRegex(source, { basic: true, emacs: true, ignoreCase: false });
  const matcher = regex.backReferences ? compileBacktracking(regex, false, LONGEST_TEXT) : compileProgram(regex);
  const pattern = { groups: regex.groups, matcher };
  if (cache.size >= MOST_PATTERNS) cache.clear();
  cache.set(source, pattern);
  return pattern;
}

/** Replacement text: `\&` and `\0` the match, `\1` a group, any other character behind a backslash is itself. */
export function fillIn(
  replacement: string,
  text: string,
  match: MatchPositions,
  { groups }: Pattern,
  warn: Warn,
): string {
  if (!replacement.includes("\\")) return replacement;
  const group = (number: number): string =>
    match[number * 2] < 0 ? "" : text.slice(match[number * 2], match[number * 2 + 1]);
  return replacement.replace(/\\([^])?/g, (_all, char: string | undefined) => {
    if (char === undefined) {
      warn("trailing \\ ignored in replacement");
      return "";
    }
    if (char === "&") return group(0);
    if (char < "0" || char > "9") return char;
    if (char === "0") warn("\\0 will disappear, use \\& instead in replacements");
    if (Number(char) <= groups) return group(Number(char));
    warn(`sub-expression ${char} not present`);
    return "";
  });
}

/** Replaces every match, also empty ones: each moves on by one character, which is copied. */
export function replaceAll(text: string, pattern: Pattern, replacement: string, warn: Warn): string {
  let out = "";
  for (let at = 0; at <= text.length;) {
    const match = pattern.matcher.match(text, at);
    if (match === undefined) return out + text.slice(at);
    const [start, end] = match;
    out += text.slice(at, start) + fillIn(replacement, text, match, pattern, warn);
    if (start === end) {
      out += text[end] ?? "";
      at = end + 1;
    } else at = end;
  }
  return out;
}

/** `$10` and `${...}`: what other macro processors read otherwise. */
const USUAL_SEQUENCES = "\\$\\({[^}]*}\\|[0-9][0-9]+\\)";

/** Finds what --warn-macro-sequence warns of in the text of a definition. Throws RegexError. */
export function sequenceFinder(expression: string): (text: string) => string[] {
  const { matcher } = patternOf(expression || USUAL_SEQUENCES);
  return (text) => {
    const found: string[] = [];
    for (let at = 0; at <= text.length;) {
      const match = matcher.match(text, at);
      if (match === undefined) break;
      const [start, end] = match;
      if (end > start) found.push(text.slice(start, end));
      at = Math.max(end, at + 1);
    }
    return found;
  };
}
