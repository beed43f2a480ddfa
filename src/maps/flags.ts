/**
 * Flags of a K line: `-o -a.suffix -k1 /etc/mail/table`. This file only splits them; what they mean is decided in
 * flagged-map.ts (the common ones) and in the classes.
 *
 * Flags come first; the text after the last of them belongs to the class as it stands. Letters are not combined
 * (`-of` is `-o`), as in sendmail: whatever follows a switch up to the next blank is ignored.
 */

/** How the value of a flag is written. */
export type FlagForm =
  /** No value. */
  | "switch"
  /** The rest of the word: `-a.suffix`. May be empty. */
  | "adjacent"
  /** One character: `-S_`. */
  | "character"
  /** One character directly after the letter, be it a blank; `\n` and `\t` as in C. At the end of the line: none. */
  | "separator"
  /** The rest of the word or else the next word: `-k1`, `-k 1`. */
  | "word";

export interface FlagSyntax {
  readonly forms: Readonly<Record<string, FlagForm>>;
  /** Letters that are another way to write a flag. */
  readonly alias?: Readonly<Record<string, string>>;
  /** The class looks no further than at its first flag. */
  readonly onlyOne?: boolean;
  /** The class looks no further when text stands directly behind a letter. */
  readonly lonely?: boolean;
  /** Values of the form "word" may stand in quotes: `-k "(cn=a b)"`. */
  readonly quoted?: boolean;
  /** What to say about another letter; without it the letter is ignored. */
  readonly unknown?: (letter: string, mapName: string) => string;
}

export interface MapFlags {
  readonly has: (letter: string) => boolean;
  /** Value of the flag, "" for a switch, undefined when it is not set. */
  readonly value: (letter: string) => string | undefined;
  /** What follows the flags, without blanks at both ends. */
  readonly rest: string;
  /** Its first word: the file of classes that want one. */
  readonly firstWord: string;
}

export const COMMON_FORMS: Readonly<Record<string, FlagForm>> = {
  a: "adjacent",
  A: "switch",
  d: "adjacent",
  D: "switch",
  f: "switch",
  k: "word",
  m: "switch",
  N: "switch",
  o: "switch",
  O: "switch",
  q: "switch",
  S: "character",
  t: "switch",
  T: "adjacent",
  v: "word",
  z: "separator",
};

/** The flags that most classes share, strict about others. */
export const COMMON_FLAGS: FlagSyntax = {
  forms: COMMON_FORMS,
  unknown: (letter, mapName) => `Illegal option ${letter} map ${mapName}`,
};

/** Common flags and some more; other letters are ignored. */
export function lenientFlags(more: Readonly<Record<string, FlagForm>> = {}): FlagSyntax {
  return { forms: { ...COMMON_FORMS, ...more } };
}

/** Flags of classes that compute their value: -m has no meaning and is ignored like unknown letters. */
export function computingFlags(more: Readonly<Record<string, FlagForm>> = {}): FlagSyntax {
  const { m: _, ...forms } = COMMON_FORMS;
  return { forms: { ...forms, ...more } };
}

/**
 * Reads the flags at the start of `args`.
 * @param into values already in force (defaults of the class, an earlier K line); the text's own come on top
 */
export function parseFlags(
  args: string,
  syntax: FlagSyntax,
  mapName: string,
  into: Iterable<readonly [string, string]>,
  problem: (text: string) => void,
): MapFlags & { entries(): Iterable<readonly [string, string]> } {
  const values = new Map(into);
  let at = skipBlanks(args, 0);
  while (args[at] === "-") {
    if (at + 1 === args.length) {
      // The text of the message ends where the letter would be.
      if (syntax.unknown) problem("Illegal option ");
      at++;
      break;
    }
    const letter = syntax.alias?.[args[at + 1]] ?? args[at + 1];
    const form = syntax.forms[letter];
    const quotable = form === "word" && syntax.quoted === true;
    const quoted = quotable ? quotedValue(args, at + 2) : undefined;
    if (quoted) {
      values.set(letter, quoted.value);
      at = skipBlanks(args, quoted.end);
      continue;
    }
    const end = wordEnd(args, at + 1);
    let value = args.slice(at + 2, end);
    at = skipBlanks(args, end);
    const last = syntax.onlyOne === true || (syntax.lonely === true && value !== "");
    if (form === undefined) {
      if (syntax.unknown) problem(syntax.unknown(letter, mapName));
      if (last) break;
      continue;
    }
    if (form === "separator" && end < args.length) value ||= " ";
    if (form === "word" && value === "") {
      const next = wordEnd(args, at);
      value = args.slice(at, next);
      at = skipBlanks(args, next);
    }
    values.set(letter, form === "switch" ? "" : form === "character" ? value.slice(0, 1) : value);
    if (last) break;
  }
  const rest = args.slice(at).trimEnd();
  return {
    has: (letter) => values.has(letter),
    value: (letter) => values.get(letter),
    rest,
    firstWord: rest.split(/[ \t\n]/, 1)[0],
    entries: () => values,
  };
}

/** A value in quotes, after blanks; undefined when there is none. What follows the second quote up to a blank is ignored. */
function quotedValue(text: string, from: number): { readonly value: string; readonly end: number } | undefined {
  const start = skipBlanks(text, from);
  const close = text[start] === '"' ? text.indexOf('"', start + 1) : -1;
  return close < 0 ? undefined : { value: text.slice(start + 1, close), end: wordEnd(text, close) };
}

function skipBlanks(text: string, at: number): number {
  while (isBlank(text[at])) at++;
  return at;
}

function wordEnd(text: string, at: number): number {
  while (at < text.length && !isBlank(text[at])) at++;
  return at;
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t" || character === "\n";
}
