/** Networks as keys of the access table, which go by whole octets (IPv6: by groups of four digits). */
import { isIPv4, isIPv6 } from "node:net";

/** More keys than this nobody wants to read. */
const MOST = 256;

/** `192.0.2.0/23` → 192.0.2, 192.0.3; undefined: it cannot be written so. */
export function networkKeys(network: string): readonly string[] | undefined {
  const [, address = "", bits] = /^\[?([0-9a-f.:]+)\]?(?:\/(\d{1,3}))?$/i.exec(network) ?? [];
  if (isIPv4(address)) return keys4(address, bits === undefined ? 32 : Number(bits));
  if (isIPv6(address)) return keys6(address, bits === undefined ? 128 : Number(bits));
  return undefined;
}

function keys4(address: string, bits: number): readonly string[] | undefined {
  if (bits < 1 || bits > 32) return undefined;
  const octets = address.split(".").map(Number);
  const whole = Math.ceil(bits / 8);
  const count = 2 ** (whole * 8 - bits);
  if (count > MOST) return undefined;
  const last = octets[whole - 1];
  const first = last - (last % count);
  return Array.from({ length: count }, (_each, index) => [...octets.slice(0, whole - 1), first + index].join("."));
}

function keys6(address: string, bits: number): readonly string[] | undefined {
  if (bits % 16 !== 0 || bits < 16 || bits > 128) return undefined;
  if (bits === 128) return [`IPv6:${address.toLowerCase()}`];
  const [left = "", right] = address.toLowerCase().split("::");
  const front = left === "" ? [] : left.split(":");
  const back = right === undefined || right === "" ? [] : right.split(":");
  const middle = right === undefined ? [] : Array.from({ length: 8 - front.length - back.length }, () => "0");
  return [`IPv6:${[...front, ...middle, ...back].slice(0, bits / 16).join(":")}`];
}
