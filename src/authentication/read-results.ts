/**
 * What an Authentication-Results field says (RFC 8601 §2.2), where whoever wrote it is believed. Nothing is taken from comments; a field
 * with a quoted string that does not end says nothing.
 */
import { withoutComments } from "../mail/comments.ts";

export interface ReadResult {
  /** In small letters: "spf". */
  readonly method: string;
  /** In small letters: "pass". */
  readonly result: string;
  /** `smtp.mailfrom` → its value, without quotes; a domain, an address, or what else was found. */
  readonly properties: ReadonlyMap<string, string>;
}

/** @param value of the field, as it came */
export function readResults(value: string): readonly ReadResult[] {
  const [, ...statements] = statementsOf(withoutComments(value));
  return statements.map(readStatement).filter((each) => each !== undefined);
}

/** The authserv-id, and what stands between semicolons; those in quotes separate nothing. */
function statementsOf(text: string): readonly string[] {
  const statements: string[] = [];
  let isQuoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "\\") at++;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === ";" && !isQuoted) {
      statements.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return isQuoted ? [] : [...statements, text.slice(start)];
}

function readStatement(text: string): ReadResult | undefined {
  const method = /^\s*([a-z][a-z0-9-]*)(?:\s*\/\s*[0-9]+)?\s*=\s*([a-z]+)(?=\s|$)/i.exec(text);
  if (method === null) return undefined;
  const properties = new Map<string, string>();
  const property = /\s+([a-z]+(?:\s*\.\s*[a-z0-9-]+)?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))(?=\s|$)/isy;
  property.lastIndex = method[0].length;
  for (let found = property.exec(text); found !== null; found = property.exec(text)) {
    const name = found[1].toLowerCase().replaceAll(/\s/g, "");
    const given = found[2]?.replaceAll(/\\(.)/gs, "$1") ?? found[3];
    if (!properties.has(name)) properties.set(name, given);
  }
  return { method: method[1].toLowerCase(), result: method[2].toLowerCase(), properties };
}
