/**
 * Public keys as domains publish them: `v=DKIM1; k=rsa; t=s; p=MIIBIj...` (RFC 6376 §3.6.1, RFC 8463 §3.3). What was read is
 * kept by its text, a bounded number of records: making a key object costs more than using it.
 */
import { createPublicKey, type KeyObject } from "node:crypto";
import { base64Octets, colonList, excerpt, parseTagList, type TagList } from "./tag-list.ts";

export type KeyType = "rsa" | "ed25519";

export interface PublicKey {
  readonly kind: "key";
  readonly type: KeyType;
  readonly key: KeyObject;
  /** Of the modulus; 256 for Ed25519. */
  readonly bits: number;
  /** t=y: the domain tries DKIM out. */
  readonly testing: boolean;
  /** t=s: i= has no subdomain of d=. */
  readonly strict: boolean;
}

/** A record that cannot be used, and as what that counts. */
export interface NoKey {
  readonly kind: "none";
  readonly result: "permerror" | "policy";
  readonly reason: string;
}

/** RFC 8301 §3.2 */
const LEAST_BITS = 1024;
/** More cost too much time; OpenSSL itself goes up to 16384. */
const MOST_BITS = 8192;
/** A larger exponent makes checking as slow as signing. All keys in use have 65537 or 3. */
const LARGEST_EXPONENT = 2n ** 33n;
/** Octets of a record: a key of 8192 bits has 1,400. */
const LONGEST_RECORD = 4096;
const MOST_KEPT = 1000;

const kept = new Map<string, PublicKey | NoKey>();

/** @param text strings of a TXT record, joined */
export function publicKeyOf(text: string): PublicKey | NoKey {
  if (text.length > LONGEST_RECORD) return { kind: "none", result: "policy", reason: "the key record is too long" };
  const known = kept.get(text);
  if (known !== undefined) return known;
  const read = readKeyRecord(text);
  if (kept.size >= MOST_KEPT) for (const oldest of kept.keys()) if (kept.delete(oldest)) break;
  kept.set(text, read);
  return read;
}

function readKeyRecord(text: string): PublicKey | NoKey {
  const tags = parseTagList(text);
  if (typeof tags === "string") return unusable(`key record: ${tags}`);
  const wrong = whyNotForMail(tags);
  if (wrong !== undefined) return unusable(wrong);
  const data = tags.get("p")?.value;
  if (data === undefined) return unusable("the key record has no p=");
  if (data === "") return unusable("the key is revoked");
  const octets = base64Octets(data);
  if (octets === undefined) return unusable("p= of the key record is not base64");
  const type = tags.get("k")?.value.toLowerCase() ?? "rsa";
  const flags = colonList(tags.get("t")?.value ?? "");
  const rest = { testing: flags.includes("y"), strict: flags.includes("s") };
  if (type === "ed25519") return ed25519Key(octets, rest);
  if (type === "rsa") return rsaKey(octets, rest);
  return unusable(`a key of an unknown type: k=${excerpt(type)}`);
}

function unusable(reason: string): NoKey {
  return { kind: "none", result: "permerror", reason };
}

/** Tags that narrow what a key is for. */
function whyNotForMail(tags: TagList): string | undefined {
  const version = tags.get("v")?.value;
  if (version !== undefined && (version !== "DKIM1" || tags.keys().next().value !== "v")) {
    return "v= of the key record is not DKIM1, or not in front";
  }
  const hashes = tags.get("h");
  if (hashes && !colonList(hashes.value).some((each) => each.toLowerCase() === "sha256")) {
    return "h= of the key record does not allow sha256";
  }
  const services = tags.get("s");
  if (services && !colonList(services.value).some((each) => each === "*" || each.toLowerCase() === "email")) {
    return "s= of the key record is not for mail";
  }
  return undefined;
}

type Flags = Pick<PublicKey, "testing" | "strict">;

/** The octets of the key alone (RFC 8463 §4.2). */
function ed25519Key(octets: Buffer, flags: Flags): PublicKey | NoKey {
  if (octets.length !== 32) return unusable(`an Ed25519 key has 32 octets, p= has ${octets.length}`);
  try {
    const key = createPublicKey({
      key: { kty: "OKP", crv: "Ed25519", x: octets.toString("base64url") },
      format: "jwk",
    });
    return { kind: "key", type: "ed25519", key, bits: 256, ...flags };
  } catch {
    return unusable("p= of the key record is no Ed25519 key");
  }
}

function rsaKey(octets: Buffer, flags: Flags): PublicKey | NoKey {
  const key = rsaObject(octets);
  if (key?.asymmetricKeyType !== "rsa") return unusable("p= of the key record is no RSA key");
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  const against =
    modulusLength < LEAST_BITS
      ? `a key of ${modulusLength} bits; ${LEAST_BITS} are the least`
      : modulusLength > MOST_BITS
        ? `a key of ${modulusLength} bits; ${MOST_BITS} are the most`
        : publicExponent > LARGEST_EXPONENT
          ? "a key with a very large exponent"
          : undefined;
  if (against !== undefined) return { kind: "none", result: "policy", reason: against };
  return { kind: "key", type: "rsa", key, bits: modulusLength, ...flags };
}

/** SubjectPublicKeyInfo as everybody publishes it, or RSAPublicKey as RFC 6376 §3.6.1 says in words. */
function rsaObject(octets: Buffer): KeyObject | undefined {
  for (const type of ["spki", "pkcs1"] as const) {
    try {
      return createPublicKey({ key: octets, format: "der", type });
    } catch {
      // The other form, or none.
    }
  }
  return undefined;
}
