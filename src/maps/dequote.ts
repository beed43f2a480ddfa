/**
 * The class dequote: gives the key without its quotes, when it has some. What would not hold together without them is not
 * found: blanks (unless -s names a substitute, for spaces) and angles, parentheses or quotes that are not balanced.
 */
import { computingFlags } from "./flags.ts";
import { type BareResult, found, MISSING, type MapClass } from "./map-class.ts";

export const dequoteClass: MapClass = {
  constant: true,
  flags: { ...computingFlags(), alias: { s: "S" }, onlyOne: true },
  keepsCase: true,
  keepsQuotes: true,
  literal: true,
  open({ flags }) {
    const substitute = flags.value("S") || undefined;
    return { find: (key) => dequote(key, substitute) };
  },
};

function dequote(key: string, substitute: string | undefined): BareResult {
  let result = "";
  let quotes = 0;
  let angles = 0;
  let comments = 0;
  for (let at = 0; at < key.length; at++) {
    const character = key[at] === " " ? (substitute ?? " ") : key[at];
    if (character === "\\") {
      // An escaped character keeps its backslash: outside quotes it must still be no quote, blank or operator.
      if (at + 1 === key.length) return MISSING;
      result += character + key[++at];
      continue;
    }
    if (character === "(") comments++;
    else if (character === ")") comments--;
    else if (isBlank(character)) return MISSING;
    else if (comments === 0 && character === "<") angles++;
    else if (comments === 0 && character === ">") angles--;
    if (angles < 0 || comments < 0) return MISSING;
    if (character === '"' && comments === 0) quotes++;
    else result += character;
  }
  const balanced = angles === 0 && comments === 0 && quotes % 2 === 0;
  return quotes > 0 && balanced ? found(result) : MISSING;
}

function isBlank(character: string): boolean {
  return character === " " || (character >= "\t" && character <= "\r");
}
