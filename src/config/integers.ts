/** Numbers as the C library reads them: what is no digit ends them, what is too large wraps around. */

/** An `int` of 32 bits. */
export function toInt32(text: string): number {
  const digits = /^[ \t\n]*([-+]?[0-9]+)/.exec(text)?.[1] ?? "0";
  return digits.length < 10 ? Number(digits) : Number(BigInt.asIntN(32, BigInt(digits.slice(0, 40).replace("+", ""))));
}
