/**
 * SCRAM-SHA-1 and SCRAM-SHA-256 (RFC 5802, RFC 7677): each side proves that it knows the password, nobody on the way learns
 * it, and the server keeps only a verifier. The -PLUS kinds prove as well that both ends see the same TLS (tls-exporter,
 * RFC 9266): who stands between is found out.
 *
 *     C: n,,n=user,r=clientNonce                 p=tls-exporter,, for -PLUS; y,, when the client saw no -PLUS
 *     S: r=clientNonceServerNonce,s=salt,i=4096
 *     C: c=biws,r=clientNonceServerNonce,p=proof
 *     S: v=signature
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";
import { whenReady, type MaybePromise } from "../sys/maybe-promise.ts";
import {
  type ClientCredentials,
  type ClientExchange,
  type ClientStep,
  malformed,
  type Mechanism,
  type Passwords,
  type ScramDigest,
  type ScramVerifier,
  type ServerExchange,
  type ServerStep,
} from "./exchange.ts";
import { saslPrep } from "./saslprep.ts";

/** RFC 7677 §4. */
const FEWEST_ITERATIONS = 4096;
/** A server that wants more wants to keep us busy. */
const MOST_ITERATIONS = 100_000;
const EMPTY = Buffer.alloc(0);

const MECHANISMS: Readonly<Record<ScramDigest, { readonly name: string; readonly strength: number }>> = {
  sha1: { name: "SCRAM-SHA-1", strength: 30 },
  sha256: { name: "SCRAM-SHA-256", strength: 40 },
};
const PLUS_STRENGTH = 5;
const BINDING = "p=tls-exporter";

export const scramSha1 = mechanism("sha1");
export const scramSha256 = mechanism("sha256");
export const scramSha1Plus = boundMechanism("sha1");
export const scramSha256Plus = boundMechanism("sha256");

function mechanism(digest: ScramDigest): Mechanism {
  return {
    ...MECHANISMS[digest],
    revealsSecret: false,
    client: ({ channelBinding: _unbound, ...credentials }) => new ScramClient(digest, credentials),
    server: (passwords, connection) => {
      // Where -PLUS is offered, a client that has not seen that was lied to.
      const hasPlus = connection?.channelBinding !== undefined;
      return passwords.scram && new ScramServer(digest, passwords, { hasPlus });
    },
  };
}

function boundMechanism(digest: ScramDigest): Mechanism {
  const { name, strength } = MECHANISMS[digest];
  return {
    name: `${name}-PLUS`,
    strength: strength + PLUS_STRENGTH,
    revealsSecret: false,
    client: (credentials) => new ScramClient(digest, credentials),
    server: (passwords, connection) => {
      const binding = connection?.channelBinding;
      return passwords.scram && binding && new ScramServer(digest, passwords, { hasPlus: true, binding });
    },
  };
}

/** How a server's exchange stands to the connection. */
export interface ScramBinding {
  /** -PLUS is offered. */
  readonly hasPlus: boolean;
  /** This is -PLUS: what both ends have to see. */
  readonly binding?: Buffer;
}

export class ScramClient implements ClientExchange {
  readonly initial: Buffer;
  readonly #digest: ScramDigest;
  readonly #password: string;
  readonly #nonce: string;
  readonly #header: string;
  /** c= of the last message. */
  readonly #bound: string;
  readonly #first: string;
  #signature: Buffer | undefined;
  #state: "first" | "final" | "satisfied" | "failed" = "first";

