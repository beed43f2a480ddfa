/** What is asked of the text of an IP address. */

/** One of this machine alone. */
export function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

/** As mail writes it (RFC 5321 §4.1.3) between the brackets of a literal, and in macros: `192.0.2.1`, `IPv6:2001:db8::1`. */
export function taggedAddress(address: string): string {
  return address.includes(":") ? `IPv6:${address}` : address;
}

/** AF_INET or AF_INET6 of Linux, as {if_family} and {if_family_out} have them. */
export function familyNumber(address: string): "2" | "10" {
  return address.includes(":") ? "10" : "2";
}
