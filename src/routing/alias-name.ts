/**
 * Names of aliases, as a text has them and as they are looked up: letter case of ASCII does not count, quotes that nothing
 * needs are not there, and a name at one of our own hosts is the name alone.
 *
 *     Joe → joe     "q" → q     "John Doe" → "john doe"     list@mail.example.test → list
 */
import { foldCase } from "../rewriting/fold-case.ts";

/** The form under which an alias is kept and found. */
export function aliasKey(name: string): string {
  return foldCase(
    name.replace(/^"((?:[^"\\]|\\.)*)"(?=$|\+)/s, (quoted, inside: string) => {
      const plain = inside.replace(/\\(.)/gs, "$1");
      return NEEDS_QUOTES.test(plain) ? quoted : plain;
    }),
  );
}

/** Nothing, or characters that mean something outside quotes. Octets above 0x7f are parts of UTF-8. */
const NEEDS_QUOTES = /^$|[\0- ()<>@,;:\\"[\]\x7f]/;

export type AliasName =
  | { readonly kind: "name"; readonly key: string }
  | { readonly kind: "problem"; readonly text: string };

/**
 * What stands before the colon of a line.
 * @param isOurs whether a domain (lower case, no final dot) is one of our own names
 */
export function readAliasName(written: string, isOurs: (domain: string) => boolean): AliasName {
  if (written === "") return { kind: "problem", text: "illegal alias name" };
  const at = /^((?:"(?:[^"\\]|\\.)*"|[^"@])+)@([^@"]*)$/s.exec(written);
  if (at === null) return { kind: "name", key: aliasKey(written) };
  const [, user, domain] = at;
  if (!isOurs(foldCase(domain.replace(/\.$/, "")))) return { kind: "problem", text: "cannot alias non-local names" };
  return { kind: "name", key: aliasKey(user) };
}
