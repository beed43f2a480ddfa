/**
 * Signatures for a message, in one pass over its body, whatever the number of keys (RFC 6376 §5). Always relaxed/relaxed:
 * hops on the way fold lines anew. Large bodies are hashed as they pass.
 */
import { hash, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";
import type { HeaderField } from "../../mail/header.ts";
import type { Clock } from "../../sys/clock.ts";
import type { MaybePromise } from "../../sys/maybe-promise.ts";
import { BodyHashes } from "./body-hashes.ts";
import { canonicalLast } from "./canonical-header.ts";
import { SignableHeader } from "./signable-header.ts";
import { type TagText, writeTags } from "./tag-writer.ts";

export interface SigningKey {
  readonly domain: string;
  readonly selector: string;
  /** Private; RSA or Ed25519. To be made once: making it costs more than a signature. */
  readonly key: KeyObject;
  /** i= */
  readonly identity?: string;
}

export interface SigningOptions {
  readonly clock: Clock;
  readonly names: SignedNames;
  /** Seconds from now to x=. Absent: no x=. */
  readonly expireSeconds?: number;
}

export interface Signer {
  update(octets: Buffer): void;
  /**
   * @param last what is left of the body, where there is something left; a whole body costs less here than in pieces
   * @returns header fields to put in front, "DKIM-Signature: ...", folded, without line end; one for each key, in their order
   */
  end(last?: Buffer): Promise<readonly string[]>;
}

/** Which fields are signed; made once for many messages. */
export class SignedNames {
  /** In lower case, each with how often it is signed beside the fields that are there. From is one of them. */
  readonly all: readonly (readonly [name: string, more: number])[];

  /**
   * @param fields names of fields that are signed where they are there, each as often as it is there; From always is
   * @param oversign names that are signed once more than they are there: nobody can add one
   */
  constructor(fields: readonly string[], oversign: readonly string[]) {
    const guarded = new Set(oversign.map((name) => name.toLowerCase()));
    const wanted = new Set([...fields.map((name) => name.toLowerCase()), ...guarded]);
    const all = wanted.has("from") ? [...wanted] : ["from", ...wanted];
    this.all = all.map((name) => [name, guarded.has(name) ? 1 : 0]);
  }

  /** For h=: each name as often as it is signed in this header. */
  in(header: SignableHeader): readonly string[] {
    const names: string[] = [];
    for (const [name, more] of this.all) {
      const times = header.count(name) + more;
      for (let left = name === "from" ? Math.max(times, 1) : times; left > 0; left--) names.push(name);
    }
    return names;
  }
}

/**
 * @param header fields as they leave, in order; the body follows with CRLF line ends, in chunks of any size
 * @throws for a key that is neither RSA nor Ed25519
 */
export function startSigner(
  header: readonly HeaderField[],
  keys: readonly SigningKey[],
  { clock, names: signedNames, expireSeconds }: SigningOptions,
): Signer {
  const algorithms = keys.map(({ key }) => algorithmOf(key));
  const signable = new SignableHeader(header);
  const names = signedNames.in(signable);
  const bodies = new BodyHashes();
  bodies.want("relaxed");
  return {
    update: (octets) => bodies.update(octets),
    end(last) {
      if (last !== undefined) bodies.updateLast(last);
      const now = Math.floor(clock.now() / 1000);
      const bodyHash = bodies.get("relaxed").digest.toString("base64");
      const text = signable.text(names, "relaxed");
      return Promise.all(
        keys.map(async ({ domain, selector, key, identity }, at) => {
          const tags: readonly TagText[] = [
            ["v", "1"],
            ["a", algorithms[at]],
            ["c", "relaxed/relaxed"],
            ["d", domain],
            ["s", selector],
            ...(identity === undefined ? [] : ([["i", identity]] as const)),
            ["t", String(now)],
            ...(expireSeconds === undefined ? [] : ([["x", String(now + expireSeconds)]] as const)),
            ["h", names.join(":")],
            ["bh", bodyHash],
            ["b", ""],
          ];
          const field = writeTags(FIELD, tags);
          const signature = await signText(text + canonicalLast(FIELD, field.bare, "relaxed"), key);
          return `${FIELD}:${field.withSignature(signature)}`;
        }),
      );
    },
  };
}

const FIELD = "DKIM-Signature";

/** a= for a key; throws when there is none. */
export function algorithmOf(key: KeyObject): string {
  if (key.asymmetricKeyType === "rsa") return "rsa-sha256";
  if (key.asymmetricKeyType === "ed25519") return "ed25519-sha256";
  throw new Error(`Cannot sign with a key of type ${key.asymmetricKeyType ?? key.type}; wanted RSA or Ed25519`);
}

const signInPool = promisify(
  sign as (a: "sha256", data: Buffer, key: KeyObject, done: (error: Error | null, signature: Buffer) => void) => void,
);

/** Larger RSA keys are another thread's work: 4096 bits take 5 ms. For smaller ones handing it over would cost a quarter more. */
const MOST_BITS_AT_ONCE = 2048;

/** The signature of a text, in base64. */
export async function signText(text: string, key: KeyObject): Promise<string> {
  const octets = Buffer.from(text, "latin1");
  return (await signOctets(octets, key)).toString("base64");
}

function signOctets(octets: Buffer, key: KeyObject): MaybePromise<Buffer> {
  if (key.asymmetricKeyType !== "rsa") return sign(null, hash("sha256", octets, "buffer"), key);
  return isQuick(key) ? sign("sha256", octets, key) : signInPool("sha256", octets, key);
}

/** Asking a key for its details takes as long as hashing a header does. */
const quick = new WeakMap<KeyObject, boolean>();

function isQuick(key: KeyObject): boolean {
  let known = quick.get(key);
  if (known === undefined) {
    known = (key.asymmetricKeyDetails?.modulusLength ?? Infinity) <= MOST_BITS_AT_ONCE;
    quick.set(key, known);
  }
  return known;
}
