/** Takes the dots away that a message got for its way (RFC 5321 §4.5.2): what a server keeps of it. Copies nothing. */

const DOT = 46;
const LF = 10;
const LINE_AND_DOT = Buffer.from("\n.");

/** Keep one object for one message, whose lines end with CRLF. */
export class DotRemover {
  #atLineStart = true;

  /** The chunk without such dots, as slices of it, none of them empty. */
  *pieces(chunk: Buffer): Generator<Buffer> {
    if (chunk.length === 0) return;
    let start = this.#atLineStart && chunk[0] === DOT ? 1 : 0;
    for (let at = chunk.indexOf(LINE_AND_DOT, start); at >= 0; at = chunk.indexOf(LINE_AND_DOT, start)) {
      yield chunk.subarray(start, at + 1);
      start = at + LINE_AND_DOT.length;
    }
    this.#atLineStart = chunk[chunk.length - 1] === LF;
    if (start < chunk.length) yield chunk.subarray(start);
  }
}

/** The same for a text that begins a line. */
export function withoutStuffedDots(text: string): string {
  const plain = text.startsWith(".") ? text.slice(1) : text;
  return plain.includes("\n.") ? plain.replaceAll("\n.", "\n") : plain;
}
