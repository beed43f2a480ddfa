/**
 * ServerSSLOptions and ClientSSLOptions: names of OpenSSL's switches, `+` or nothing to set, `-` to clear, applied one after
 * the other to the library's own choice. TLS 1.2 stays the oldest version whatever they say.
 */
import { constants } from "node:crypto";

export interface SwitchedOptions {
  readonly bits: number;
  /** Words that have no effect: this TLS library does not know them, or they would switch on versions that are too old. */
  readonly unknown: readonly string[];
}

const OLD_VERSIONS: ReadonlySet<string> = new Set([
  "SSL_OP_NO_SSLV2",
  "SSL_OP_NO_SSLV3",
  "SSL_OP_NO_TLSV1",
  "SSL_OP_NO_TLSV1_1",
]);

export function readSslOptions(text: string): SwitchedOptions {
  const bitOf = new Map(Object.entries(constants).map(([name, bit]) => [name.toUpperCase(), bit as unknown]));
  const unknown: string[] = [];
  // There are bits beyond the 32nd: no operators of 32 bits.
  let bits = BigInt(constants.SSL_OP_ALL);
  for (const word of text.split(/[\s,]+/).filter((each) => each !== "")) {
    const clear = word.startsWith("-");
    const name = word.replace(/^[-+]/, "").toUpperCase();
    const isNumber = /^(?:0X[0-9A-F]+|[0-9]+)$/.test(name);
    const bit = isNumber ? Number(name) : name.startsWith("SSL_OP_") ? bitOf.get(name) : undefined;
    if (typeof bit !== "number" || (clear && OLD_VERSIONS.has(name))) unknown.push(word);
    else bits = clear ? bits & ~BigInt(bit) : bits | BigInt(bit);
  }
  return { bits: Number(bits), unknown };
}
