/**
 * A message from standard input: lines ended by LF (or CRLF) become CRLF lines. Unless -i (manual §2.1, option IgnoreDots)
 * a line with a single dot ends it, and lines that begin with two dots lose one. Works on chunks; only an unfinished line is kept.
 */
const CRLF = Buffer.from("\r\n");

export async function* readMessage(input: AsyncIterable<Buffer>, ignoreDots: boolean): AsyncGenerator<Buffer> {
  const lines = new Lines(ignoreDots);
  // In pieces: a line of many megabytes (HTML, base64) is put together once.
  let rest: Buffer[] = [];
  for await (const chunk of input) {
    const last = chunk.lastIndexOf(0x0a);
    if (last < 0) {
      rest.push(chunk);
      continue;
    }
    const whole = chunk.subarray(0, last + 1);
    const octets = lines.read(rest.length === 0 ? whole : Buffer.concat([...rest, whole]));
    rest = last + 1 === chunk.length ? [] : [chunk.subarray(last + 1)];
    if (octets.length > 0) yield octets;
    if (lines.ended) return;
  }
  const unfinished = Buffer.concat(rest);
  if (unfinished.length === 0 || (!ignoreDots && unfinished.length === 1 && unfinished[0] === DOT)) return;
  yield lines.read(Buffer.concat([unfinished, NEWLINE]));
}

const NEWLINE = Buffer.from("\n");
const DOT = 0x2e;

/** The beginning of a header field, the continuation of one, or the separator of a mailbox before the first. */
const OF_HEADER = /^(?:[!-9;-~]+[ \t]*:|[ \t]|From )/;

/** Reads whole lines, each with its end. */
class Lines {
  readonly #ignoreDots: boolean;
  #inHeader = true;
  /** A line with a single dot came. */
  ended = false;

  constructor(ignoreDots: boolean) {
    this.#ignoreDots = ignoreDots;
  }

  /** @returns the same lines with CRLF */
  read(text: Buffer): Buffer {
    const header: Buffer[] = [];
    const lines: Buffer[] = [];
    let start = 0;
    while (start < text.length) {
      const newline = text.indexOf(0x0a, start);
      const end = newline > start && text[newline - 1] === 0x0d ? newline - 1 : newline;
      if (!this.#ignoreDots && text[start] === DOT) {
        if (end === start + 1) {
          this.ended = true;
          break;
        }
        // Where a dot ends the message, lines that begin with one may have been given another.
        if (text[start + 1] === DOT) start++;
      }
      const line = text.subarray(start, end);
      if (this.#inHeader && !OF_HEADER.test(line.toString("latin1"))) this.#inHeader = false;
      if (this.#inHeader) header.push(fieldLine(line), CRLF);
      else lines.push(line, CRLF);
      start = newline + 1;
    }
    const body = withoutBareReturns(Buffer.concat(lines));
    return header.length === 0 ? body : Buffer.concat([...header, body]);
  }
}

/** What a field holds cannot begin another one: a carriage return is a blank there; NUL is nothing. */
function fieldLine(line: Buffer): Buffer {
  if (!line.includes(0x0d) && !line.includes(0)) return line;
  return Buffer.from(line.toString("latin1").replaceAll("\r", " ").replaceAll("\0", ""), "latin1");
}

/** A carriage return inside a line would end it for the next server: it becomes a line end here. */
function withoutBareReturns(text: Buffer): Buffer {
  let bare = text.indexOf(0x0d);
  while (bare >= 0 && text[bare + 1] === 0x0a) bare = text.indexOf(0x0d, bare + 1);
  return bare < 0 ? text : Buffer.from(text.toString("latin1").replace(/\r(?!\n)/g, "\r\n"), "latin1");
}
