/**
 * Bodies are CRLF in memory, in the journal and on the wire, LF in df files (as sendmail keeps them). CRLF becomes LF
 * and every LF becomes CRLF again: without loss for all bodies whose LFs follow a CR, which receiving makes sure of.
 */
const CR = 0x0d;
const LF = 0x0a;

/** Turns CRLF into LF, across chunks. */
export class CrlfToLf {
  #heldCr = false;

  /** The chunk, or a part of it, or a copy. The last CR is kept back until what follows is known. */
  convert(chunk: Buffer): Buffer {
    let from = chunk.indexOf(CR);
    if (from < 0 && !this.#heldCr) return chunk;
    const result = Buffer.allocUnsafe(chunk.length + 1);
    let filled = 0;
    if (this.#heldCr && chunk[0] !== LF && chunk.length > 0) result[filled++] = CR;
    if (chunk.length > 0) this.#heldCr = false;
    let start = 0;
    while (from >= 0) {
      const next = from + 1;
      if (next === chunk.length) {
        this.#heldCr = true;
        filled += chunk.copy(result, filled, start, from);
        return result.subarray(0, filled);
      }
      if (chunk[next] === LF) {
        filled += chunk.copy(result, filled, start, from);
        start = next;
      }
      from = chunk.indexOf(CR, next);
    }
    filled += chunk.copy(result, filled, start);
    return result.subarray(0, filled);
  }

  /** What was kept back. */
  end(): Buffer {
    const rest = this.#heldCr ? Buffer.of(CR) : Buffer.alloc(0);
    this.#heldCr = false;
    return rest;
  }
}

/** Line feeds in a buffer. */
export function countLf(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) count++;
  return count;
}

/** Turns every LF into CRLF. */
export function lfToCrlf(chunk: Buffer): Buffer {
  const lines = countLf(chunk);
  if (lines === 0) return chunk;
  const result = Buffer.allocUnsafe(chunk.length + lines);
  let filled = 0;
  let start = 0;
  for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, start)) {
    filled += chunk.copy(result, filled, start, at);
    result[filled++] = CR;
    result[filled++] = LF;
    start = at + 1;
  }
  chunk.copy(result, filled, start);
  return result;
}
