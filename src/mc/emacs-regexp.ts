/**
 * Regular expressions of regexp and patsubst: GNU m4 uses the Emacs dialect, where `\(` `\)` `\|` are operators and
 * `(` `)` `|` `{` are themselves. Translated to JavaScript's; leftmost, but of several alternatives the first, not
 * the longest, is taken.
 */

const cache = new Map<string, RegExp>();

/** Throws SyntaxError for a pattern that means nothing. */
export function emacsRegExp(pattern: string): RegExp {
  let made = cache.get(pattern);
  if (made === undefined) {
    made = new RegExp(translate(pattern), "dgm");
    cache.set(pattern, made);
  }
  return made;
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

function translate(pattern: string): string {
  let out = "";
  /** Nothing to repeat yet: here a star is itself and a caret an anchor. */
  let start = true;
  for (let index = 0; index < pattern.length; index++) {
    const char = pattern[index];
    if (char === "\\") {
      const next = pattern[++index];
      if (next === undefined) throw new SyntaxError("Trailing backslash");
      if (/[1-9]/.test(next)) out += `\\${next}(?:)`;
      else out += afterBackslash[next] ?? escape(next);
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
  return out;
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
  const expression = emacsRegExp(pattern);
  let out = "";
  for (let at = 0; at <= text.length;) {
    expression.lastIndex = at;
    const match = expression.exec(text);
    if (match === null) return out + text.slice(at);
    const end = match.index + match[0].length;
    out += text.slice(at, match.index) + fillIn(replacement, match);
    if (match[0] === "") {
      out += text[end] ?? "";
      at = end + 1;
    } else at = end;
  }
  return out;
}
