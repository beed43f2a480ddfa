/**
 * Tag lists, the syntax of signatures and key records (RFC 6376 §3.2): `v=1; a=rsa-sha256; b=dzdVy\r\n OfAKC`.
 *
 * Strict: a tag twice, a name or a value with an octet that may not be there, a part without "=", make the list void.
 * Octets above 127 are let through, for domains and users in UTF-8 (RFC 8616).
 */

export interface Tag {
  /** Without the white space around it; folding inside stays. */
  readonly value: string;
  /** Where it stands in the list: from behind "=" up to ";" or the end, white space included. */
  readonly start: number;
  readonly end: number;
}

/** In the order of the list. */
export type TagList = ReadonlyMap<string, Tag>;

const NAME = /^[A-Za-z][A-Za-z0-9_]*$/;
/** What no value has in it: controls that are no folding. A fold is CRLF and a blank; lines may end with LF alone here. */
const BAD_OCTET = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|\n(?![ \t])/;

/** The tags, or what is wrong. */
export function parseTagList(text: string): TagList | string {
  if (BAD_OCTET.test(text)) return "an octet that no tag list may have";
  const tags = new Map<string, Tag>();
  for (let at = 0; at < text.length;) {
    const semicolon = text.indexOf(";", at);
    const end = semicolon < 0 ? text.length : semicolon;
    const equals = text.indexOf("=", at);
    if (equals < 0 || equals >= end) {
      // White space behind the last semicolon, of one who folds there.
      if (semicolon < 0 && tags.size > 0 && text.slice(at).trim() === "") return tags;
      return `a tag without "=": "${excerpt(text.slice(at, end))}"`;
    }
    const name = trimFolding(text.slice(at, equals));
    if (!NAME.test(name)) return `not a tag name: "${excerpt(name)}"`;
    if (tags.has(name)) return `the tag ${excerpt(name)}= twice`;
    tags.set(name, { value: trimFolding(text.slice(equals + 1, end)), start: equals + 1, end });
    at = end + 1;
  }
  return tags;
}

/** A few octets of a stranger's text, fit for a log. */
export function excerpt(text: string): string {
  const shown = text.slice(0, 40).replaceAll(/[^ -~]/g, "?");
  return text.length > 40 ? `${shown}...` : shown;
}

/** A value without any white space, as base64 and lists are read. */
export function withoutFolding(value: string): string {
  return /[ \t\r\n]/.test(value) ? value.replaceAll(/[ \t\r\n]+/g, "") : value;
}

/** The parts of a list with colons, without white space around them. */
export function colonList(value: string): string[] {
  return value.split(":").map(trimFolding);
}

/** Octets of a base64 value, folding taken out; undefined when it is not base64. */
export function base64Octets(value: string): Buffer | undefined {
  const text = withoutFolding(value);
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, "base64");
}

function trimFolding(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 10;
}
