/**
 * A line of the password file: a name, and what is kept instead of the password.
 *
 *     joe scrypt=15,8,1,SALT,KEY scram-sha-256=4096,SALT,STORED,SERVER scram-sha-1=4096,SALT,STORED,SERVER
 *     ann disabled scrypt=...
 *
 * scrypt (RFC 7914: logarithm of N, r, p) is for PLAIN and LOGIN, which bring the password; the verifiers are for SCRAM
 * (RFC 5803), `plain=` (base64) for CRAM-MD5, which wants the password itself and is kept only when somebody asks for it.
 * Octets are in base64. Words that are not known are kept as they are.
 */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import type { ScramDigest, ScramVerifier } from "../auth/exchange.ts";
import { saslPrep } from "../auth/saslprep.ts";
import { scramVerifier } from "../auth/scram.ts";

export interface ScryptHash {
  /** N is two to the power of this. */
  readonly logN: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

export interface PasswordRecord {
  readonly name: string;
  readonly disabled: boolean;
  readonly scrypt?: ScryptHash;
  readonly scram: Readonly<Partial<Record<ScramDigest, ScramVerifier>>>;
  readonly plain?: string;
  /** Words of a later version. */
  readonly others: readonly string[];
}

/** What a new hash costs: 32 MB and about 105 ms of a core (one at a time, the best of ten), outside of the event loop. */
export const SCRYPT_COST = { logN: 15, r: 8, p: 1 } as const;
/** A file that asks for more is wrong, or wants to keep us busy: 256 MB. */
const MOST_MEMORY = 256 * 1024 * 1024;
const KEY_LENGTH = 32;

const SCRAM_WORDS: readonly (readonly [word: string, digest: ScramDigest, length: number])[] = [
  ["scram-sha-256", "sha256", 32],
  ["scram-sha-1", "sha1", 20],
];

/** What is wrong with a name, or undefined. */
export function nameProblem(name: string): string | undefined {
  if (name === "") return "a name is needed";
  if (Buffer.byteLength(name) > 255) return "a name has at most 255 octets";
  if (/[\s\x00-\x1f\x7f]/u.test(name)) return "a name has no blanks and no control characters";
  if (name.startsWith("#")) return "a name does not begin with #";
  return saslPrep(name) === name ? undefined : "a name has no characters that SASLprep (RFC 4013) changes or forbids";
}

/** @returns the record, or what is wrong with the line */
export function parseRecord(line: string): PasswordRecord | string {
  const [name, ...words] = line.trim().split(/\s+/);
  const problem = nameProblem(name);
  if (problem !== undefined) return problem;
  let disabled = false;
  let hash: ScryptHash | undefined;
  let plain: string | undefined;
  const scram: Partial<Record<ScramDigest, ScramVerifier>> = {};
  const others: string[] = [];
  for (const word of words) {
    const key = word.replace(/=.*/s, "");
    const values = word.slice(key.length + 1).split(",");
    const known = SCRAM_WORDS.find(([each]) => each === key);
    if (word === "disabled") disabled = true;
    else if (key === "plain") plain = Buffer.from(values[0], "base64").toString("utf8");
    else if (key === "scrypt") {
      hash = readScrypt(values);
      if (hash === undefined) return "scrypt= wants logarithm of N, r, p, salt, key";
    } else if (known !== undefined) {
      const verifier = readVerifier(values, known[2]);
      if (verifier === undefined) return `${key}= wants iterations, salt, stored key, server key`;
      scram[known[1]] = verifier;
    } else others.push(word);
  }
  return { name, disabled, ...(hash && { scrypt: hash }), scram, ...(plain !== undefined && { plain }), others };
}

function readScrypt([logN, r, p, salt = "", key = ""]: readonly string[]): ScryptHash | undefined {
  const numbers = [logN, r, p].map(Number);
  const octets = [salt, key].map((each) => Buffer.from(each, "base64"));
  if (!numbers.every((each) => Number.isInteger(each) && each > 0) || octets.some(({ length }) => length < 8)) {
    return undefined;
  }
  const hash = { logN: numbers[0], r: numbers[1], p: numbers[2], salt: octets[0], key: octets[1] };
  return memoryOf(hash) > MOST_MEMORY || hash.p > 16 ? undefined : hash;
}

function readVerifier([count, salt = "", stored = "", server = ""]: readonly string[], length: number) {
  const iterations = Number(count);
  const [saltOctets, storedKey, serverKey] = [salt, stored, server].map((each) => Buffer.from(each, "base64"));
  if (!Number.isInteger(iterations) || iterations < 1 || saltOctets.length === 0) return undefined;
  if (storedKey.length !== length || serverKey.length !== length) return undefined;
  return { iterations, salt: saltOctets, storedKey, serverKey };
}

export function formatRecord({ name, disabled, scrypt: hash, scram, plain, others }: PasswordRecord): string {
  const words = [name];
  if (disabled) words.push("disabled");
  if (hash !== undefined) words.push(`scrypt=${[hash.logN, hash.r, hash.p, b64(hash.salt), b64(hash.key)].join(",")}`);
  for (const [word, digest] of SCRAM_WORDS) {
    const verifier = scram[digest];
    if (verifier === undefined) continue;
    const { iterations, salt, storedKey, serverKey } = verifier;
    words.push(`${word}=${[iterations, b64(salt), b64(storedKey), b64(serverKey)].join(",")}`);
  }
  if (plain !== undefined) words.push(`plain=${b64(Buffer.from(plain, "utf8"))}`);
  return [...words, ...others].join(" ");
}

function b64(octets: Buffer): string {
  return octets.toString("base64");
}

/** The record of a new password. */
export async function makeRecord(
  name: string,
  password: string,
  keepsPlain = false,
  cost: Pick<ScryptHash, "logN" | "r" | "p"> = SCRYPT_COST,
): Promise<PasswordRecord> {
  const salt = randomBytes(16);
  const key = await derive({ ...cost, salt }, password, KEY_LENGTH);
  return {
    name,
    disabled: false,
    scrypt: { ...cost, salt, key },
    scram: { sha256: scramVerifier("sha256", password), sha1: scramVerifier("sha1", password) },
    ...(keepsPlain && { plain: password }),
    others: [],
  };
}

/** Whether the password is the one of the hash; the work is done in the thread pool. */
export async function isPassword(hash: ScryptHash, password: string): Promise<boolean> {
  return timingSafeEqual(await derive(hash, password, hash.key.length), hash.key);
}

function derive({ logN, r, p, salt }: Omit<ScryptHash, "key">, password: string, length: number): Promise<Buffer> {
  const maxmem = 2 * memoryOf({ logN, r });
  return new Promise((resolve, reject) => {
    scrypt(Buffer.from(password, "utf8"), salt, length, { N: 2 ** logN, r, p, maxmem }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

/** Octets that a hash needs while it is computed. */
function memoryOf({ logN, r }: Pick<ScryptHash, "logN" | "r">): number {
  return 128 * 2 ** logN * r;
}
