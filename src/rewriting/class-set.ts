/** A class: a set of words, compared without regard to letter case (ASCII). Words may consist of several tokens. */
export interface ClassSet {
  has(word: string): boolean;
  /** As `has`, for a word whose letters A to Z are a to z already; spares folding it again. */
  hasFolded(word: string): boolean;
  /** Words as they were written. */
  words(): Iterable<string>;
  readonly size: number;
  /** Length of the longest word, in octets: no longer run of tokens can be in the class. */
  readonly longest: number;
}
