/**
 * Reads the argument of MAIL and RCPT: `FROM:<path> parameters`.
 *
 * Paths are taken as leniently as sendmail takes them (without angle brackets, with source routes, quoted, `host!user`):
 * what an address means is for the rulesets to say. Only where it ends is decided here.
 */
import { parse, SyntaxError } from "../generated/esmtp-params.js";
import type { Reply } from "../mail/reply.ts";
import { replies } from "./replies.ts";
import { printable } from "../mail/printable.ts";

export interface EsmtpParameter {
  /** In upper case. */
  readonly keyword: string;
  /** As the client wrote it. */
  readonly typed: string;
  /** null when the parameter has no `=`. */
  readonly value: string | null;
}

export type PathArgument =
  | {
      readonly kind: "path";
      /** As typed, brackets included, for replies: control characters cannot occur, the middle of a long one is left out. */
      readonly shown: string;
      /** Between the brackets. */
      readonly address: string;
      readonly parameters: readonly EsmtpParameter[];
    }
  | { readonly kind: "refused"; readonly reply: Reply };

/** @param word "FROM" or "TO" */
export function readPath(argument: string, word: "FROM" | "TO"): PathArgument {
  const text = argument.trimStart();
  const given = text.slice(0, word.length);
  // What sendmail says it was scanning: the last word that it understood.
  if (given.toUpperCase() !== word) return refused(replies.parameterSyntax(text.split(/[\s:]/, 1)[0]));
  const afterWord = text.slice(word.length).trimStart();
  const rest = afterWord.startsWith(":") ? afterWord.slice(1).trimStart() : "";
  if (rest === "") return refused(replies.parameterSyntax(given));
  const end = endOfPath(rest);
  const typed = rest.slice(0, end.index);
  if (end.problem !== undefined) return refused(replies.unbalanced(printable(typed), end.problem));
  const bracketed = typed.startsWith("<") && typed.endsWith(">");
  const address = bracketed ? typed.slice(1, -1).trim() : typed;
  if (hasControl(address)) return refused(replies.unprintable(address, word === "FROM" ? "5.1.7" : "5.1.3"));
  const shown = printable(bracketed ? `<${address}>` : typed);
  const tail = rest.slice(end.index);
  if (tail === "" || tail.trim() === "") return { kind: "path", shown, address, parameters: [] };
  const parameters = readParameters(tail);
  return "code" in parameters ? refused(parameters) : { kind: "path", shown, address, parameters };
}

function refused(answer: Reply): PathArgument {
  return { kind: "refused", reply: answer };
}

function hasControl(text: string): boolean {
  return /[\x00-\x1f\x7f]/.test(text);
}

/** Raw octets above 127 in an address: only a transaction with SMTPUTF8 may have them (RFC 6531 §3.3). */
export function isEightBit(address: string): boolean {
  return /[\x80-\xff]/.test(address);
}

function readParameters(tail: string): readonly EsmtpParameter[] | Reply {
  try {
    return parse(tail) as EsmtpParameter[];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // The word at which reading stopped is the one complained about.
    const { offset } = error.location.start;
    const isValue = tail[offset] === "=" && /[^ \t]/.test(tail[offset - 1] ?? " ");
    const stopped = tail.slice(isValue ? offset + 1 : offset);
    return replies.badParameter(/^[A-Za-z0-9-]*/.exec(stopped)?.[0] ?? "");
  }
}

interface PathEnd {
  readonly index: number;
  readonly problem?: string;
}

/** A path ends with its closing bracket, else at the first blank that is in no bracket, quote or comment. */
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
      if (angle === 0 && text.startsWith("<")) return { index: index + 1 };
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
