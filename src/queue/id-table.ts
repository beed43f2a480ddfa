/**
 * Which messages there are: a row number for each queue id, and the ids in order. An id of up to fourteen characters, which is
 * what queue ids have, is kept as two numbers of seven characters each, so that a row costs some 21 octets and comparing two of
 * them no string. Order is that of the characters; as ids begin with the time, it is the order in which messages came.
 *
 * A row number belongs to its message until that is dropped, and to another one some time after.
 */
import { FIRST_ROWS, moreRows, withRoom } from "./columns.ts";

/** Characters in one number: seven times seven bits are less than 2^53. */
const CHARACTERS = 7;
const BASE = 128;

/** Rows in one piece of the order. */
const PIECE = 512;
/** Neighbours that have together no more than so many become one piece. */
const SMALL = PIECE / 2;

/** No such row. */
export const NONE = -1;

function numberOf(id: string, from: number): number {
  let number = 0;
  for (let at = from; at < from + CHARACTERS; at++) {
    number = number * BASE + (at < id.length ? Math.min(id.charCodeAt(at), BASE - 1) : 0);
  }
  return number;
}

/** Leaves out what stands for no character. */
function textOf(high: number, low: number): string {
  const codes: number[] = [];
  for (const number of [low, high]) {
    for (let rest = number; rest > 0; rest = Math.floor(rest / BASE)) {
      const code = rest % BASE;
      if (code > 0) codes.push(code);
    }
  }
  return String.fromCharCode(...codes.toReversed());
}

/** The two numbers have all of it. */
function isPlain(id: string): boolean {
  if (id.length > 2 * CHARACTERS) return false;
  for (let at = 0; at < id.length; at++) {
    const code = id.charCodeAt(at);
    if (code === 0 || code >= BASE) return false;
  }
  return true;
}

/** Rows in order of their ids. */
interface Piece {
  readonly rows: Uint32Array;
  size: number;
}

/** An id taken apart: what rows are compared with. */
interface Key {
  readonly id: string;
  readonly high: number;
  readonly low: number;
}

const keyOf = (id: string): Key => ({ id, high: numberOf(id, 0), low: numberOf(id, CHARACTERS) });

export class IdTable {
  #high = new Float64Array(FIRST_ROWS);
  #low = new Float64Array(FIRST_ROWS);
  /** Ids that the two numbers do not hold. */
  readonly #odd = new Map<number, string>();
  readonly #pieces: Piece[] = [];
  /** Rows that can be used again. */
  #free: number[] = [];
  /** Rows from here on were never used. */
  #end = 0;
  #size = 0;

  /** How many ids there are. */
  get size(): number {
    return this.#size;
  }

  /** Row numbers are below this one. */
  get end(): number {
    return this.#end;
  }

  /** A new row for an id that is not there. */
  add(id: string): number {
    const row = this.#free.pop() ?? this.#end++;
    if (row >= this.#high.length) {
      this.#high = withRoom(this.#high, moreRows(row));
      this.#low = withRoom(this.#low, moreRows(row));
    }
    const key = keyOf(id);
    this.#high[row] = key.high;
    this.#low[row] = key.low;
    if (!isPlain(id)) this.#odd.set(row, id);
    this.#insert(key, row);
    this.#size++;
    return row;
  }

  /** The row of an id, or NONE. */
  find(id: string): number {
    const key = keyOf(id);
    const number = this.#pieceFor(key);
    if (number < 0) return NONE;
    const { rows, size } = this.#pieces[number];
    const at = this.#place(rows, size, key);
    return at < size && this.#compare(rows[at], key) === 0 ? rows[at] : NONE;
  }

  id(row: number): string {
    return this.#odd.get(row) ?? textOf(this.#high[row], this.#low[row]);
  }

