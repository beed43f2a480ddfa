/**
 * Reads the destinations that an alias, a .forward file or a :include: file names (manual §4.4 aliases, §4.6 .forward).
 *
 *     joe, "|/usr/bin/vacation joe", /var/mail/archive, :include:/etc/mail/list, \ann
 */
import { eachMember } from "./list-text.ts";

export type Destination =
  /** An address; `final` for `\user`: delivered as it is, no alias and no .forward is looked for. */
  | { readonly kind: "address"; readonly text: string; readonly final: boolean }
  | { readonly kind: "program"; readonly text: string }
  | { readonly kind: "file"; readonly text: string }
  | { readonly kind: "include"; readonly text: string };

/** @param text list text, of any length; line ends separate like commas */
export function parseDestinations(text: string): Destination[] {
  return [...eachDestination(text)];
}

/** The same, one after the other. */
export function* eachDestination(text: string): Generator<Destination, void, undefined> {
  for (const member of eachMember(text)) yield destination(member);
}

/** A destination with the line of the file that names it. */
export interface Member {
  readonly target: Destination;
  /** From 1; absent for the right side of an alias. */
  readonly line?: number;
}

/**
 * The destinations of a `.forward` or `:include:` file, or of some lines of it. Lines that begin with # are comments.
 * @param line number of the first line
 */
export function* eachLineMember(text: string, line = 1): Generator<Member, void, undefined> {
  for (let start = 0; start < text.length; line++) {
    const feed = text.indexOf("\n", start);
    const end = feed < 0 ? text.length : feed;
    const content = text.slice(start, end);
    start = end + 1;
    if (content.trimStart().startsWith("#")) continue;
    for (const target of eachDestination(content)) yield { target, line };
  }
}

/** Classifies one destination as written: quotes around the whole of it are only there to protect blanks and commas. */
export function destination(item: string): Destination {
  const text = unquote(item);
  // Both "|program args" and |"program args" are written.
  if (text.startsWith("|")) return { kind: "program", text: unquote(text.slice(1).trim()) };
  if (text.startsWith("/")) return { kind: "file", text };
  if (/^:include:/i.test(text)) return { kind: "include", text: unquote(text.slice(":include:".length).trim()) };
  if (item.startsWith("\\")) return { kind: "address", text: item.slice(1), final: true };
  return { kind: "address", text: item, final: false };
}

/** Takes quotes away that stand around the whole of a text. */
function unquote(text: string): string {
  const end = text.length - 1;
  if (end < 1 || text[0] !== '"' || text[end] !== '"') return text;
  for (let at = 1; at < end; at++) {
    // A quote inside ends the first part; a backslash before the last one makes it a part of the text.
    if (text[at] === '"' || (text[at] === "\\" && ++at === end)) return text;
  }
  return text.slice(1, end).replace(/\\(.)/gs, "$1");
}

/** The text that `destination` reads back as the same thing: how children are kept in the queue. */
export function destinationText(target: Destination): string {
  switch (target.kind) {
    case "program":
      return `|${target.text}`;
    case "include":
      return `:include:${target.text}`;
    case "file":
      return target.text;
    case "address":
      return target.final ? `\\${target.text}` : target.text;
  }
}
