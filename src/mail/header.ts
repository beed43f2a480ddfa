/**
 * Header fields of a message (RFC 5322 §2.2), kept as the sender wrote them.
 *
 * The octets of the value are latin1 code units; folding stays inside the value as CRLF followed by white space,
 * so that an untouched field is relayed octet for octet.
 */
export interface HeaderField {
  /** Field name as written, without the colon. */
  readonly name: string;
  /** Everything after the colon, usually beginning with a blank; without the final CRLF. */
  readonly value: string;
  /**
   * Mailer flags, one of which the mailer must have for this field to be sent: the `?DF?` of an H line, kept in the
   * queue. Absent: always sent.
   */
  readonly flags?: string;
}

export interface ParsedHeader {
  readonly fields: readonly HeaderField[];
  /**
   * What follows the first line that is no header field, when the empty line before the body is missing: it belongs
   * to the body. "" otherwise.
   */
  readonly rest: string;
}

/** A field begins a line: printable octets other than colon, perhaps white space (RFC 5322 §4.5), a colon. */
const fieldStart = /^([!-9;-~]+)[ \t]*:/;

/** Whether it may stand in front of the colon (RFC 5322 §2.2). */
export function isFieldName(text: string): boolean {
  return /^[!-9;-~]+$/.test(text);
}

/**
 * Reads a header block: CRLF (or LF) lines without the empty line that ends it.
 *
 * Lines before the first field that begin `From ` or `>From ` (mbox separators that some programs send along) are
 * dropped, as sendmail does.
 */
export function parseHeader(block: string): ParsedHeader {
  const fields: HeaderField[] = [];
  let position = 0;
  while (position < block.length) {
    const end = endOfField(block, position);
    const text = block.slice(position, end);
    const start = fieldStart.exec(text);
    if (start) {
      fields.push({ name: start[1], value: trimLineEnd(text.slice(start[0].length)) });
    } else if (!(fields.length === 0 && /^>?From /.test(text))) {
      return { fields, rest: block.slice(position) };
    }
    position = end;
  }
  return { fields, rest: "" };
}

/** Index after the line end of the field that begins at `start`, its continuation lines included. */
function endOfField(block: string, start: number): number {
  let position = start;
  for (;;) {
    const newline = block.indexOf("\n", position);
    if (newline < 0) return block.length;
    position = newline + 1;
    const next = block.charCodeAt(position);
    if (next !== 0x20 && next !== 0x09) return position;
  }
}

function trimLineEnd(text: string): string {
  if (text.endsWith("\r\n")) return text.slice(0, -2);
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}

/** Names compare without regard to case (RFC 5322 §1.2.2). */
export function isField(field: HeaderField, name: string): boolean {
  return field.name.length === name.length && field.name.toLowerCase() === name.toLowerCase();
}

export function findField(fields: readonly HeaderField[], name: string): HeaderField | undefined {
  return fields.find((field) => isField(field, name));
}

/** The value on one line: folding undone, outer white space gone. */
export function unfold(value: string): string {
  return value.replace(/\r?\n(?=[ \t])/g, "").trim();
}

/** A field as it stands in a message, with its CRLF. */
export function formatField(field: HeaderField): string {
  return `${field.name}:${field.value}\r\n`;
}

/** Octets of a field as check_eoh is told them: a line ends with one. */
export function countedOctets({ name, value }: HeaderField): number {
  const plain = value.includes("\r\n") ? value.replaceAll("\r\n", "\n") : value;
  return name.length + ":".length + plain.length + "\n".length;
}
