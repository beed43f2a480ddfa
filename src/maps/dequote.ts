/**
 * The class dequote: gives the key without its quotes, when it has some. A blank between quotes would fall apart into
 * several words, so such a key is not found unless -s names a substitute.
 */
import { computingFlags } from "./flags.ts";
import { type BareResult, found, MISSING, type MapClass } from "./map-class.ts";

export const dequoteClass: MapClass = {
  flags: computingFlags({ s: "character" }),
  keepsCase: true,
  keepsQuotes: true,
  literal: true,
  open({ flags }) {
    const substitute = flags.value("s") || flags.value("S") || undefined;
    return { find: (key) => dequote(key, substitute) };
  },
};

function dequote(key: string, substitute: string | undefined): BareResult {
  let result = "";
  let quotes = 0;
  for (let at = 0; at < key.length; at++) {
    const character = key[at];
    if (character === "\\") {
      // An escaped character keeps its backslash: outside quotes it must still be no quote, blank or operator.
      result += key.slice(at, at + 2);
      at++;
    } else if (character === '"') {
      quotes++;
    } else if (character === " ") {
      if (substitute === undefined) return MISSING;
      result += substitute;
    } else {
      result += character;
    }
  }
  return quotes === 0 ? MISSING : found(result);
}
