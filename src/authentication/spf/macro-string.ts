/**
 * Macro strings (RFC 7208 §7): `%{ir}.%{v}._spf.%{d2}`. Reading one tells its parts; expanding joins them with the facts of
 * a message. Only what is asked for is found out: %{p} asks the DNS.
 */
import type { MaybePromise } from "../../sys/maybe-promise.ts";

/** Letters in lower case. */
export type MacroLetter = "s" | "l" | "o" | "d" | "i" | "p" | "h" | "v" | "c" | "r" | "t";

export type MacroPart =
  | string
  | {
      readonly letter: MacroLetter;
      /** Parts that are kept, counted from the right; undefined: all. */
      readonly kept: number | undefined;
      readonly isReversed: boolean;
      readonly delimiters: string;
      /** An upper case letter: what no URL may hold is escaped. */
      readonly isEscaped: boolean;
    };

export type MacroString = readonly MacroPart[];

const EXPANSION = /%(?:\{([a-z])([0-9]*)(r?)([-.+,/_=]*)\}|([%_-]))/giy;
const EVERYWHERE = "slodiphv";
const IN_EXPLANATIONS = "crt";
const WRITTEN: Readonly<Record<string, string>> = { "%": "%", _: " ", "-": "%20" };

/** Nobody needs more. Each may stand for a local part of thousands of octets, which a stranger chooses. */
const MOST_PARTS = 64;

/**
 * @param where explanations know more letters (c, r, t), and blanks
 * @returns undefined when it is none
 */
export function readMacroString(text: string, where: "domain" | "explanation"): MacroString | undefined {
  const literal = where === "domain" ? /[!-$&-~]+/y : /[ -$&-~]+/y;
  const parts: MacroPart[] = [];
  for (let at = 0; at < text.length;) {
    const reader = text[at] === "%" ? EXPANSION : literal;
    reader.lastIndex = at;
    const found = reader.exec(text);
    if (found === null) return undefined;
    at = reader.lastIndex;
    const part = reader === literal ? found[0] : readExpansion(found, where);
    if (part === undefined || parts.length === MOST_PARTS) return undefined;
    parts.push(part);
  }
  return parts;
}

function readExpansion(found: RegExpExecArray, where: "domain" | "explanation"): MacroPart | undefined {
  const [, letter, digits, reversed, delimiters, sign] = found;
  if (letter === undefined) return WRITTEN[sign];
  const lower = letter.toLowerCase();
  const isKnown = EVERYWHERE.includes(lower) || (where === "explanation" && IN_EXPLANATIONS.includes(lower));
  if (!isKnown || (digits !== "" && Number(digits) === 0)) return undefined;
  return {
    letter: lower as MacroLetter,
    kept: digits === "" ? undefined : Number(digits),
    isReversed: reversed !== "",
    delimiters: delimiters === "" ? "." : delimiters,
    isEscaped: lower !== letter,
  };
}

/**
 * A domain-spec: a macro string that ends in a macro or in a dot and a top-level label (RFC 7208 §7.1).
 * @returns undefined when it is none
 */
export function readDomainSpec(text: string): MacroString | undefined {
  const parts = readMacroString(text, "domain");
  const last = parts?.at(-1);
  if (parts === undefined || last === undefined) return undefined;
  // "%%", "%_" and "%-" are macros, too.
  if (typeof last !== "string" || /%[%_-]$/.test(text)) return parts;
  return endsInLabel(last) ? parts : undefined;
}

function endsInLabel(text: string): boolean {
  const bare = text.endsWith(".") ? text.slice(0, -1) : text;
  const dot = bare.lastIndexOf(".");
  const label = bare.slice(dot + 1);
  return dot >= 0 && /^[a-z0-9-]+$/i.test(label) && !/^-|-$/.test(label) && /[a-z-]/i.test(label);
}

export function usesLetter(parts: MacroString, letters: string): boolean {
  return parts.some((part) => typeof part !== "string" && letters.includes(part.letter));
}

/** @param valueOf what a letter stands for */
export async function expandMacros(
  parts: MacroString,
  valueOf: (letter: MacroLetter) => MaybePromise<string>,
): Promise<string> {
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") text += part;
    else {
      const value = valueOf(part.letter);
      text += transformed(typeof value === "string" ? value : await value, part);
    }
  }
  return text;
}

function transformed(value: string, { kept, isReversed, delimiters, isEscaped }: Exclude<MacroPart, string>): string {
  let changed = value;
  if (kept !== undefined || isReversed || delimiters !== ".") {
    const words = split(value, delimiters);
    if (isReversed) words.reverse();
    changed = (kept === undefined ? words : words.slice(-kept)).join(".");
  }
  return isEscaped ? encodeURIComponent(changed).replace(/[!'()*]/g, hexadecimal) : changed;
}

function split(value: string, delimiters: string): string[] {
  const words = [""];
  for (const character of value) {
    if (delimiters.includes(character)) words.push("");
    else words[words.length - 1] += character;
  }
  return words;
}

function hexadecimal(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
