/** A class: a set of words, compared without regard to letter case (ASCII). Words may consist of several tokens. */
export interface ClassSet {
  has(word: string): boolean;
  /** Words as they were written. */
  words(): Iterable<string>;
  readonly size: number;
}
