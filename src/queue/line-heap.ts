/**
 * Rows of a table in lines, each a pairing heap whose links are columns: some 40 octets for each row, nothing for each line but
 * the row that is first in it. Adding costs one comparison, taking the first out a few on average.
 *
 * Here a row is counted from 1, so that 0 is no row.
 */
import { FIRST_ROWS, moreRows, withRoom } from "./columns.ts";

export class LineHeap {
  readonly #isBefore: (a: number, b: number) => boolean;
  /** The first row below each one; the next one beside it; the one before it, or the one above the first. */
  #below = new Uint32Array(FIRST_ROWS);
  #next = new Uint32Array(FIRST_ROWS);
  #previous = new Uint32Array(FIRST_ROWS);

  constructor(isBefore: (a: number, b: number) => boolean) {
    this.#isBefore = isBefore;
  }

  /** Room for rows up to this one. */
  reserve(row: number): void {
    if (row < this.#below.length) return;
    this.#below = withRoom(this.#below, moreRows(row));
    this.#next = withRoom(this.#next, moreRows(row));
    this.#previous = withRoom(this.#previous, moreRows(row));
  }

  /** @returns the first row of the line with this one in it; of no line when `first` is 0 */
  add(first: number, row: number): number {
    this.#below[row] = 0;
    this.#next[row] = 0;
    this.#previous[row] = 0;
    return this.#join(first, row);
  }

  /** @returns the first row of the line without this one, or 0 */
  remove(first: number, row: number): number {
    const rest = this.#joinAll(this.#below[row]);
    if (row === first) return rest;
    const [previous, next] = [this.#previous[row], this.#next[row]];
    if (this.#below[previous] === row) this.#below[previous] = next;
    else this.#next[previous] = next;
    if (next !== 0) this.#previous[next] = previous;
    return this.#join(first, rest);
  }

  /** All rows of the line, in no order. Nothing may change meanwhile. */
  *rows(first: number): Generator<number, void, undefined> {
    const left = [first];
    for (let row = left.pop(); row !== undefined; row = left.pop()) {
      if (row === 0) continue;
      yield row;
      left.push(this.#next[row], this.#below[row]);
    }
  }

  /** Two lines become one. */
  #join(a: number, b: number): number {
    if (a === 0 || b === 0) return a + b;
    const [upper, lower] = this.#isBefore(b, a) ? [b, a] : [a, b];
    const beside = this.#below[upper];
    this.#next[lower] = beside;
    if (beside !== 0) this.#previous[beside] = lower;
    this.#previous[lower] = upper;
    this.#below[upper] = lower;
    this.#next[upper] = 0;
    this.#previous[upper] = 0;
    return upper;
  }

  /** Rows beside each other become one line: pairs from the left, then all of them from the right. */
  #joinAll(row: number): number {
    // Pairs are kept in a list, the last one first, by their own links.
    let pairs = 0;
    for (let left = row; left !== 0;) {
      const right = this.#next[left];
      const following = right === 0 ? 0 : this.#next[right];
      this.#single(left);
      if (right !== 0) this.#single(right);
      const pair = this.#join(left, right);
      this.#next[pair] = pairs;
      pairs = pair;
      left = following;
    }
    let first = 0;
    while (pairs !== 0) {
      const following = this.#next[pairs];
      this.#single(pairs);
      first = this.#join(first, pairs);
      pairs = following;
    }
    return first;
  }

  #single(row: number): void {
    this.#next[row] = 0;
    this.#previous[row] = 0;
  }
}
