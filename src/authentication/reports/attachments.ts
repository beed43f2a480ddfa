/** The parts of a message that hold something, decoded: for programs that read reports which came by mail. Nothing is changed. */
import { readContentType } from "../../mail/content-type.ts";
import { withoutBlanksBehind } from "../../mail/mime-entity.ts";
import { findField, type HeaderField, parseHeader, unfold } from "../../mail/header.ts";

export interface Attachment {
  /** "application/gzip"; "text/plain" when the part says nothing. */
  readonly type: string;
  /** Its file name, "" without one. */
  readonly name: string;
  readonly octets: Buffer;
}

/** Multiparts and messages inside each other. */
const DEEPEST = 10;
const MOST_PARTS = 1000;

/**
 * @param message header and body; lines end with CRLF or LF
 * @throws an Error for a message with too many parts
 */
export function attachmentsOf(message: Buffer): readonly Attachment[] {
  const found: Attachment[] = [];
  collect(message.toString("latin1"), 0, found);
  return found;
}

function collect(text: string, depth: number, found: Attachment[]): void {
  const { fields, body } = separate(text);
  const content = readContentType(valueOf(fields, "content-type"));
  const encoding = valueOf(fields, "content-transfer-encoding").trim().toLowerCase();
  const boundary = content.parameter("boundary") ?? "";
  if (depth < DEEPEST && content.type === "multipart" && boundary !== "") {
    for (const part of partsOf(body, boundary)) collect(part, depth + 1, found);
    return;
  }
  const octets = decode(body, encoding);
  if (depth < DEEPEST && content.type === "message" && content.subtype === "rfc822") {
    collect(octets.toString("latin1"), depth + 1, found);
    return;
  }
  if (found.length === MOST_PARTS) throw new Error(`the message has more than ${MOST_PARTS} parts`);
  const disposition = readContentType(`x/${valueOf(fields, "content-disposition")}`);
  const name = disposition.parameter("filename") ?? content.parameter("name") ?? "";
  const type = content.type === "" ? "text/plain" : `${content.type}/${content.subtype}`;
  found.push({ type, name, octets });
}

function separate(text: string): { readonly fields: readonly HeaderField[]; readonly body: string } {
  // A part without a header begins with the empty line.
  const start = /^\r?\n/.exec(text);
  if (start !== null) return { fields: [], body: text.slice(start[0].length) };
  const end = /\r?\n\r?\n/.exec(text);
  const header = end === null ? text : text.slice(0, end.index);
  const { fields } = parseHeader(`${header.replace(/\r?\n/g, "\r\n")}\r\n`);
  return { fields, body: end === null ? "" : text.slice(end.index + end[0].length) };
}

function valueOf(fields: readonly HeaderField[], name: string): string {
  const field = findField(fields, name);
  return field === undefined ? "" : unfold(field.value).trim();
}

/** What stands between the delimiters (RFC 2046 §5.1.1); a last part without its end is taken, too. */
function partsOf(body: string, boundary: string): readonly string[] {
  const parts: string[] = [];
  const delimiter = `--${boundary}`;
  let start = -1;
  for (
    let at = nextDelimiter(body, delimiter, 0);
    at >= 0;
    at = nextDelimiter(body, delimiter, at + delimiter.length)
  ) {
    if (start >= 0) parts.push(body.slice(start, at).replace(/\r?\n$/, ""));
    if (body.startsWith("--", at + delimiter.length)) return parts;
    const lineEnd = body.indexOf("\n", at);
    if (lineEnd < 0) return parts;
    start = lineEnd + 1;
    if (parts.length > MOST_PARTS) throw new Error(`the message has more than ${MOST_PARTS} parts`);
  }
  if (start >= 0) parts.push(body.slice(start));
  return parts;
}

/** Index of the next line that begins with the delimiter and is no longer one. */
function nextDelimiter(body: string, delimiter: string, from: number): number {
  for (let at = body.indexOf(delimiter, from); at >= 0; at = body.indexOf(delimiter, at + 1)) {
    const isLine = at === 0 || body[at - 1] === "\n";
    const next = body[at + delimiter.length];
    if (isLine && (next === undefined || /[\s-]/.test(next))) return at;
  }
  return -1;
}

function decode(body: string, encoding: string): Buffer {
  if (encoding === "base64") return Buffer.from(body, "base64");
  if (encoding !== "quoted-printable") return Buffer.from(body, "latin1");
  // Line by line: a pattern for blanks at the end of lines would try each of a million blanks anew.
  const lines = body.split("\n").map((line) => withoutBlanksBehind(line.endsWith("\r") ? line.slice(0, -1) : line));
  const plain = lines
    .map((line, index) => (line.endsWith("=") ? line.slice(0, -1) : index === lines.length - 1 ? line : `${line}\r\n`))
    .join("")
    .replace(/=([0-9A-Fa-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(plain, "latin1");
}
