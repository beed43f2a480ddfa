/** Columns of a table whose rows are messages, as arrays outside the heap: a few octets a message, and nothing to collect. */

export type Column = Float64Array | Uint32Array | Uint16Array | Uint8Array;

/** The same column with room for so many rows. */
export function withRoom<T extends Column>(column: T, rows: number): T {
  const larger = new (column.constructor as new (length: number) => T)(rows);
  larger.set(column.subarray(0, rows));
  return larger;
}

/** Rows that a table begins with, and grows to when these are too few: a quarter more each time. */
export const FIRST_ROWS = 1024;
export const moreRows = (rows: number): number => rows + Math.ceil(rows / 4);
