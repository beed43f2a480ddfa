/**
 * How a report names a recipient (RFC 3464 §2.3.2): an Internet address with its domain, or what else it is.
 *
 *     joe            →   RFC822; joe@mail.example.test
 *     |/bin/false    →   X-Unix; |/bin/false
 *     a!b            →   X-UUCP; a!b        when T= of its mailer says so
 */
import type { Mailer } from "../config/mailer.ts";
import type { Recipient } from "../envelope/recipient.ts";
import { encodeUtf8Address } from "../mail/utf8-address.ts";
import { reportText } from "./report-text.ts";

/** What T= of the mailer that a recipient goes to calls hosts, addresses and diagnostics; undefined when it goes to none. */
export type TypesOf = (recipient: Pick<Recipient, "resolved">) => Mailer["types"] | undefined;

/** Programs, files and lists as aliases and `.forward` files name them. */
const LOCAL_OBJECT = /^"?(?:[|/]|:include:)/i;

/** True for programs, files and lists: they are no addresses, as `/C=DE/S=Doe/@gateway.test` is. */
export function isLocalObject({ given, resolved }: Pick<Recipient, "given" | "resolved">): boolean {
  return LOCAL_OBJECT.test(given) && (resolved?.mailer === "*file*" || !/^"?\/.*@/.test(given));
}

/**
 * @param host the domain of addresses that have none ($j)
 * @returns "type; address"
 */
export function namedRecipient(
  recipient: Pick<Recipient, "given" | "resolved">,
  host: string,
  types: TypesOf,
  utf8: boolean,
): string {
  const { given } = recipient;
  if (isLocalObject(recipient)) return `X-Unix; ${reportText(withoutQuotes(given), utf8)}`;
  const type = types(recipient)?.address;
  if (type !== undefined && !/^(?:rfc822|x-unix)$/i.test(type)) return `${type}; ${reportText(given, utf8)}`;
  const address = withDomain(given.replace(/^\\/, ""), host);
  if (!HIGH.test(address)) return `RFC822; ${reportText(address)}`;
  // RFC 6533 §3: the type of addresses that are not ASCII, and their form in a report that is.
  return `utf-8; ${utf8 ? reportText(address, true) : reportText(encodeUtf8Address(address))}`;
}

const HIGH = /[\x80-\xff]/;

/** The same for the end of the way. sendmail writes the type of addresses in another case there. */
export function actualRecipient(...about: Parameters<typeof namedRecipient>): string {
  return namedRecipient(...about).replace(/^RFC822;/, "rfc822;");
}

function withoutQuotes(text: string): string {
  return /^".*"$/.test(text) ? text.slice(1, -1).replace(/\\(.)/g, "$1") : text;
}

/** An `@` inside quotes is part of the local part. */
function withDomain(address: string, host: string): string {
  return address.replace(/"(?:[^"\\]|\\.)*"/g, "").includes("@") ? address : `${address}@${host}`;
}
