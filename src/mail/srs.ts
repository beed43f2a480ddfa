/**
 * The Sender Rewriting Scheme: a reverse-path of somebody else's domain as an address of ours, and back. A host that forwards
 * mail says so in MAIL, so that SPF asks about its own domain; a bounce comes to it, and it sends the bounce on.
 *
 *     joe@a.test                                  forwarded by b.test   SRS0=HHHH=TT=a.test=joe@b.test
 *     SRS0=HHHH=TT=a.test=joe@b.test              forwarded by c.test   SRS1=GGGG=b.test==HHHH=TT=a.test=joe@c.test
 *     SRS1=FFFF=b.test==HHHH=TT=a.test=joe@c.test forwarded by d.test   SRS1=EEEE=b.test==HHHH=TT=a.test=joe@d.test
 *
 * HHHH is the beginning of an HMAC, TT the day. The forms, the alphabet of the day and the input of the HMAC are those of
 * Mail::SRS, libsrs2 and postsrsd (Shevek, "The Sender Rewriting Scheme"): hosts may share a secret with those.
 *
 * Texts here are octets (latin1), as addresses are everywhere.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { localPartText, localPartValue } from "./local-part.ts";

export interface SrsKeys {
  /** The first makes hashes, all of them are taken for hashes that come back. */
  readonly secrets: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface SrsForm {
  /** The character after the tag. */
  readonly separator: "=" | "-" | "+";
  /** Characters of a hash. */
  readonly hashLength: number;
  /** The longest local part that may be made, octets; 0 for no limit. RFC 5321 §4.5.3.1.1 says 64. */
  readonly longest: number;
}

export type SrsForward =
  | { readonly kind: "address"; readonly address: string }
  /** No address, or one of the domain itself: there is nothing to rewrite. */
  | { readonly kind: "none" }
  | { readonly kind: "long"; readonly octets: number };

export type SrsReverse =
  | { readonly kind: "address"; readonly address: string }
  /** Not an SRS address. */
  | { readonly kind: "none" }
  | { readonly kind: "malformed" | "forged" | "expired"; readonly reason: string };

const TAG = /^SRS([01])([-+=])/i;
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const DAY = 86_400_000;
/** Days until stamps begin again. */
const ROUND = 1024;
/** The field separator behind the first one, whatever that is. */
const FIELD = "=";

/**
 * The address that a sender gets when his mail is forwarded.
 * @param sender "joe@a.test", a local part in quotes too
 * @param domain of ours
 */
export function srsForward(sender: string, domain: string, keys: SrsKeys, form: SrsForm): SrsForward {
  const parts = split(sender);
  if (parts === undefined || parts.host.toLowerCase() === domain.toLowerCase()) return { kind: "none" };
  const local = forwardedLocal(parts, keys, form);
  const text = localPartText(local);
  if (form.longest > 0 && text.length > form.longest) return { kind: "long", octets: text.length };
  return { kind: "address", address: `${text}@${domain}` };
}

function forwardedLocal({ local, host }: Parts, { secrets, now }: SrsKeys, form: SrsForm): string {
  const hash = (...texts: readonly string[]): string => hashOf(secrets[0], texts).slice(0, form.hashLength);
  const tag = TAG.exec(local);
  if (tag?.[1] === "0") {
    const opaque = local.slice("SRS0".length);
    return `SRS1${form.separator}${[hash(host, opaque), host, opaque].join(FIELD)}`;
  }
  const inner = tag?.[1] === "1" ? fields(local.slice(tag[0].length), 3) : undefined;
  // The host in the middle need not be asked again: the bounce goes from us to the first one.
  if (inner !== undefined && /^[-+=]/.test(inner[2])) {
    const [, first, opaque] = inner;
    return `SRS1${form.separator}${[hash(first, opaque), first, opaque].join(FIELD)}`;
  }
  const stamp = stampOf(now);
  return `SRS0${form.separator}${[hash(stamp, host, local), stamp, host, local].join(FIELD)}`;
}

/** Whether the local part begins as those of the scheme do. */
export function looksLikeSrs(address: string): boolean {
  return TAG.test(address.startsWith('"') ? address.slice(1) : address);
}

/**
 * The address behind one that came back.
 * @param address its domain is not looked at
 * @param leastHash characters that a hash must have at least
 * @param mostDays age of an address that is still taken
 */
