/** What a template of the builtin format asks for in one place. */

/** One `%-5.2d`. */
export interface Conversion {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  /** "h", "hh", "l" or nothing. */
  readonly size: string;
  readonly letter: string;
}
