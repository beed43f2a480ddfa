/** Netstrings (https://cr.yp.to/proto/netstrings.txt): `5:hello,`. */

export function encodeNetstring(text: string): Buffer {
  return Buffer.from(`${text.length}:${text},`, "latin1");
}

export type NetstringReading =
  | { readonly kind: "complete"; readonly text: string; readonly rest: Buffer }
  | { readonly kind: "partial" }
  | { readonly kind: "wrong" };

/** Digits of the longest length that is taken seriously. */
const LENGTH_DIGITS = 7;

/** Reads one netstring at the start of what arrived. */
export function readNetstring(octets: Buffer, limit: number): NetstringReading {
  const colon = octets.subarray(0, LENGTH_DIGITS + 1).indexOf(":");
  const digits = octets.toString("latin1", 0, colon === -1 ? Math.min(octets.length, LENGTH_DIGITS + 1) : colon);
  if (!/^\d*$/.test(digits) || (colon === -1 ? digits.length > LENGTH_DIGITS : digits === "")) return { kind: "wrong" };
  if (colon === -1) return { kind: "partial" };
  const length = Number(digits);
  if (length > limit) return { kind: "wrong" };
  const end = colon + 1 + length;
  if (octets.length <= end) return { kind: "partial" };
  if (octets[end] !== 0x2c) return { kind: "wrong" };
  return { kind: "complete", text: octets.toString("latin1", colon + 1, end), rest: octets.subarray(end + 1) };
}
