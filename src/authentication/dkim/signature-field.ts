/**
 * What a signature says about itself: DKIM-Signature (RFC 6376 §3.5) and the fields of ARC that are alike (RFC 8617 §4.1).
 * Reading asks nobody; whether the signature holds is found out elsewhere.
 */
import type { HeaderField } from "../../mail/header.ts";
import type { Canonicalization } from "./canonical-header.ts";
import { asciiName, isWithin } from "./domain-name.ts";
import type { KeyType } from "./key-record.ts";
import { base64Octets, colonList, excerpt, parseTagList, type TagList, withoutFolding } from "./tag-list.ts";

export interface Signed {
  readonly field: HeaderField;
  /** Value of the field without that of b= (RFC 6376 §3.7): what was signed. */
  readonly bare: string;
  readonly signature: Buffer;
  /** Name and selector in ASCII. */
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: string;
  readonly keyType: KeyType;
  /** l=, in octets of the canonical body. */
  readonly bodyLength?: number;
  /** x=, in seconds. */
  readonly expires?: number;
}

export interface MessageSignature extends Signed {
  readonly header: Canonicalization;
  readonly body: Canonicalization;
  readonly bodyHash: Buffer;
  /** Names of fields in lower case, in the order in which they were signed. */
  readonly signedFields: readonly string[];
  /** i= as written, and its domain in ASCII. */
  readonly identity?: string;
  readonly identityDomain: string;
}

/** Why a signature is not looked at further, and as what that counts (RFC 8601 §2.7.1). */
export interface Unreadable {
  readonly result: "neutral" | "permerror" | "policy";
  readonly reason: string;
}

const ALGORITHMS: Readonly<Record<string, KeyType>> = { "rsa-sha256": "rsa", "ed25519-sha256": "ed25519" };

export function isUnreadable(read: Signed | Unreadable): read is Unreadable {
  return "result" in read;
}

/** A value of a DKIM-Signature. */
export function readDkimSignature(field: HeaderField, tags: TagList): MessageSignature | Unreadable {
  const version = tags.get("v")?.value;
  if (version !== "1") return syntax(version === undefined ? "no v=" : `v=${excerpt(version)}; 1 is known`);
  const query = tags.get("q");
  if (query && !colonList(query.value).some((each) => each.toLowerCase() === "dns/txt")) {
    return syntax(`q=${excerpt(query.value)}; dns/txt is known`);
  }
  const read = readMessageSignature(field, tags);
  if (isUnreadable(read)) return read;
  if (read.signedFields.includes("")) return syntax("h= has an empty name");
  if (!read.signedFields.includes("from")) return { result: "permerror", reason: "From is not signed" };
  return withIdentity(read, tags);
}

function withIdentity(read: MessageSignature, tags: TagList): MessageSignature | Unreadable {
  const identity = tags.get("i")?.value;
  if (identity === undefined) return read;
  const at = identity.lastIndexOf("@");
  const identityDomain = at < 0 ? undefined : asciiName(withoutFolding(identity.slice(at + 1)));
  if (identityDomain === undefined) return syntax(`i=${excerpt(identity)} has no domain`);
  if (!isWithin(identityDomain, read.domain)) {
    return { result: "permerror", reason: `i=${excerpt(identity)} is outside of d=${read.domain}` };
  }
  return { ...read, identity: withoutFolding(identity), identityDomain };
}

/**
 * The tags that DKIM-Signature and ARC-Message-Signature have in common.
 * @param defaultForms c= of a signature that has none
 */
