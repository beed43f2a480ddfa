/** Domains and selectors of signatures: in ASCII as DNS is asked for them, and in relation to each other. */
import { domainToASCII } from "node:url";

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/**
 * In lower case and A-labels (RFC 8616 §4), or undefined when it is no name.
 * @param text latin1, perhaps octets of UTF-8
 */
export function asciiName(text: string): string | undefined {
  let name = text.toLowerCase();
  if (/[\x80-\xff]/.test(text)) name = domainToASCII(Buffer.from(text, "latin1").toString("utf8"));
  if (name.length > 253) return undefined;
  return name.split(".").every((label) => LABEL.test(label)) ? name : undefined;
}

/** The same domain or one below it; both as asciiName has them. */
export function isWithin(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`);
}
