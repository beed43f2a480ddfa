/**
 * A message from standard input: lines ended by LF (or CRLF) become CRLF lines. Unless -i (manual §2.1, option IgnoreDots)
 * a line with a single dot ends it, and lines that begin with two dots lose one. Works on chunks; only an unfinished line is kept.
 */
const CRLF = Buffer.from("\r\n");

export async function* readMessage(input: AsyncIterable<Buffer>, ignoreDots: boolean): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of input) {
    const text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const last = text.lastIndexOf(0x0a);
    if (last < 0) {
      rest = text;
      continue;
    }
    rest = text.subarray(last + 1);
    const { octets, ended } = wholeLines(text.subarray(0, last + 1), ignoreDots);
    if (octets.length > 0) yield octets;
    if (ended) return;
  }
  if (rest.length === 0 || (!ignoreDots && rest.length === 1 && rest[0] === 0x2e)) return;
  yield wholeLines(Buffer.concat([rest, Buffer.from("\n")]), ignoreDots).octets;
}

/** @param text lines, each with its end */
function wholeLines(text: Buffer, ignoreDots: boolean): { octets: Buffer; ended: boolean } {
  const lines: Buffer[] = [];
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf(0x0a, start);
    const end = newline > start && text[newline - 1] === 0x0d ? newline - 1 : newline;
    if (!ignoreDots && end === start + 1 && text[start] === 0x2e) {
      return { octets: withoutBareReturns(Buffer.concat(lines)), ended: true };
    }
    // Where a dot ends the message, lines that begin with one may have been given another.
    if (!ignoreDots && end > start + 1 && text[start] === 0x2e && text[start + 1] === 0x2e) start++;
    lines.push(text.subarray(start, end), CRLF);
    start = newline + 1;
  }
  return { octets: withoutBareReturns(Buffer.concat(lines)), ended: false };
}

/** A carriage return inside a line would end it for the next server: it becomes a line end here. */
function withoutBareReturns(text: Buffer): Buffer {
  let bare = text.indexOf(0x0d);
  while (bare >= 0 && text[bare + 1] === 0x0a) bare = text.indexOf(0x0d, bare + 1);
  return bare < 0 ? text : Buffer.from(text.toString("latin1").replace(/\r(?!\n)/g, "\r\n"), "latin1");
}
