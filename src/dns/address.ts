/** Text forms of IP addresses: the canonical one (RFC 5952), the one in brackets, the reverse name (RFC 1035 §3.5, RFC 3596 §2.5). */
import { isIP, isIPv6 } from "node:net";

/** The canonical text of an address (`2001:db8::6`), or undefined when it is none. Zone ids are refused. */
export function canonicalAddress(text: string): string | undefined {
  const family = isIP(text);
  if (family === 0 || text.includes("%")) return undefined;
  if (family === 4) return text;
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

/** The address in `[192.0.2.1]`, `[IPv6:2001:db8::1]` or `[2001:db8::1]` (RFC 5321 §4.1.3), in canonical text. */
export function literalAddress(host: string): string | undefined {
  if (!host.startsWith("[") || !host.endsWith("]")) return undefined;
  return canonicalAddress(host.slice(1, -1).replace(/^ipv6:/i, ""));
}

/**
 * The address that a name in brackets means where the C library reads it: `[127.1]`, `[0x7f.0.0.1]`, whatever stands
 * behind the bracket. Undefined for `[host]`.
 */
export function bracketedAddress(host: string): string | undefined {
  const text = /^\[([^\]]*)\]/.exec(host)?.[1];
  if (text === undefined) return undefined;
  return canonicalAddress(text.replace(/^ipv6:/i, "")) ?? fourParts(text.trimEnd());
}

/** One to four numbers, decimal, octal or hexadecimal; the last one fills the octets that are left. */
function fourParts(text: string): string | undefined {
  const parts = text.split(".");
  if (parts.length > 4 || !parts.every((part) => /^(?:0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i.test(part))) return undefined;
  const numbers = parts.map((part) => (/^0[0-7]/.test(part) ? Number.parseInt(part, 8) : Number(part)));
  const last = numbers.pop() ?? 0;
  if (numbers.some((number) => number > 255) || last >= 256 ** (4 - numbers.length)) return undefined;
  const rest = Array.from({ length: 4 - numbers.length }, (_, i) => Math.trunc(last / 256 ** i) % 256).toReversed();
  return [...numbers, ...rest].join(".");
}

/** `1.2.0.192.in-addr.arpa` or the ip6.arpa name of an address. */
export function reverseName(address: string): string {
  if (!isIPv6(address)) return `${address.split(".").toReversed().join(".")}.in-addr.arpa`;
  return `${expand(address).toReversed().join(".")}.ip6.arpa`;
}

/** The 32 hexadecimal digits of an IPv6 address. */
function expand(address: string): string[] {
  const [head, tail] = canonicalAddress(address)!.split("::");
  const [first, last] = [groups(head), groups(tail)];
  const zeros = Array<string>(8 - first.length - last.length).fill("0");
  return [...first, ...zeros, ...last].flatMap((group) => group.padStart(4, "0").split(""));
}

function groups(text: string | undefined): string[] {
  return text ? text.split(":") : [];
}
