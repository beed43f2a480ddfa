/** Whether a signature holds: key, body, header (RFC 6376 §6.1). */
import { hash, verify } from "node:crypto";
import type { BodyHash } from "./body-hashes.ts";
import { canonicalLast } from "./canonical-header.ts";
import type { PublicKey } from "./key-record.ts";
import type { Keys } from "./key-source.ts";
import type { SignableHeader } from "./signable-header.ts";
import type { MessageSignature, Signed } from "./signature-field.ts";

export interface Verdict {
  readonly result: "pass" | "fail" | "neutral" | "temperror" | "permerror" | "policy";
  readonly reason?: string;
  readonly bits?: number;
  readonly testing: boolean;
}

/** A signature over header and body. @param body in the form that the signature names */
export function checkMessageSignature(
  signature: MessageSignature,
  keys: Keys,
  header: SignableHeader,
  body: BodyHash,
): Verdict {
  const bodyFault = faultOfBody(signature, body);
  // Another answer of DNS could not make a changed body good.
  if (keys.kind === "later") return bodyFault ?? { result: "temperror", reason: keys.reason, testing: false };
  if (keys.kind === "none") return { result: keys.result, reason: keys.reason, testing: false };
  const text =
    header.text(signature.signedFields, signature.header, signature.field) +
    canonicalLast(signature.field.name, signature.bare, signature.header);
  const verdict = checkText(signature, keys.keys, text);
  const fault = bodyFault ?? faultOfUse(signature, keys.keys);
  return fault ? { ...verdict, ...fault, testing: verdict.testing } : verdict;
}

/** The signature alone, over a text that is put together already. */
export function checkText(signature: Signed, keys: readonly PublicKey[], text: string): Verdict {
  const fitting = keys.filter(({ type }) => type === signature.keyType);
  if (fitting.length === 0) {
    return { result: "permerror", reason: `the key is not for ${signature.algorithm}`, testing: false };
  }
  const octets = Buffer.from(text, "latin1");
  const good = fitting.find((key) => holds(key, octets, signature.signature));
  const { bits, testing } = good ?? fitting[0];
  if (good === undefined) return { result: "fail", reason: "signature did not verify", bits, testing };
  return { result: "pass", bits, testing };
}

function holds({ type, key }: PublicKey, octets: Buffer, signature: Buffer): boolean {
  try {
    // Ed25519 signs the hash (RFC 8463 §3).
    return type === "rsa"
      ? verify("sha256", octets, key, signature)
      : verify(null, hash("sha256", octets, "buffer"), key, signature);
  } catch {
    // OpenSSL does not like numbers in the key; nothing can be signed with it.
    return false;
  }
}

function faultOfBody({ bodyLength, bodyHash }: MessageSignature, body: BodyHash): Verdict | undefined {
  if (bodyLength !== undefined && bodyLength !== body.length) {
    // Whatever stands behind that part is a stranger's (RFC 6376 §8.2).
    return bodyLength < body.length
      ? { result: "policy", reason: `l=${bodyLength} leaves a part of the body unsigned`, testing: false }
      : { result: "fail", reason: "the body is shorter than l=", testing: false };
  }
  if (!body.digest.equals(bodyHash)) return { result: "fail", reason: "body hash did not verify", testing: false };
  return undefined;
}

/** t=s (RFC 6376 §3.6.1) */
function faultOfUse(signature: MessageSignature, keys: readonly PublicKey[]): Verdict | undefined {
  if (signature.identityDomain === signature.domain || !keys.some(({ strict }) => strict)) return undefined;
  return { result: "permerror", reason: "i= is below d=, which the key does not allow", testing: false };
}
