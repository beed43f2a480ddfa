/**
 * An expansion in words, as sendmail -v has them: "list... aliased to joe, ann"; of files each line that names somebody,
 * "/etc/list: line 3: sending to joe, ann"; and who is on the list already.
 */
import type { Recipient, Triple } from "../envelope/recipient.ts";
import { quotedProgram } from "../mail/quoted-program.ts";

export interface ExpansionLine {
  /** "": the text says all. */
  readonly address: string;
  /** "aliased to joe, ann" */
  readonly text: string;
}

/** "/etc/mail/aliases: line 3" of an alias; undefined when nobody knows. */
export type AliasOrigins = (name: string) => string | undefined;

/**
 * @param all recipients after the expansion, by their indexes
 * @param origins "/etc/list: line 3" of members that a file names
 * @param aliasOrigins "/etc/mail/aliases: line 3" of those that are aliases, where that is to be told
 */
export function linesOfExpansion(
  all: readonly Recipient[],
  origins: ReadonlyMap<number, string>,
  aliasOrigins: ReadonlyMap<number, string> = new Map(),
): ExpansionLine[] {
  const membersOf = new Map<number, number[]>();
  for (const [index, { parent }] of all.entries()) {
    if (parent === undefined) continue;
    const siblings = membersOf.get(parent);
    if (siblings === undefined) membersOf.set(parent, [index]);
    else siblings.push(index);
  }
  // Who was typed and is on a list, too, was asked for by name.
  const typed = new Set(
    all.flatMap(({ parent, state, resolved }) =>
      parent === undefined && state !== "expanded" && resolved !== undefined ? [keyOf(resolved)] : [],
    ),
  );
  return all.flatMap(({ given, state, resolved }, index): ExpansionLine[] => {
    const members = membersOf.get(index) ?? [];
    if (state === "duplicate") {
      // A bad line that was told before is no second member.
      if (resolved === undefined || typed.has(keyOf(resolved))) return [];
      const place = origins.has(index) ? `${origins.get(index)}: ` : "";
      return [{ address: `${place}${quotedProgram(given)}`, text: "duplicate suppressed" }];
    }
    if (resolved?.mailer === "*include*") {
      return [{ address: given, text: `including file ${resolved.user}` }, ...lines(all, members, origins, "sending")];
    }
    if (state !== "expanded" || members.length === 0) return [];
    if (members.some((each) => origins.has(each))) return lines(all, members, origins, "forwarding");
    const names = members.map((each) => quotedProgram(all[each].given));
    const place = aliasOrigins.has(index) ? `${aliasOrigins.get(index)}: ` : "";
    return [{ address: `${place}${given}`, text: `aliased to ${names.join(", ")}` }];
  });
}

function keyOf({ mailer, host, user }: Triple): string {
  return [mailer, host.toLowerCase(), user].join("\0");
}

/** What each line of a file says, as far as it says who gets the mail: of bad lines nothing is shown. */
function lines(
  all: readonly Recipient[],
  members: readonly number[],
  origins: ReadonlyMap<number, string>,
  verb: string,
): ExpansionLine[] {
  const byLine = new Map<string, string[]>();
  for (const each of members) {
    const { given, state, resolved } = all[each];
    const place = origins.get(each);
    if (place === undefined || state === "failed" || (state === "duplicate" && resolved === undefined)) continue;
    const names = byLine.get(place);
    if (names === undefined) byLine.set(place, [quotedProgram(given)]);
    else names.push(quotedProgram(given));
  }
  return [...byLine].map(([place, names]) => ({ address: "", text: `${place}: ${verb} to ${names.join(", ")}` }));
}

/** The line as it is said. */
export function expansionText({ address, text }: ExpansionLine): string {
  return address === "" ? text : `${address}... ${text}`;
}
