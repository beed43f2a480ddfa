/**
 * MaxMimeHeaderLength (manual §5.6): fields of a message's header that describe MIME are cut where they are too long, because
 * programs that read mail have been known to overflow there.
 *
 * What is cut stays well formed: quoted strings and comments that the cut leaves open are closed within the limit, and no
 * quoted pair is cut in two. A line end with its CR counts once, as in sendmail.
 */
import type { HeaderField } from "./header.ts";

/** Which fields are looked at, and how: names in lower case. */
export interface MimeLimits {
  /** Octets of a whole field; 0: no limit. */
  readonly field: number;
  /** Octets of each parameter, and of the value before them; 0: no limit. */
  readonly parameter: number;
  /** Fields without structure: class {checkMIMETextHeaders}. */
  readonly isText: (name: string) => boolean;
  /** Fields with structure: class {checkMIMEHeaders}. */
  readonly isStructured: (name: string) => boolean;
  /** Fields with parameters: class {checkMIMEFieldHeaders}. */
  readonly hasParameters: (name: string) => boolean;
}

/** "2048/1024" as numbers; the second is half of the first when it is missing. What is no number is no limit. */
export function readMimeLimits(text: string): Pick<MimeLimits, "field" | "parameter"> {
  const [field, parameter = NaN] = text.split("/").map((part) => Math.max(0, Number.parseInt(part, 10) || 0));
  return { field, parameter: Number.isNaN(parameter) ? Math.trunc(field / 2) : parameter };
}

export interface LimitedFields {
  readonly fields: readonly HeaderField[];
  /** The fields that were cut, as they came. */
  readonly cut: readonly HeaderField[];
}

/** The fields as they are passed on; the very same ones when none is too long. */
export function limitMimeFields(fields: readonly HeaderField[], limits: MimeLimits): LimitedFields {
  const least = Math.min(limits.field || Infinity, limits.parameter || Infinity);
  const cut: HeaderField[] = [];
  const limited = fields.map((field) => {
    if (field.value.length <= least) return field;
    const value = limitValue(field, limits);
    if (value === field.value) return field;
    cut.push(field);
    return { ...field, value };
  });
  return cut.length === 0 ? { fields, cut } : { fields: limited, cut };
}

function limitValue({ name, value }: HeaderField, limits: MimeLimits): string {
  const lower = name.toLowerCase();
  const isText = limits.field > 0 && limits.isText(lower);
  const isStructured = limits.field > 0 && limits.isStructured(lower);
  const hasParameters = limits.parameter > 0 && limits.hasParameters(lower);
  if (!isText && !isStructured && !hasParameters) return value;
  const [, lead, text] = /^([ \t]*)(.*)$/s.exec(value.replaceAll("\r\n", "\n")) ?? ["", "", value];
  let limited = text;
  if (isText && limited.length > limits.field) limited = limited.slice(0, limits.field);
  if (hasParameters) limited = parametersOf(limited).map(shorter(limits.parameter)).join(";");
  if (isStructured) limited = shorten(limited, limits.field);
  return limited === text ? value : lead + withoutBlankLines(limited).replaceAll("\n", "\r\n");
}

/** A field does not end with lines of white space (RFC 5322 §3.2.2). */
function withoutBlankLines(text: string): string {
  let end = text.length;
  for (;;) {
    const line = text.lastIndexOf("\n", end - 1);
    if (line < 0 || text.slice(line, end).trim() !== "") return text.slice(0, end);
    end = line;
  }
}

/** Cuts what follows the white space before a parameter. */
function shorter(limit: number): (parameter: string) => string {
  return (parameter) => {
    const text = parameter.trimStart();
    const short = shorten(text, limit);
    return short === text ? parameter : parameter.slice(0, parameter.length - text.length) + short;
  };
}

/** What stands open at some place of a structured field: a quoted string, or comments in each other. */
class Nesting {
  isQuoted = false;
  depth = 0;
  #isEscaped = false;
  /** True where the field may be cut behind the character that was read last: in no quoted pair, nor within a fold. */
  isWhole = true;

  read(character: string): void {
    this.#note(character);
    this.isWhole = !this.#isEscaped && character !== "\n";
  }

  #note(character: string): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (character === "\\") this.#isEscaped = true;
    else if (character === '"' && this.depth === 0) this.isQuoted = !this.isQuoted;
    else if (this.isQuoted) return;
    else if (character === "(") this.depth++;
    else if (character === ")" && this.depth > 0) this.depth--;
  }

  /** Characters that close what stands open. */
  get missing(): number {
    return this.depth + (this.isQuoted ? 1 : 0);
  }
}

/** The text between semicolons that stand in no quoted string and no comment. */
function parametersOf(text: string): readonly string[] {
  const parts: string[] = [];
  const nesting = new Nesting();
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === ";" && nesting.missing === 0 && nesting.isWhole) {
      parts.push(text.slice(start, at));
      start = at + 1;
    } else nesting.read(text[at]);
  }
  parts.push(text.slice(start));
  return parts;
}

/** The longest beginning that, closed, has no more than so many octets; the text itself when it is short and closed. */
function shorten(text: string, limit: number): string {
  const nesting = new Nesting();
  let best = "";
  let closing = "";
  const most = Math.min(text.length, limit);
  for (let at = 0; at < most; at++) {
    nesting.read(text[at]);
    if (at + 1 + nesting.missing > limit) continue;
    if (at + 1 === text.length) return text;
    if (nesting.isWhole) {
      best = text.slice(0, at + 1);
      closing = nesting.isQuoted ? '"' : ")".repeat(nesting.depth);
    }
  }
  return text.length === 0 ? text : best + closing;
}
