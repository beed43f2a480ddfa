/**
 * How a report names a recipient (RFC 3464 §2.3.2): an Internet address with its domain, or what else it is.
 *
 *     joe            →   RFC822; joe@mail.example.test
 *     |/bin/false    →   X-Unix; |/bin/false
 *     a!b            →   X-UUCP; a!b        when T= of its mailer says so
 */
import type { Recipient } from "../envelope/recipient.ts";
import { reportText } from "./report-text.ts";

/** The address type that T= of a mailer names ("rfc822", "X-Unix"); undefined when there is no such mailer. */
export type AddressTypes = (mailer: string) => string | undefined;

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
  types: AddressTypes,
  utf8: boolean,
): string {
  const { given, resolved } = recipient;
  if (isLocalObject(recipient)) return `X-Unix; ${reportText(withoutQuotes(given), utf8)}`;
  const type = resolved === undefined ? undefined : types(resolved.mailer);
  if (type !== undefined && !/^(?:rfc822|x-unix)$/i.test(type)) return `${type}; ${reportText(given, utf8)}`;
  const address = withDomain(given.replace(/^\\/, ""), host);
  // RFC 6533 §3: the type of addresses that are not ASCII.
  const isUtf8 = utf8 && !/^[\x20-\x7e]*$/.test(address);
  return `${isUtf8 ? "utf-8" : "RFC822"}; ${reportText(address, utf8)}`;
}

function withoutQuotes(text: string): string {
  return /^".*"$/.test(text) ? text.slice(1, -1).replace(/\\(.)/g, "$1") : text;
}

/** An `@` inside quotes is part of the local part. */
function withDomain(address: string, host: string): string {
  return address.replace(/"(?:[^"\\]|\\.)*"/g, "").includes("@") ? address : `${address}@${host}`;
}
