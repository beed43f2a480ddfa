/**
 * Whether the chain of ARC sets of a message holds (RFC 8617 §5.2): the newest message signature, and each seal over all sets
 * below it. Older message signatures are not looked at: whoever came later may have changed the message, that is what ARC is for.
 */
import type { MaybePromise } from "../../sys/maybe-promise.ts";
import type { BodyHashes } from "../dkim/body-hashes.ts";
import { canonicalLast } from "../dkim/canonical-header.ts";
import { checkMessageSignature, checkText, type Verdict } from "../dkim/check-signature.ts";
import type { Keys, KeySource } from "../dkim/key-source.ts";
import type { SignableHeader } from "../dkim/signable-header.ts";
import {
  isUnreadable,
  type MessageSignature,
  readMessageSignature,
  readSigned,
  type Signed,
} from "../dkim/signature-field.ts";
import { type ArcSet, arcSetsOf, SEAL, withoutInstance } from "./sets.ts";

export interface ArcResult {
  /** "temperror": a key could not be asked for. */
  readonly result: "none" | "pass" | "fail" | "temperror";
  readonly reason?: string;
  /** Who sealed, from the first to the last; of a chain that fails, who claims to have. */
  readonly chain: readonly { readonly domain: string; readonly selector: string }[];
  /** Value of the newest ARC-Authentication-Results behind "i=N;": what the last sealer says it saw. Only of a chain that passes. */
  readonly authResults?: string;
}

interface Chain {
  readonly sets: readonly ArcSet[];
  /** From i=1 on. */
  readonly seals: readonly Signed[];
  /** The newest. */
  readonly message: MessageSignature;
}

export class ArcVerification {
  readonly #header: SignableHeader;
  readonly #keys: KeySource;
  readonly #bodies: BodyHashes;
  readonly #chain: Chain | ArcResult;

  /** Asks for the keys, and for the hash of the body. */
  constructor(header: SignableHeader, keys: KeySource, bodies: BodyHashes) {
    this.#header = header;
    this.#keys = keys;
    this.#bodies = bodies;
    this.#chain = readChain(header);
    if ("result" in this.#chain) return;
    const { message, seals } = this.#chain;
    bodies.want(message.body);
    for (const { selector, domain } of [message, ...seals]) void keys.keysOf(selector, domain);
  }

  /** After the body. */
  async result(): Promise<ArcResult> {
    if ("result" in this.#chain) return this.#chain;
    const { sets, seals, message } = this.#chain;
    const chain = seals.map(({ domain, selector }) => ({ domain, selector }));
    const last = sets.length;
    const body = this.#bodies.get(message.body);
    const verdict = checkMessageSignature(message, await this.#keysOf(message), this.#header, body);
    if (verdict.result !== "pass") return { ...failed(`ARC-Message-Signature of i=${last}`, verdict), chain };
    const texts = this.#sealedTexts(this.#chain);
    for (let at = last - 1; at >= 0; at--) {
      const sealed = checkSeal(seals[at], await this.#keysOf(seals[at]), texts[at]);
      if (sealed.result !== "pass") return { ...failed(`ARC-Seal of i=${at + 1}`, sealed), chain };
    }
    return { result: "pass", chain, authResults: withoutInstance(sets[last - 1].results) };
  }

  #keysOf({ selector, domain }: Signed): MaybePromise<Keys> {
    return this.#keys.keysOf(selector, domain);
  }

  /** For each seal what it covers: all sets up to its own, itself without b= (RFC 8617 §5.1.1). */
  #sealedTexts({ sets, seals }: Chain): string[] {
    let before = "";
    return sets.map(({ results, message, seal }, at) => {
      before += this.#header.canonical(results, "relaxed") + this.#header.canonical(message.field, "relaxed");
      const text = before + canonicalLast(seal.field.name, seals[at].bare, "relaxed");
      before += this.#header.canonical(seal.field, "relaxed");
      return text;
    });
  }
}

function checkSeal(seal: Signed, keys: Keys, text: string): Verdict {
  if (keys.kind === "later") return { result: "temperror", reason: keys.reason, testing: false };
  if (keys.kind === "none") return { result: keys.result, reason: keys.reason, testing: false };
  return checkText(seal, keys.keys, text);
}

function failed(what: string, { result, reason }: Verdict): Omit<ArcResult, "chain"> {
  return { result: result === "temperror" ? "temperror" : "fail", reason: `${what}: ${reason ?? result}` };
}

/** The chain, or the result where it shows without a key. */
function readChain(header: SignableHeader): Chain | ArcResult {
  const found = arcSetsOf(header);
  if (found.kind === "broken") return { result: "fail", reason: found.reason, chain: [] };
  const { sets } = found;
  if (sets.length === 0) return { result: "none", chain: [] };
  const seals: Signed[] = [];
  for (const [at, { seal }] of sets.entries()) {
    const read = seal.tags.has("h") ? "h= has no place there" : sealOf(seal);
    if (typeof read === "string") return { result: "fail", reason: `ARC-Seal of i=${at + 1}: ${read}`, chain: [] };
    seals.push(read);
  }
  const message = messageSignatureOf(sets[sets.length - 1], header);
  if (typeof message !== "string") return { sets, seals, message };
  return { result: "fail", reason: `ARC-Message-Signature of i=${sets.length}: ${message}`, chain: [] };
}

function sealOf({ field, tags }: ArcSet["seal"]): Signed | string {
  const read = readSigned(field, tags);
  return isUnreadable(read) ? read.reason : read;
}

function messageSignatureOf({ message }: ArcSet, header: SignableHeader): MessageSignature | string {
  // RFC 8617 takes "simple" over from DKIM, where c= is missing; sealers, and the public suite of cases, mean "relaxed".
  const read = readMessageSignature(message.field, message.tags, "relaxed/relaxed");
  if (isUnreadable(read)) return read.reason;
  // RFC 8617 §4.1.2
  if (read.signedFields.includes(SEAL)) return "it signs a seal";
  // Whoever trusts the sealer would believe what a stranger has put on top.
  const senders = header.count("from");
  const signed = read.signedFields.filter((name) => name === "from").length;
  return senders > 1 && senders > signed ? "a From field is not signed" : read;
}
