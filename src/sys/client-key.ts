/** Who is one client for counts and turns: an IPv4 address, or a network of 64 bits of IPv6, which is what one customer gets. */
import { isIPv6 } from "node:net";

/** "192.0.2.1" as it is, "2001:db8:0:1:2:3:4:5" without its second half. */
export function clientKey(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address);
  if (mapped !== null) return mapped[1];
  if (!isIPv6(address)) return address;
  const [head, tail] = address.split("::");
  const front = head === "" ? [] : head.split(":");
  const behind = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - front.length - behind.length)).fill("0");
  return `${[...front, ...zeros, ...behind].slice(0, 4).join(":")}::`;
}
