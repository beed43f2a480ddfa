/** Whether -O and -o name options that there are: a misspelt one may be the one that protects, and is not passed over. */
import type { CommandLineSetting } from "../config/environment.ts";
import { optionByLetter, optionByName } from "../config/options/table.ts";
import { printable } from "../mail/printable.ts";

/** @returns sendmail's words about the first that is not one; undefined: all are */
export function unknownOption(settings: readonly CommandLineSetting[]): string | undefined {
  for (const { kind, text } of settings) {
    if (kind !== "option") continue;
    const problem = text.startsWith(" ") ? byName(text) : byLetter(text);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function byName(text: string): string | undefined {
  const name = /^\s*([^\s=.]*)/.exec(text)?.[1] ?? "";
  if (name === "") return "readcf: null option name";
  const found = optionByName(name);
  if (found.kind === "unknown") return `readcf: unknown option name ${printable(name)}`;
  if (found.kind === "found") return undefined;
  return `readcf: ambiguous option name ${printable(name)} (matches ${found.matches.join(" and ")})`;
}

function byLetter(text: string): string | undefined {
  const letter = text.charAt(0);
  if (letter !== "" && optionByLetter(letter) !== undefined) return undefined;
  return `readcf: unknown option name 0x${(letter === "" ? 0 : letter.charCodeAt(0)).toString(16)}`;
}
