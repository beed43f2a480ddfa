/** What the header of a MIME entity says about its body (RFC 2045, 2046), as far as its transfer encoding is concerned. */

import { readContentType } from "./content-type.ts";

export interface MimeEntity {
  /** "leaf": a body that may be encoded; "opaque": one that is left alone, whatever is in it. */
  readonly kind: "leaf" | "multipart" | "message" | "opaque";
  readonly boundary?: string;
  /** multipart/digest: parts without a type are messages. */
  readonly digest?: boolean;
  /** Text in lines; what is labelled as binary may have others. */
  readonly isText: boolean;
}

/** Encodings in which octets stand for themselves. */
const IDENTITIES: ReadonlySet<string> = new Set(["", "7bit", "8bit", "binary"]);

/**
 * @param type value of Content-Type, folding included; undefined when there is none
 * @param encoding value of Content-Transfer-Encoding
 * @param inDigest of a part of multipart/digest
 */
export function mimeEntity(type: string | undefined, encoding: string | undefined, inDigest = false): MimeEntity {
  const content = readContentType(type ?? "");
  const { type: main, subtype: sub } = content;
  const named = (encoding ?? "").trim().toLowerCase();
  const isIdentity = IDENTITIES.has(named);
  const inLines = named !== "binary";
  if (main === "") return { kind: inDigest ? "message" : isIdentity ? "leaf" : "opaque", isText: inLines };
  if (main === "multipart") {
    const boundary = withoutBlanksBehind(content.parameter("boundary") ?? "");
    // Encoded, or without a delimiter, it is no multipart that could be read (RFC 2045 §6.4).
    if (boundary === "" || !isIdentity) return { kind: "opaque", isText: false };
    return { kind: "multipart", boundary, digest: sub === "digest", isText: false };
  }
  if (main === "message") {
    if (!isIdentity) return { kind: "opaque", isText: false };
    // Messages with other characters in their headers, and reports about them, may be encoded as a whole (RFC 6532 §3.5, RFC 6533 §4).
    if (/^global(?:-|$)/.test(sub)) return { kind: "leaf", isText: true };
    return { kind: sub === "rfc822" ? "message" : "opaque", isText: false };
  }
  return { kind: isIdentity ? "leaf" : "opaque", isText: main === "text" && inLines };
}

/** Only blanks and tabs are blanks in MIME; in Unicode, which trimEnd() is about, so are octets such as A0. */
export function withoutBlanksBehind(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === " " || text[end - 1] === "\t")) end--;
  return text.slice(0, end);
}

/** Value of the first field with this name in the lines of a header, unfolded; undefined for none. */
export function fieldValue(lines: readonly string[], name: string): string | undefined {
  const at = lines.findIndex((line) => isFieldNamed(line, name));
  if (at < 0) return undefined;
  let value = lines[at].slice(lines[at].indexOf(":") + 1);
  for (let next = at + 1; next < lines.length && /^[ \t]/.test(lines[next]); next++) value += lines[next];
  return value.trim();
}

/** @param name in lower case */
export function isFieldNamed(line: string, name: string): boolean {
  return (
    line.slice(0, name.length).toLowerCase() === name && /^[ \t]*:/.test(line.slice(name.length, name.length + 80))
  );
}