  /** @throws RangeError when the row is not in use */
  drop(row: number): void {
    const key = this.#key(row);
    const number = Math.max(0, this.#pieceFor(key));
    const piece = this.#pieces[number] ?? newPiece();
    const at = this.#place(piece.rows, piece.size, key);
    if (piece.rows[at] !== row) throw new RangeError(`Row ${row} has no id`);
    piece.rows.copyWithin(at, at + 1, piece.size--);
    this.#tidy(number);
    this.#odd.delete(row);
    this.#size--;
    if (this.#size > 0) {
      this.#free.push(row);
      return;
    }
    // An empty table is as small as a new one.
    this.#free = [];
    this.#end = 0;
    this.#high = new Float64Array(FIRST_ROWS);
    this.#low = new Float64Array(FIRST_ROWS);
  }

  /** Negative when the id of row `a` comes before that of `b`. */
  compareRows(a: number, b: number): number {
    const high = this.#high[a] - this.#high[b];
    if (high !== 0) return high;
    const low = this.#low[a] - this.#low[b];
    return low !== 0 || this.#odd.size === 0 ? low : order(this.id(a), this.id(b));
  }

  /** At most so many rows in order, those whose ids come after this one; it need not be there. */
  after(id: string | undefined, most: number): number[] {
    const found: number[] = [];
    const key = keyOf(id ?? "");
    for (let number = Math.max(0, this.#pieceFor(key)); number < this.#pieces.length; number++) {
      const { rows, size } = this.#pieces[number];
      let at = id === undefined ? 0 : this.#place(rows, size, key);
      if (id !== undefined && at < size && this.#compare(rows[at], key) === 0) at++;
      while (at < size && found.length < most) found.push(rows[at++]);
      if (found.length >= most) break;
    }
    return found;
  }

  #key(row: number): Key {
    return { id: this.#odd.size === 0 ? "" : this.id(row), high: this.#high[row], low: this.#low[row] };
  }

  #compare(row: number, { id, high, low }: Key): number {
    if (this.#high[row] !== high) return this.#high[row] - high;
    if (this.#low[row] !== low) return this.#low[row] - low;
    return id.length <= 2 * CHARACTERS && this.#odd.size === 0 ? 0 : order(this.id(row), id);
  }

  /** The last piece whose first id is not behind this one, or -1. */
  #pieceFor(key: Key): number {
    let low = -1;
    let high = this.#pieces.length - 1;
    // New ids come at the end.
    if (high >= 0 && this.#compare(this.#pieces[high].rows[0], key) <= 0) return high;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#compare(this.#pieces[middle].rows[0], key) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Where in a piece the first row stands that is not before this id. */
  #place(rows: Uint32Array, size: number, key: Key): number {
    if (size > 0 && this.#compare(rows[size - 1], key) < 0) return size;
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(rows[middle], key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(key: Key, row: number): void {
    let number = Math.max(0, this.#pieceFor(key));
    if (this.#pieces.length === 0) this.#pieces.push(newPiece());
    let piece = this.#pieces[number];
    let at = this.#place(piece.rows, piece.size, key);
    if (piece.size === PIECE) {
      // Behind the last one of all nothing has to be moved, so that pieces that are filled in order are full.
      const from = at === PIECE && number === this.#pieces.length - 1 ? PIECE : PIECE / 2;
      const next = newPiece();
      next.rows.set(piece.rows.subarray(from, PIECE));
      next.size = PIECE - from;
      piece.size = from;
      this.#pieces.splice(number + 1, 0, next);
      if (at > from || from === PIECE) {
        number++;
        at -= from;
        piece = next;
      }
    }
    piece.rows.copyWithin(at + 1, at, piece.size++);
    piece.rows[at] = row;
  }

  /** Pieces that have become small are put together. */
  #tidy(number: number): void {
    const { size } = this.#pieces[number];
    if (size === 0) {
      this.#pieces.splice(number, 1);
      return;
    }
    const left = size + (this.#pieces[number + 1]?.size ?? PIECE) <= SMALL ? number : number - 1;
    const [first, second] = [this.#pieces[left], this.#pieces[left + 1]];
    if (first === undefined || second === undefined || first.size + second.size > SMALL) return;
    first.rows.set(second.rows.subarray(0, second.size), first.size);
    first.size += second.size;
    this.#pieces.splice(left + 1, 1);
  }
}

function newPiece(): Piece {
  return { rows: new Uint32Array(PIECE), size: 0 };
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
