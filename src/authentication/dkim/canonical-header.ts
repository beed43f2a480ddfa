/** Header fields in the form that is signed (RFC 6376 §3.4.1, §3.4.2). Texts are latin1: an octet each. */
import type { HeaderField } from "../../mail/header.ts";

export type Canonicalization = "simple" | "relaxed";

/** A field with its CRLF. */
export function canonicalField(field: HeaderField, form: Canonicalization): string {
  return form === "relaxed" ? relaxedField(field.name, field.value) : `${field.name}:${field.value}\r\n`;
}

/** A field without its CRLF: the signature itself, which is signed last. */
export function canonicalLast(name: string, value: string, form: Canonicalization): string {
  return form === "relaxed" ? relaxedField(name, value).slice(0, -2) : `${name}:${value}`;
}

function relaxedField(name: string, value: string): string {
  return `${name.toLowerCase()}:${relaxedValue(value)}\r\n`;
}

/** Folding undone, each run of blanks one space, none at the ends. A CR or LF alone is no line end and stays. */
function relaxedValue(value: string): string {
  let text = value;
  if (text.includes("\r\n")) text = text.replaceAll("\r\n", "");
  if (text.includes("\t") || text.includes("  ")) text = text.replaceAll(/[ \t]{2,}|\t/g, " ");
  const start = text.startsWith(" ") ? 1 : 0;
  const end = text.endsWith(" ") ? text.length - 1 : text.length;
  return end < start ? "" : text.slice(start, end);
}
