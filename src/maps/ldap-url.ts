/**
 * LDAP URLs in attributes of the type URL (RFC 4516): `ldap://host/base?attributes?scope?filter`. The host is not looked
 * at; extensions are not supported, and a URL with one that is critical is no URL for us.
 */
import type { Scope } from "./ldap-server.ts";

export interface LdapUrl {
  /** Octets as latin1, as everywhere here. */
  readonly base: string;
  /** Empty: all user attributes. */
  readonly attributes: readonly string[];
  readonly scope: Scope;
  readonly filter: string;
}

const SCOPES: Readonly<Record<string, Scope>> = { "": "base", base: "base", one: "one", sub: "sub" };

/** undefined when it is no LDAP URL. */
export function parseLdapUrl(text: string): LdapUrl | undefined {
  const found =
    /^(?:url:)?ldap[si]?:\/\/[^/?]*(?:\/([^?]*))?(?:\?([^?]*))?(?:\?([^?]*))?(?:\?([^?]*))?(?:\?(.*))?$/is.exec(
      text.trim(),
    );
  if (!found) return undefined;
  const [, base = "", attributes = "", scope = "", filter = "", extensions = ""] = found;
  const known = SCOPES[scope.toLowerCase()];
  if (known === undefined || /(?:^|,)!/.test(extensions)) return undefined;
  return {
    base: decode(base),
    attributes: decode(attributes)
      .split(",")
      .filter((name) => name !== "" && name !== "*"),
    scope: known,
    filter: decode(filter) || "(objectClass=*)",
  };
}

/** Octets, not characters: `%c3%bc` are two of them. */
function decode(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
