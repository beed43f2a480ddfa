/**
 * Regular expressions of regexp and patsubst: GNU m4 uses the Emacs dialect, where `\(` `\)` `\|` are operators and
 * `(` `)` `|` `{` are themselves. Translated to JavaScript's.
 */

const cache = new Map<string, readonly RegExp[]>();

/**
 * The first match at or behind `from`; of several alternatives (`a\|ab`) that begin there the longest, as POSIX wants.
 * Throws SyntaxError for a pattern that means nothing.
 */
export function search(pattern: string, text: string, from: number): RegExpExecArray | undefined {
  let made = cache.get(pattern);
  if (made === undefined) cache.set(pattern, (made = compile(pattern)));
  let best: RegExpExecArray | undefined;
  for (const expression of made) {
    expression.lastIndex = from;
    const match = expression.exec(text);
    if (match === null) continue;
    const better =
      best === undefined ||
      match.index < best.index ||
      (match.index === best.index && match[0].length > best[0].length);
    if (better) best = match;
  }
  return best;
}

/** One expression for each outer alternative; the others stay in it, unable to match, so that groups keep their numbers. */
function compile(pattern: string): RegExp[] {
  const alternatives = translate(pattern);
  return alternatives.map((_each, wanted) => {
    const parts = alternatives.map((part, index) => (index === wanted ? part : `(?!)(?:${part})`));
    return new RegExp(parts.join("|"), "gm");
  });
}

const afterBackslash: Readonly<Record<string, string>> = {
  "(": "(",
  ")": ")",
  "|": "|",
  "<": "\\b(?=\\w)",
  ">": "\\b(?<=\\w)",
  b: "\\b",
  B: "\\B",
  w: "\\w",
  W: "\\W",
  s: "\\s",
  S: "\\S",
  "`": "(?<![^])",
  "'": "(?![^])",
};

/** The outer alternatives of a pattern, each in JavaScript's dialect. */
function translate(pattern: string): string[] {
  const alternatives: string[] = [];
  let depth = 0;
  let groups = 0;
  let out = "";
  /** Nothing to repeat yet: here a star is itself and a caret an anchor. */
  let start = true;
  for (let index = 0; index < pattern.length; index++) {
    const char = pattern[index];
    if (char === "\\") {
      const next = pattern[++index];
      if (next === undefined) throw new SyntaxError("Trailing backslash");
      if (/[1-9]/.test(next)) {
        if (Number(next) > groups) throw new SyntaxError("Invalid back reference");
        out += `\\${next}(?:)`;
      } else if (next === "|" && depth === 0) {
        alternatives.push(out);
        out = "";
      } else out += afterBackslash[next] ?? escape(next);
      if (next === "(") [depth, groups] = [depth + 1, groups + 1];
      else if (next === ")" && --depth < 0) throw new SyntaxError("Unmatched ) or \\)");
      start = next === "(" || next === "|";
      continue;
    }
    if (char === "[") {
      const end = bracketEnd(pattern, index);
      out += bracket(pattern.slice(index + 1, end));
      index = end;
    } else if ((char === "*" || char === "+" || char === "?") && !start) {
      // A repeated repetition is legal there and not here.
      out = /(?:^|[^\\])[*+?]$/.test(out) ? `${out.slice(0, -1)}*` : out + char;
      continue;
    } else if (char === "^") out += start ? "^" : "\\^";
    else if (char === "$") out += isLast(pattern, index) ? "$" : "\\$";
    else if (char === ".") out += "[^\\n]";
    else out += escape(char);
    start = char === "^" && start;
  }
  if (depth > 0) throw new SyntaxError("Unmatched ( or \\(");
  return [...alternatives, out];
}

function isLast(pattern: string, index: number): boolean {
  const rest = pattern.slice(index + 1, index + 3);
  return rest === "" || rest === "\\)" || rest === "\\|";
}

function escape(char: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}

/** Index of the `]` that closes the set opened at `open`; a `]` right behind `[` or `[^` is a member. */
function bracketEnd(pattern: string, open: number): number {
  let index = open + 1;
  if (pattern[index] === "^") index++;
  const end = pattern.indexOf("]", pattern[index] === "]" ? index + 1 : index);
  if (end < 0) throw new SyntaxError("Unmatched [ or [^");
  return end;
}

function bracket(body: string): string {
  const negated = body.startsWith("^");
  const members = (negated ? body.slice(1) : body).replace(/[\\[\]^]/g, "\\$&").replace(/^-|-$/g, "\\-");
  return `[${negated ? "^" : ""}${members}]`;
}

/** Replacement text: `\&` and `\0` the match, `\1` a group, any other character behind a backslash is itself. */
export function fillIn(replacement: string, match: RegExpMatchArray): string {
  return replacement.replace(/\\([^])?/g, (_all, char: string | undefined) => {
    if (char === undefined) return "";
    if (char === "&") return match[0];
    return char >= "0" && char <= "9" ? (match[Number(char)] ?? "") : char;
  });
}

/** Replaces every match, also empty ones: each moves on by one character, which is copied. */
export function replaceAll(text: string, pattern: string, replacement: string): string {
  let out = "";
  for (let at = 0; at <= text.length;) {
    const match = search(pattern, text, at);
    if (match === undefined) return out + text.slice(at);
    const end = match.index + match[0].length;
    out += text.slice(at, match.index) + fillIn(replacement, match);
    if (match[0] === "") {
      out += text[end] ?? "";
      at = end + 1;
    } else at = end;
  }
  return out;
}
