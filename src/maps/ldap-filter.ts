/**
 * Search filters of the class ldap: the key goes into the filter of the K line (RFC 4515).
 *
 *     (&(objectClass=person)(mail=%0))   %0 the key with the special characters protected, %s the key as it is,
 *                                        with -K also %1 to %9, the arguments of the look-up, protected; %% is %
 */

/** A filter longer or deeper than this comes from a key that wants to do harm. */
const LONGEST = 65_536;
const DEEPEST = 50;

/** Protects what means something in a filter (RFC 4515 §3): the result stands for exactly the octets of the text. */
export function escapeFilterValue(text: string): string {
  return text.replace(/[\0()*\\]/g, (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** @param args the arguments of a look-up with -K; undefined without -K, `%1` then stays as it is */
export function fillFilter(template: string, key: string, args: readonly string[] | undefined): string {
  return template.replace(/%([%s0-9])/g, (whole, what: string) => {
    if (what === "%") return "%";
    if (what === "s") return key;
    if (what === "0") return escapeFilterValue(key);
    return args === undefined ? whole : escapeFilterValue(args[Number(what) - 1] ?? "");
  });
}

/**
 * A filter as the client library reads it: in parentheses, as Unicode text, without blanks between its parts.
 * @param octets the filter, one code unit per octet (UTF-8 on the wire)
 * @returns undefined when it is no filter: empty, too long, too deep, or its parentheses do not match
 */
export function readableFilter(octets: string): string | undefined {
  const trimmed = octets.trim();
  if (trimmed === "" || trimmed.length > LONGEST) return undefined;
  const wrapped = trimmed.startsWith("(") ? trimmed : `(${trimmed})`;
  if (!isBalanced(wrapped)) return undefined;
  const dense = wrapped.replace(/\s+(?=\()|(?<=\))\s+(?=\))|(?<=\()\s+/g, "");
  // The library takes `\c3` for the character U+00C3, not for an octet: those above 7F go in unprotected.
  const raw = dense.replace(/\\([89a-f][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(raw, "latin1").toString("utf8");
}

function isBalanced(filter: string): boolean {
  let depth = 0;
  for (let at = 0; at < filter.length; at++) {
    if (filter[at] === "(" && ++depth > DEEPEST) return false;
    if (filter[at] === ")" && --depth === 0) return at === filter.length - 1;
  }
  return false;
}