export function readMessageSignature(
  field: HeaderField,
  tags: TagList,
  defaultForms = "simple/simple",
): MessageSignature | Unreadable {
  const signed = readSigned(field, tags);
  if (isUnreadable(signed)) return signed;
  const forms = canonicalizations(tags.get("c")?.value ?? defaultForms);
  if (forms === undefined) return syntax(`c=${excerpt(tags.get("c")!.value)} is unknown`);
  const bodyHash = base64Octets(tags.get("bh")?.value ?? "");
  if (bodyHash?.length !== 32) return syntax(tags.has("bh") ? "bh= is no SHA-256 in base64" : "no bh=");
  const names = tags.get("h")?.value;
  if (names === undefined) return syntax("no h=");
  const signedFields = colonList(names.toLowerCase());
  if (signedFields.some((name) => !/^[!-9<-~]*$/.test(name))) return syntax("h= has something that is no field name");
  return { ...signed, ...forms, bodyHash, signedFields, identityDomain: signed.domain };
}

/** What all signatures have. */
export function readSigned(field: HeaderField, tags: TagList): Signed | Unreadable {
  const algorithm = tags.get("a")?.value.toLowerCase();
  if (algorithm === undefined) return syntax("no a=");
  const domain = asciiName(tags.get("d")?.value ?? "");
  if (domain === undefined) return syntax(tags.has("d") ? "d= is no domain" : "no d=");
  const selector = asciiName(tags.get("s")?.value ?? "");
  if (selector === undefined) return syntax(tags.has("s") ? "s= is no selector" : "no s=");
  if (algorithm === "rsa-sha1") return { result: "policy", reason: "rsa-sha1 proves nothing any more" };
  const keyType = Object.hasOwn(ALGORITHMS, algorithm) ? ALGORITHMS[algorithm] : undefined;
  if (keyType === undefined) return syntax(`a=${excerpt(algorithm)} is unknown`);
  const b = tags.get("b");
  const signature = base64Octets(b?.value ?? "");
  if (b === undefined || signature === undefined || signature.length === 0) {
    return syntax(b === undefined ? "no b=" : "b= is not base64");
  }
  const numbers = readNumbers(tags);
  if (typeof numbers === "string") return syntax(numbers);
  const bare = field.value.slice(0, b.start) + field.value.slice(b.end);
  return { field, bare, signature, domain, selector, algorithm, keyType, ...numbers };
}

function syntax(reason: string): Unreadable {
  return { result: "neutral", reason };
}

function canonicalizations(value: string): Pick<MessageSignature, "header" | "body"> | undefined {
  const [header, body = "simple", ...more] = value.toLowerCase().split("/");
  if (!isForm(header) || !isForm(body) || more.length > 0) return undefined;
  return { header, body };
}

function isForm(text: string): text is Canonicalization {
  return text === "simple" || text === "relaxed";
}

/** l=, t= and x=. */
function readNumbers(tags: TagList): Pick<Signed, "bodyLength" | "expires"> | string {
  const longest: Readonly<Record<string, number>> = { l: 76, t: 12, x: 12 };
  for (const name of ["l", "t", "x"]) {
    const value = tags.get(name)?.value;
    if (value !== undefined && !(/^[0-9]+$/.test(value) && value.length <= longest[name])) {
      return `${name}= is no number`;
    }
  }
  const [length, signed, expires] = ["l", "t", "x"].map((name) => tags.get(name)?.value);
  if (signed !== undefined && expires !== undefined && Number(expires) <= Number(signed)) {
    return "x= is not after t=";
  }
  return {
    ...(length !== undefined && { bodyLength: Number(length) }),
    ...(expires !== undefined && { expires: Number(expires) }),
  };
}

/** Domain, selector and the like of any signature, as far as they can be read: for results and the log. */
export interface Outline {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: string;
  /** The first eight characters of b= (RFC 6008). */
  readonly signature: string;
  readonly identity?: string;
}

export function outlineOf(value: string): { readonly tags: TagList | string; readonly outline: Outline } {
  const tags = parseTagList(value);
  const text = (name: string) => (typeof tags === "string" ? "" : withoutFolding(tags.get(name)?.value ?? ""));
  const identity = text("i");
  const outline = {
    domain: asciiName(text("d")) ?? "",
    selector: asciiName(text("s")) ?? "",
    algorithm: excerpt(text("a").toLowerCase()),
    signature: text("b").slice(0, 8),
    ...(identity !== "" && { identity }),
  };
  return { tags, outline };
}
