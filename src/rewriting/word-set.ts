/** The words of a class in memory: C and F lines, `.C` of test mode. */
import type { ClassSet } from "./class-set.ts";
import { foldCase } from "./fold-case.ts";

export class WordSet implements ClassSet {
  /** Folded word → the word as it was first written. */
  readonly #words = new Map<string, string>();
  #longest = 0;

  constructor(words: Iterable<string> = []) {
    for (const word of words) this.add(word);
  }

  add(word: string): void {
    const key = foldCase(word);
    if (!this.#words.has(key)) this.#words.set(key, word);
    if (word.length > this.#longest) this.#longest = word.length;
  }

  has(word: string): boolean {
    return word.length <= this.#longest && this.#words.has(foldCase(word));
  }

  hasFolded(word: string): boolean {
    return this.#words.has(word);
  }

  words(): Iterable<string> {
    return this.#words.values();
  }

  get size(): number {
    return this.#words.size;
  }

  get longest(): number {
    return this.#longest;
  }
}

/** A class that nobody has filled. */
export const EMPTY_CLASS: ClassSet = new WordSet();
