/**
 * Reads the argument of MAIL and RCPT: `FROM:<path> parameters`.
 *
 * Paths are taken as leniently as sendmail takes them (without angle brackets, with source routes, quoted, `host!user`):
 * what an address means is for the rulesets to say. Only where it ends is decided here.
 */
import { parse } from "../generated/esmtp-params.js";

export interface EsmtpParameter {
  /** In upper case. */
  readonly keyword: string;
  /** null when the parameter has no `=`. */
  readonly value: string | null;
}

export type PathArgument =
  | {
      readonly kind: "path";
      /** As typed, brackets included: replies repeat it. */
      readonly shown: string;
      /** Between the brackets. */
      readonly address: string;
      readonly parameters: readonly EsmtpParameter[];
    }
  /** No path at all; `scanned` is what sendmail says it was scanning. */
  | { readonly kind: "syntax"; readonly scanned: string }
  /** Brackets, quotes or comments that do not close: "Unbalanced '<'". */
  | { readonly kind: "unbalanced"; readonly shown: string; readonly problem: string }
  | { readonly kind: "parameters"; readonly text: string };

/** @param word "FROM" or "TO" */
export function readPath(argument: string, word: "FROM" | "TO"): PathArgument {
  const text = argument.trimStart();
  const given = text.slice(0, word.length);
  if (given.toUpperCase() !== word) return { kind: "syntax", scanned: text.split(/[\s:]/, 1)[0] };
  const afterWord = text.slice(word.length).trimStart();
  if (!afterWord.startsWith(":")) return { kind: "syntax", scanned: given };
  const rest = afterWord.slice(1).trimStart();
  if (rest === "") return { kind: "syntax", scanned: given };
  const end = endOfPath(rest);
  const shown = rest.slice(0, end.index);
  if (end.problem !== undefined) return { kind: "unbalanced", shown, problem: end.problem };
  const address = shown.startsWith("<") && shown.endsWith(">") ? shown.slice(1, -1).trim() : shown;
  const tail = rest.slice(end.index);
  if (tail.trim() === "") return { kind: "path", shown, address, parameters: [] };
  try {
    return { kind: "path", shown, address, parameters: parse(tail) as EsmtpParameter[] };
  } catch {
    return { kind: "parameters", text: tail.trim() };
  }
}

interface PathEnd {
  readonly index: number;
  readonly problem?: string;
}

/** A path ends at the first blank that is in no bracket, quote or comment. */
function endOfPath(text: string): PathEnd {
  let angle = 0;
  let comment = 0;
  let quoted = false;
  let index = 0;
  for (; index < text.length; index++) {
    const character = text[index];
    if (character === "\\") index++;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === "(") comment++;
    else if (character === ")") {
      if (--comment < 0) return { index: endOfWord(text, index), problem: "Unbalanced ')'" };
    } else if (comment > 0) continue;
    else if (character === "<") angle++;
    else if (character === ">") {
      if (--angle < 0) return { index: endOfWord(text, index), problem: "Unbalanced '>'" };
    } else if ((character === " " || character === "\t") && angle === 0) break;
  }
  if (index > text.length) index = text.length;
  if (quoted) return { index, problem: "Unbalanced '\"'" };
  if (comment > 0) return { index, problem: "Unbalanced '('" };
  if (angle > 0) return { index, problem: "Unbalanced '<'" };
  return { index };
}

function endOfWord(text: string, from: number): number {
  const blank = text.slice(from).search(/[ \t]/);
  return blank < 0 ? text.length : from + blank;
}
