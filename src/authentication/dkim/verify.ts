/**
 * Signatures of a message, checked while it comes in: keys are asked for when the header is there, the body is hashed as it
 * passes and never kept. Bounded for any header: a number of signatures, a budget of time, sizes of keys (key-record.ts).
 */
import type { Resolver } from "../../dns/resolver.ts";
import type { HeaderField } from "../../mail/header.ts";
import type { Clock } from "../../sys/clock.ts";
import { type ArcResult, ArcVerification } from "../arc/verify.ts";
import { BodyHashes } from "./body-hashes.ts";
import { checkMessageSignature, type Verdict } from "./check-signature.ts";
import { KeySource } from "./key-source.ts";
import { SignableHeader } from "./signable-header.ts";
import { isUnreadable, type MessageSignature, type Outline, outlineOf, readDkimSignature } from "./signature-field.ts";

export interface DkimResult {
  /**
   * As RFC 8601 §2.7.1 has them. "neutral": not to be read; "permerror": no usable key, or a claim that cannot be true;
   * "policy": not accepted here (rsa-sha1, small or huge keys, `l=` that leaves a part unsigned, a second From unsigned).
   */
  readonly result: "pass" | "fail" | "neutral" | "temperror" | "permerror" | "policy";
  readonly reason?: string;
  /** d= in ASCII and lower case; "" when it cannot be read. */
  readonly domain: string;
  readonly selector: string;
  /** i= as written. */
  readonly identity?: string;
  readonly algorithm: string;
  /** Size of the key. */
  readonly bits?: number;
  /** t=y: the domain asks that nothing follows from this result. */
  readonly testing: boolean;
  /** The first eight characters of b=, for Authentication-Results (RFC 6008). */
  readonly signature: string;
}

export interface VerificationOptions {
  readonly resolver: Resolver;
  readonly clock: Clock;
  /** Whether the ARC chain is checked, too. */
  readonly arc: boolean;
  /** Signatures that are looked at, from the top. */
  readonly mostSignatures?: number;
  /** Milliseconds that answers of DNS are waited for, all together; then "temperror". */
  readonly budget?: number;
}

export interface VerificationResult {
  /** One for each signature that was looked at, from the top; where there are more, one for all these. */
  readonly dkim: readonly DkimResult[];
  /** DKIM-Signature fields that the message has. */
  readonly signatures: number;
  readonly arc: ArcResult;
}

export interface MessageVerification {
  update(octets: Buffer): void;
  end(): Promise<VerificationResult>;
}

/** @param header fields as they arrived, in order; the body follows with CRLF line ends, in chunks of any size */
export function startVerification(
  header: readonly HeaderField[],
  { resolver, clock, arc, mostSignatures = 10, budget = 10_000 }: VerificationOptions,
): MessageVerification {
  const signable = new SignableHeader(header);
  const bodies = new BodyHashes();
  const keys = new KeySource(resolver, clock, budget);
  const fields = signable.all("dkim-signature");
  const checks = fields
    .slice(0, mostSignatures)
    .map((field) => new SignatureCheck(field, signable, keys, bodies, clock));
  const chain = arc ? new ArcVerification(signable, keys, bodies) : undefined;
  return {
    update: (octets) => bodies.update(octets),
    async end() {
      const dkim: DkimResult[] = [];
      for (const check of checks) dkim.push(await check.result());
      if (fields.length > checks.length) dkim.push(leftAlone(fields.length - checks.length));
      const result = { dkim, signatures: fields.length, arc: (await chain?.result()) ?? NOT_ASKED };
      keys.close();
      return result;
    },
  };
}

/** Stands for all signatures that nobody looked at. */
function leftAlone(count: number): DkimResult {
  const reason = `${count} more signatures are not looked at`;
  return { result: "policy", reason, domain: "", selector: "", algorithm: "", testing: false, signature: "" };
}

const NOT_ASKED: ArcResult = { result: "none", chain: [] };

class SignatureCheck {
  readonly #header: SignableHeader;
  readonly #keys: KeySource;
  readonly #bodies: BodyHashes;
  readonly #outline: Outline;
  readonly #signature: MessageSignature | undefined;
  readonly #known: Verdict | undefined;

  constructor(field: HeaderField, header: SignableHeader, keys: KeySource, bodies: BodyHashes, clock: Clock) {
    this.#header = header;
    this.#keys = keys;
    this.#bodies = bodies;
    const { tags, outline } = outlineOf(field.value);
    this.#outline = outline;
    const read =
      typeof tags === "string" ? { result: "neutral" as const, reason: tags } : readDkimSignature(field, tags);
    if (isUnreadable(read)) {
      this.#known = { ...read, testing: false };
      return;
    }
    this.#known = faultOfHeader(read, header, clock);
    if (this.#known) return;
    this.#signature = read;
    bodies.want(read.body);
    // So that the answer is there when the body is.
    void keys.keysOf(read.selector, read.domain);
  }

  async result(): Promise<DkimResult> {
    return { ...this.#outline, ...(this.#known ?? (await this.#check(this.#signature!))) };
  }

  async #check(signature: MessageSignature): Promise<Verdict> {
    const keys = await this.#keys.keysOf(signature.selector, signature.domain);
    return checkMessageSignature(signature, keys, this.#header, this.#bodies.get(signature.body));
  }
}

/** What makes a signature worthless before a key is asked for. */
function faultOfHeader(
  { expires, signedFields }: MessageSignature,
  header: SignableHeader,
  clock: Clock,
): Verdict | undefined {
  if (expires !== undefined && expires * 1000 < clock.now()) {
    return { result: "fail", reason: "signature expired", testing: false };
  }
  // Readers may show the one that was put on top (RFC 6376 §8.15).
  const signed = signedFields.filter((name) => name === "from").length;
  if (header.count("from") > signed) return { result: "policy", reason: "a From field is not signed", testing: false };
  return undefined;
}
