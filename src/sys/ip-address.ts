/** What is asked of the text of an IP address. */
import { isIPv6 } from "node:net";

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

/** An IPv6 address with all its groups, none with zeros in front: `2001:db8:0:0:0:0:0:1`. Others stay as they are. */
export function spelledOut(address: string): string {
  if (!address.includes(":") || !isIPv6(address)) return address;
  const [head, tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(8 - first.length - last.length).fill("0");
  return [...first, ...zeros, ...last].join(":");
}