export function srsReverse(address: string, keys: SrsKeys, leastHash: number, mostDays: number): SrsReverse {
  const parts = split(address);
  const tag = parts && TAG.exec(parts.local);
  if (parts === undefined || tag == null) return { kind: "none" };
  const rest = parts.local.slice(tag[0].length);
  return tag[1] === "0" ? reverseFirst(rest, keys, leastHash, mostDays) : reverseNext(rest, keys, leastHash);
}

function reverseFirst(text: string, keys: SrsKeys, leastHash: number, mostDays: number): SrsReverse {
  const found = fields(text, 4);
  if (found === undefined) return malformed("fields are missing");
  const [hash, stamp, host, local] = found;
  const day = dayOf(stamp);
  if (day === undefined || host === "" || local === "") return malformed("a field is not what it must be");
  if (!isOurs(hash, [stamp, host, local], keys, leastHash)) return forged();
  const age = ageOf(day, keys.now);
  if (age > mostDays) return { kind: "expired", reason: `it was made ${age} days ago` };
  return { kind: "address", address: `${localPartText(local)}@${host}` };
}

function reverseNext(text: string, keys: SrsKeys, leastHash: number): SrsReverse {
  const found = fields(text, 3);
  if (found === undefined) return malformed("fields are missing");
  const [hash, host, opaque] = found;
  if (host === "" || !/^[-+=]/.test(opaque)) return malformed("a field is not what it must be");
  if (!isOurs(hash, [host, opaque], keys, leastHash)) return forged();
  // Its age is the business of that host, which knows its own stamps.
  return { kind: "address", address: `${localPartText(`SRS0${opaque}`)}@${host}` };
}

function malformed(reason: string): SrsReverse {
  return { kind: "malformed", reason };
}

function forged(): SrsReverse {
  return { kind: "forged", reason: "its hash is not one of this host" };
}

interface Parts {
  /** What the local part means: without quotes. */
  readonly local: string;
  readonly host: string;
}

function split(address: string): Parts | undefined {
  const at = address.lastIndexOf("@");
  const host = address.slice(at + 1).replace(/\.$/, "");
  if (at <= 0 || host === "") return undefined;
  const local = localPartValue(address.slice(0, at));
  return local === "" ? undefined : { local, host };
}

/** So many fields, the last one with all that is left; undefined when there are fewer. */
function fields(text: string, count: number): readonly string[] | undefined {
  const found: string[] = [];
  let at = 0;
  while (found.length < count - 1) {
    const end = text.indexOf(FIELD, at);
    if (end < 0) return undefined;
    found.push(text.slice(at, end));
    at = end + 1;
  }
  return [...found, text.slice(at)];
}

/** Letter case is not part of it: hosts on the way may change it. */
function hashOf(secret: string, texts: readonly string[]): string {
  const hmac = createHmac("sha1", Buffer.from(secret, "latin1"));
  for (const text of texts) hmac.update(Buffer.from(lower(text), "latin1"));
  return hmac.digest("base64").replace(/=+$/, "");
}

function isOurs(given: string, texts: readonly string[], { secrets }: SrsKeys, least: number): boolean {
  const hash = Buffer.from(lower(given), "latin1");
  if (hash.length < least) return false;
  let isKnown = false;
  for (const secret of secrets) {
    const whole = lower(hashOf(secret, texts));
    if (hash.length > whole.length) continue;
    if (timingSafeEqual(hash, Buffer.from(whole.slice(0, hash.length), "latin1"))) isKnown = true;
  }
  return isKnown;
}

/** The letters of ASCII only: `toLowerCase` would change octets above 127. */
function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function stampOf(now: number): string {
  const day = Math.floor(now / DAY) % ROUND;
  return `${DIGITS[day >> 5]}${DIGITS[day & 31]}`;
}

function dayOf(stamp: string): number | undefined {
  if (stamp.length !== 2) return undefined;
  const upper = stamp.toUpperCase();
  const [high, low] = [DIGITS.indexOf(upper[0]), DIGITS.indexOf(upper[1])];
  return high < 0 || low < 0 ? undefined : high * 32 + low;
}

/** Whole days; another host of the same secret may be a little ahead of us at midnight. */
function ageOf(day: number, now: number): number {
  const age = (((Math.floor(now / DAY) - day) % ROUND) + ROUND) % ROUND;
  return age === ROUND - 1 ? 0 : age;
}
