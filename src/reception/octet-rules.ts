/** Options about the octets of a message that comes in: RejectNUL, SevenBitInput, EightBitMode. */
import { isAscii } from "node:buffer";
import type { Options } from "../config/config.ts";
import type { HeaderField } from "../mail/header.ts";
import type { Announcement } from "./transaction.ts";

const QUESTION_MARK = 0x3f;

/** Undefined where every octet may come, as nearly everywhere. A report of ours may have what the message it returns has. */
export function octetRules(
  options: Pick<Options, "flag">,
  { bodyType, isReport }: Announcement,
): OctetRules | undefined {
  if (isReport) return undefined;
  const refusesNul = options.flag("RejectNUL");
  // Who has said that eight bits come means them.
  const strips = options.flag("SevenBitInput") && bodyType !== "8BITMIME";
  return refusesNul || strips ? new OctetRules(refusesNul, strips) : undefined;
}

/** EightBitMode=strict: octets above 127 only where BODY=8BITMIME said that they come. */
export function hasForbiddenOctets(
  options: Pick<Options, "text">,
  { bodyType, smtputf8, isReport }: Announcement,
  { eightBit, fields }: { readonly eightBit: boolean; readonly fields: readonly HeaderField[] },
): boolean {
  if (bodyType === "8BITMIME" || smtputf8 || isReport) return false;
  if (!/^s/i.test(options.text("EightBitMode"))) return false;
  return eightBit || fields.some(({ name, value }) => /[\x80-\xff]/.test(name + value));
}

export class OctetRules {
  /** The message has an octet that no message may have. */
  isBroken = false;
  readonly #refusesNul: boolean;
  readonly #strips: boolean;

  constructor(refusesNul: boolean, strips: boolean) {
    this.#refusesNul = refusesNul;
    this.#strips = strips;
  }

  /** @returns the octets as they are kept */
  take(octets: Buffer): Buffer {
    if (this.#refusesNul && !this.isBroken) this.isBroken = octets.includes(0);
    return this.#strips && !isAscii(octets) ? Buffer.from(octets.map(stripped)) : octets;
  }
}

/** What would become a line end, or another control character, becomes none: it could end the header, or the message. */
function stripped(octet: number): number {
  if (octet < 0x80) return octet;
  const low = octet & 0x7f;
  return low < 0x20 || low === 0x7f ? QUESTION_MARK : low;
}
