/** Values that are lists of words or letters: their parts with the places that messages point at. */
import { nearestWord } from "../../source/nearest-word.ts";
import type { Check, CheckContext } from "./row.ts";

export interface PlacedWord {
  readonly word: string;
  readonly offset: number;
}

/** The parts of a value with their places. */
export function placed(value: string, part: RegExp): PlacedWord[] {
  return [...value.matchAll(part)].map(({ 0: word, index }) => ({ word, offset: index }));
}

/** Words of letters and digits. Octets beyond ASCII end a word, and are an empty one where none has begun. */
export function flagWords(value: string): PlacedWord[] {
  return [...value.matchAll(/([A-Za-z0-9]+)[^]?|[\x80-\xff]/g)].map(({ 1: word = "", index }) => ({
    word,
    offset: index,
  }));
}

/** What a word that is not known may stand for. */
export function meant(word: string, words: readonly string[]): { readonly help?: string } {
  const near = nearestWord(word, words);
  return near === undefined ? {} : { help: `is ${near} meant?` };
}

/** The words or letters that the option of a check takes. */
export function wordsOf({ row }: Pick<CheckContext, "row">): readonly string[] {
  return (row.type === "text" ? row.range : undefined) ?? [];
}

/** Words of which only the first letter counts. */
export const firstLetters: Check = (value, context) => {
  const known = wordsOf(context);
  for (const { word, offset } of placed(value, /[^\s,]+/g)) {
    const letter = word[0] < "\x80" ? word[0] : "?";
    if (!known.includes(letter)) {
      context.messages.warn(`Warning: Option: ${context.row.name} unknown parameter '${letter}'`, { offset });
    }
  }
  return value;
};
