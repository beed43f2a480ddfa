/** Octets of IP addresses, for comparing prefixes. */
import { isIPv4, isIPv6 } from "node:net";

/** 4 or 16 octets. */
export type IpOctets = readonly number[];

/**
 * The octets of an address. One of IPv4 that is written as IPv6 (`::ffff:192.0.2.1`) counts as IPv4.
 * @param asWritten keep the family that the text has
 */
export function octetsOf(address: string, asWritten?: 4 | 6): IpOctets {
  if (isIPv4(address)) return address.split(".").map(Number);
  const groups = groupsOf(address);
  const octets = groups.flatMap((group) => [group >> 8, group & 0xff]);
  return asWritten === undefined && isMapped(groups) ? octets.slice(12) : octets;
}

/** Undefined for what is no address, or has a zone (`fe80::1%eth0`). */
export function readAddress(text: string): IpOctets | undefined {
  return (isIPv4(text) || isIPv6(text)) && !text.includes("%") ? octetsOf(text) : undefined;
}

function groupsOf(address: string): number[] {
  // Its last two groups may be written as an address of IPv4.
  const hexadecimal = address.replace(/[0-9.]+$/, (tail) => (tail.includes(".") ? twoGroups(tail) : tail));
  const [head, tail] = hexadecimal.split("::");
  const first = numbers(head);
  const last = numbers(tail);
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}

function numbers(groups: string | undefined): number[] {
  return groups ? groups.split(":").map((group) => Number.parseInt(group, 16)) : [];
}

function twoGroups(text: string): string {
  const [a, b, c, d] = text.split(".").map(Number);
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function isMapped(groups: readonly number[]): boolean {
  return groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
}

/** True when both are of one family and their first `length` bits are the same. */
export function samePrefix(a: IpOctets, b: IpOctets, length: number): boolean {
  if (a.length !== b.length) return false;
  const whole = length >> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const bits = length & 7;
  return bits === 0 || a[whole] >> (8 - bits) === b[whole] >> (8 - bits);
}

/** As macro i writes it (RFC 7208 §7.3): `192.0.2.1`, or the 32 hexadecimal digits with dots. */
export function dotted(octets: IpOctets): string {
  if (octets.length === 4) return octets.join(".");
  return octets.map((octet) => octet.toString(16).toUpperCase().padStart(2, "0").split("").join(".")).join(".");
}

/** Name of the PTR record. */
export function reversedName(octets: IpOctets): string {
  const digits = dotted(octets).split(".").toReversed().join(".");
  return `${digits}.${octets.length === 4 ? "in-addr" : "ip6"}.arpa`;
}
