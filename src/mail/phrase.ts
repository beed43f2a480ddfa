/** Phrases in front of addresses (RFC 5322 §3.2.5): display names and names of groups. */
import { trimBlanks, trimBlanksAtStart } from "./blanks.ts";

const ENCODED_WORD = /=\?[^?\s()<>@,;:"[\]]+\?[bq]\?[^?\s]*\?=/iy;

/**
 * The end of the encoded word (RFC 2047 §2) that begins at `start`, or undefined when none does. Characters that have a
 * meaning elsewhere (commas, colons) have none inside, also where the sender should have encoded them.
 */
export function endOfEncodedWord(text: string, start: number): number | undefined {
  if (text[start] !== "=" || text[start + 1] !== "?") return undefined;
  ENCODED_WORD.lastIndex = start;
  return ENCODED_WORD.test(text) ? ENCODED_WORD.lastIndex : undefined;
}

/**
 * Quotes the words of a phrase that hold characters of `special`, and nothing else: what is quoted already, comments and
 * encoded words mean the same as before.
 *
 *     one "two" th.ree   →   one "two" "th.ree"        Dr. Joe   →   "Dr. Joe"
 */
export function quotePhrase(phrase: string, special: string): string {
  const parts: string[] = [];
  let bare = 0;
  const flush = (end: number): void => {
    if (end > bare) parts.push(quoteWords(phrase.slice(bare, end), special));
  };
  for (let at = 0; at < phrase.length;) {
    const end = endOfWord(phrase, at);
    if (end === undefined) {
      at += phrase[at] === "\\" ? 2 : 1;
      continue;
    }
    flush(at);
    parts.push(phrase.slice(at, end));
    at = end;
    bare = end;
  }
  flush(phrase.length);
  return parts.join("");
}

/** The end of the quoted, commented or encoded word that begins here; undefined when it is a bare one. */
function endOfWord(phrase: string, at: number): number | undefined {
  switch (phrase[at]) {
    case '"':
      return endOfQuoted(phrase, at);
    case "(":
      return endOfComment(phrase, at);
    default:
      return endOfEncodedWord(phrase, at);
  }
}

function endOfQuoted(phrase: string, start: number): number {
  let at = start + 1;
  while (at < phrase.length && phrase[at] !== '"') at += phrase[at] === "\\" ? 2 : 1;
  return Math.min(at + 1, phrase.length);
}

function endOfComment(phrase: string, start: number): number {
  let depth = 0;
  for (let at = start; at < phrase.length; at++) {
    if (phrase[at] === "\\") at++;
    else if (phrase[at] === "(") depth++;
    else if (phrase[at] === ")" && --depth === 0) return at + 1;
  }
  return phrase.length;
}

/** Bare words with the blanks around them. */
function quoteWords(text: string, special: string): string {
  const words = trimBlanks(text);
  if (!holdsOneOf(words, special)) return text;
  const lead = text.length - trimBlanksAtStart(text).length;
  return `${text.slice(0, lead)}"${words}"${text.slice(lead + words.length)}`;
}

function holdsOneOf(text: string, characters: string): boolean {
  for (const char of text) if (characters.includes(char)) return true;
  return false;
}
