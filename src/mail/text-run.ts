/**
 * How far text goes without a control octet up to CR (line ends, NUL and TAB among them): what most octets of a message are not.
 * Four octets at a time, where the machine can look at them so: a body of 64 KB is looked through in half of the time.
 */

/** A text shorter than this is not worth another view of it. */
const SHORT = 256;

const CR = 13;
/** CR + 1 in each octet of a word, and the highest bit of each. */
const ABOVE_CR = 0x0e0e0e0e;
const HIGH_BITS = 0x80808080;

export class TextRun {
  readonly #octets: Buffer;
  /** The octets as words; those before the first whole word, and those behind the last one, are looked at one by one. */
  readonly #words: Int32Array | undefined;
  readonly #lead: number;

  constructor(octets: Buffer) {
    this.#octets = octets;
    this.#lead = -octets.byteOffset & 3;
    if (octets.length < SHORT) return;
    this.#words = new Int32Array(octets.buffer, octets.byteOffset + this.#lead, (octets.length - this.#lead) >> 2);
  }

  /** The first place from `from` on with an octet of at most 13; the length when there is none. */
  end(from: number): number {
    const octets = this.#octets;
    const words = this.#words;
    const { length } = octets;
    let at = from;
    if (words !== undefined) {
      const lead = this.#lead;
      while (at < length && ((at - lead) & 3) !== 0) {
        if (octets[at] <= CR) return at;
        at++;
      }
      if (at >= length) return length;
      let word = (at - lead) >> 2;
      while (word < words.length && ((words[word] - ABOVE_CR) & ~words[word] & HIGH_BITS) === 0) word++;
      at = lead + (word << 2);
    }
    while (at < length && octets[at] > CR) at++;
    return at;
  }
}