  /** @param nonce printable ASCII without commas */
  constructor(
    digest: ScramDigest,
    { user, actAs, password, channelBinding }: ClientCredentials,
    nonce = randomBytes(18).toString("base64"),
  ) {
    this.#digest = digest;
    this.#password = saslPrep(password) ?? password;
    this.#nonce = nonce;
    const flag = channelBinding === undefined ? "n" : BINDING;
    this.#header = actAs === undefined || actAs === user ? `${flag},,` : `${flag},a=${quoted(actAs)},`;
    this.#bound = Buffer.concat([Buffer.from(this.#header, "utf8"), channelBinding ?? EMPTY]).toString("base64");
    this.#first = `n=${quoted(saslPrep(user) ?? user)},r=${nonce}`;
    this.initial = Buffer.from(this.#header + this.#first, "utf8");
  }

  get isSatisfied(): boolean {
    return this.#state === "satisfied";
  }

  step(challenge: Buffer): ClientStep {
    if (challenge.length === 0 && this.#state === "first") return { kind: "response", octets: this.initial };
    const text = challenge.toString("utf8");
    const answer = this.#state === "first" ? this.#prove(text) : this.#check(text);
    if (answer.kind === "failed") this.#state = "failed";
    return answer;
  }

  #prove(serverFirst: string): ClientStep {
    const [, nonce, salt, count] = /^r=([^,]+),s=([A-Za-z0-9+/=]+),i=([0-9]{1,9})(?:,.*)?$/.exec(serverFirst) ?? [];
    if (nonce === undefined) return failed("no first message of SCRAM");
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) return failed("nonce of somebody else");
    const iterations = Number(count);
    if (iterations < 1 || iterations > MOST_ITERATIONS) return failed(`${iterations} iterations`);
    const salted = hi(this.#digest, this.#password, Buffer.from(salt, "base64"), iterations);
    const bare = `c=${this.#bound},r=${nonce}`;
    const signed = `${this.#first},${serverFirst},${bare}`;
    const clientKey = hmac(this.#digest, salted, "Client Key");
    const clientSignature = hmac(this.#digest, hash(this.#digest, clientKey), signed);
    this.#signature = hmac(this.#digest, hmac(this.#digest, salted, "Server Key"), signed);
    this.#state = "final";
    const proof = xor(clientKey, clientSignature).toString("base64");
    return { kind: "response", octets: Buffer.from(`${bare},p=${proof}`, "utf8") };
  }

  #check(serverFinal: string): ClientStep {
    const [, signature] = /^v=([A-Za-z0-9+/=]+)(?:,.*)?$/.exec(serverFinal) ?? [];
    if (this.#state !== "final" || signature === undefined) return failed(serverFinal.slice(0, 80));
    const given = Buffer.from(signature, "base64");
    const wanted = this.#signature ?? EMPTY;
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
      return failed("the server does not know the password");
    }
    this.#state = "satisfied";
    return { kind: "response", octets: EMPTY };
  }
}

export class ScramServer implements ServerExchange {
  readonly opening = EMPTY;
  readonly #digest: ScramDigest;
  readonly #passwords: Passwords;
  readonly #connection: ScramBinding;
  readonly #nonce: string;
  #user = "";
  #actAs = "";
  #header = "";
  /** Both first messages. */
  #signed = "";
  #wholeNonce = "";
  #verifier: ScramVerifier | undefined;
  #isUser = false;
  #state: "first" | "final" = "first";

  /** @param nonce printable ASCII without commas */
  constructor(
    digest: ScramDigest,
    passwords: Passwords,
    connection: ScramBinding = { hasPlus: false },
    nonce = randomBytes(18).toString("base64"),
  ) {
    this.#digest = digest;
    this.#passwords = passwords;
    this.#connection = connection;
    this.#nonce = nonce;
  }

  step(response: Buffer): MaybePromise<ServerStep> {
    const text = response.toString("utf8");
    return this.#state === "first" ? this.#first(text) : this.#final(text);
  }

  #first(text: string): MaybePromise<ServerStep> {
    const parts = /^((n|y|p=[A-Za-z0-9.-]+),(?:a=([^,]*))?,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/.exec(text);
    if (parts === null) return malformed("no first message of SCRAM");
    const [, header, flag, authorization = "", bare, name, clientNonce] = parts;
    const { hasPlus, binding } = this.#connection;
    if ((binding !== undefined) !== (flag === BINDING))
      return malformed("channel binding that is not this mechanism's");
    if (flag.startsWith("p") && flag !== BINDING) return malformed("unknown channel binding");
    if (flag === "y" && hasPlus) return malformed("somebody in between has hidden -PLUS from the client");
    const user = unquoted(name);
    const actAs = unquoted(authorization);
    const prepared = user === undefined ? undefined : saslPrep(user);
    if (prepared === undefined || actAs === undefined) return malformed("bad name");
    this.#header = header;
    this.#user = prepared;
    this.#actAs = actAs === "" ? prepared : actAs;
    this.#wholeNonce = clientNonce + this.#nonce;
    const asked = this.#passwords.scram?.(prepared, this.#digest) ?? { kind: "unknown" as const };
    return whenReady(asked, (known) => {
      if (known.kind === "unavailable") return known;
      this.#isUser = known.kind === "known";
      // Users that do not exist get a salt, too, and always the same: who asks learns nothing.
      this.#verifier = known.kind === "known" ? known.value : nobody(this.#digest, prepared);
      const { salt, iterations } = this.#verifier;
      const reply = `r=${this.#wholeNonce},s=${salt.toString("base64")},i=${iterations}`;
      this.#signed = `${bare},${reply}`;
      this.#state = "final";
      return { kind: "challenge", octets: Buffer.from(reply, "utf8") };
    });
  }

  #final(text: string): ServerStep {
    const [, bare, binding, nonce, proof] = /^(c=([^,]+),r=([^,]+)(?:,.*)?),p=([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
    if (proof === undefined || this.#verifier === undefined) return malformed("no last message of SCRAM");
    const { storedKey, serverKey } = this.#verifier;
    if (nonce !== this.#wholeNonce) return malformed("another nonce");
    const bound = Buffer.concat([Buffer.from(this.#header, "utf8"), this.#connection.binding ?? EMPTY]);
    if (binding !== bound.toString("base64")) return malformed("another binding");
    const signed = `${this.#signed},${bare}`;
    const given = Buffer.from(proof, "base64");
    if (given.length !== storedKey.length) return malformed("a proof of another length");
    const key = hash(this.#digest, xor(given, hmac(this.#digest, storedKey, signed)));
    if (!timingSafeEqual(key, storedKey) || !this.#isUser) return { kind: "refused", user: this.#user };
    const last = Buffer.from(`v=${hmac(this.#digest, serverKey, signed).toString("base64")}`);
    return { kind: "accepted", identity: { user: this.#user, actAs: this.#actAs }, last };
  }
}

/** What a server keeps instead of the password. Slow on purpose: not for the path of mail. */
export function scramVerifier(
  digest: ScramDigest,
  password: string,
  salt = randomBytes(16),
  iterations = FEWEST_ITERATIONS,
): ScramVerifier {
  const salted = hi(digest, saslPrep(password) ?? password, salt, iterations);
  const storedKey = hash(digest, hmac(digest, salted, "Client Key"));
  return { salt, iterations, storedKey, serverKey: hmac(digest, salted, "Server Key") };
}

/** Made when somebody is not known; commands that only read a configuration need none. */
let secretOfThisProcess: Buffer | undefined;

function nobody(digest: ScramDigest, user: string): ScramVerifier {
  secretOfThisProcess ??= randomBytes(32);
  const salt = hmac(digest, secretOfThisProcess, user).subarray(0, 16);
  const key = randomBytes(digest === "sha1" ? 20 : 32);
  return { salt, iterations: FEWEST_ITERATIONS, storedKey: key, serverKey: key };
}

function failed(reason: string): ClientStep {
  return { kind: "failed", reason };
}

/** RFC 5802 §5.1: "," and "=" in names. */
function quoted(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}

function unquoted(name: string): string | undefined {
  if (/=(?!3D|2C)/.test(name)) return undefined;
  return name.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

function hi(digest: ScramDigest, password: string, salt: Buffer, iterations: number): Buffer {
  return pbkdf2Sync(Buffer.from(password, "utf8"), salt, iterations, digest === "sha1" ? 20 : 32, digest);
}

function hmac(digest: ScramDigest, key: Buffer, text: string): Buffer {
  return createHmac(digest, key).update(text, "utf8").digest();
}

function hash(digest: ScramDigest, octets: Buffer): Buffer {
  return createHash(digest).update(octets).digest();
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((octet, at) => octet ^ b[at]));
}
