/** Names of domains and selectors, as they stand in addresses, in key folders and in DNS. */
import { domainToASCII } from "node:url";

/** RFC 1035 §2.3.1, with the underscore that some names of hosts have. */
const DOMAIN = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/**
 * A domain in lower case and ASCII (RFC 5890); undefined for what is none, as address literals. So it is safe as the name of a
 * folder, too.
 * @param text octets (latin1), UTF-8 where it is not ASCII
 */
export function asciiDomain(text: string): string | undefined {
  const plain = text.replace(/\.$/, "");
  const name = /[\x80-\xff]/.test(plain) ? domainToASCII(Buffer.from(plain, "latin1").toString("utf8")) : plain;
  const lower = name.toLowerCase();
  return DOMAIN.test(lower) ? lower : undefined;
}

/** A selector (RFC 6376 §3.1) in lower case; undefined for what is none. */
export function selectorName(text: string): string | undefined {
  const lower = text.toLowerCase();
  return DOMAIN.test(lower) ? lower : undefined;
}

/** The domain itself, then what it lies below, the nearest first; names of one label only where it is one. */
export function* domainAndParents(domain: string): Generator<string> {
  let name = domain;
  yield name;
  for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".")) {
    name = name.slice(dot + 1);
    if (!name.includes(".")) return;
    yield name;
  }
}

/** The words of an option, with blanks or commas between them. */
export function wordsOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}
