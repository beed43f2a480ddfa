/**
 * What every SASL mechanism (RFC 4422) looks like here: two pure exchanges, one for each side, that take the other side's
 * octets and say what to answer. No sockets, no base64, no codes of SMTP: the client of delivery/smtp and the server of
 * smtpd put those around it.
 *
 *     const exchange = mechanism.client({ user: "joe", password: "secret" });
 *     exchange.initial                        octets that may go with the AUTH command; undefined: the server speaks first
 *     exchange.step(challenge)                { kind: "response", octets } or { kind: "failed", reason }
 *     exchange.isSatisfied                    whether the server may say yes now
 */
import type { MaybePromise } from "../sys/maybe-promise.ts";

/** What mechanisms may want to know of a connection. */
export interface ConnectionFacts {
  /** Inside TLS. */
  readonly secure: boolean;
  readonly clientAddress: string;
  readonly serverAddress: string;
  /** tls-exporter (RFC 9266 §2), 32 octets; undefined where the connection has none. */
  readonly channelBinding?: Buffer | undefined;
  /** Names of the client in its certificate, which was verified: its subject, and the common name in it. */
  readonly certified?: { readonly subject: string; readonly commonName: string } | undefined;
}

/** What a client knows. */
export interface ClientCredentials {
  /** Authentication identity: whose password it is. */
  readonly user: string;
  /** Authorization identity: as whom to act; absent: as `user`. */
  readonly actAs?: string;
  /** The password; for XOAUTH2 and OAUTHBEARER the access token; EXTERNAL needs none. */
  readonly password: string;
  /** tls-exporter of the connection, for mechanisms that bind themselves to it. */
  readonly channelBinding?: Buffer;
}

export type ClientStep =
  | { readonly kind: "response"; readonly octets: Buffer }
  /** What came is no challenge of this mechanism, or the server does not know the password: the exchange is cancelled. */
  | { readonly kind: "failed"; readonly reason: string };

export interface ClientExchange {
  /** Goes with the command (RFC 4954 §4 initial response). */
  readonly initial: Buffer | undefined;
  step(challenge: Buffer): ClientStep;
  /** False while a yes of the server would come too early: a mechanism that checks the server has not seen its proof. */
  readonly isSatisfied: boolean;
}

/** Who the client is, when the server has been convinced. */
export interface Identity {
  /** Whose password it was. */
  readonly user: string;
  /** As whom to act. */
  readonly actAs: string;
}

export type ServerStep =
  /** `refused`: the octets say why not; what the client answers, or that it does not, changes nothing about that. */
  | { readonly kind: "challenge"; readonly octets: Buffer; readonly refused?: { readonly user: string } }
  | { readonly kind: "accepted"; readonly identity: Identity; readonly last?: Buffer }
  /** A wrong name or password; which of the two is nobody's business. */
  | { readonly kind: "refused"; readonly user?: string }
  /** Octets that are no message of this mechanism. */
  | { readonly kind: "malformed"; readonly reason: string }
  /** Nobody could be asked: come again later. */
  | { readonly kind: "unavailable"; readonly reason: string };

export interface ServerExchange {
  /** What to say when the client sent no initial response. */
  readonly opening: Buffer;
  step(response: Buffer): MaybePromise<ServerStep>;
}

/** A password as SCRAM keeps it (RFC 5802 §3): neither side can be played with it. */
export interface ScramVerifier {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** An answer of where passwords are kept. */
export type Known<Value> =
  | { readonly kind: "known"; readonly value: Value }
  | { readonly kind: "unknown" }
  | { readonly kind: "unavailable"; readonly reason: string };

/** Where a server's passwords are; a mechanism that it cannot serve is not offered. */
export interface Passwords {
  /** PLAIN, LOGIN. `client`: who asks, where many may ask at once (sys/client-key.ts). */
  check?: ((user: string, password: string, client?: string) => MaybePromise<Known<boolean>>) | undefined;
  /** CRAM-MD5 needs the password itself. */
  plain?: ((user: string) => MaybePromise<Known<string>>) | undefined;
  scram?: ((user: string, digest: ScramDigest) => MaybePromise<Known<ScramVerifier>>) | undefined;
  /** XOAUTH2, OAUTHBEARER: whose the token is. */
  token?: ((token: string) => MaybePromise<Known<string>>) | undefined;
}

export type ScramDigest = "sha1" | "sha256";

/** One mechanism, both sides. */
export interface Mechanism {
  readonly name: string;
  /** Of two that both sides know the stronger one is taken. */
  readonly strength: number;
  /** Who listens on the way learns the secret: not without TLS. */
  readonly revealsSecret: boolean;
  client(credentials: ClientCredentials): ClientExchange;
  /** undefined: these passwords are not kept in a way that this mechanism can use, or the connection does not bring what it needs. */
  server(passwords: Passwords, connection?: ConnectionFacts): ServerExchange | undefined;
}

/** What a yes or no about a password means for the exchange. */
export function verdictOn(checked: Known<boolean>, identity: Identity): ServerStep {
  if (checked.kind === "unavailable") return checked;
  if (checked.kind === "unknown" || !checked.value) return { kind: "refused", user: identity.user };
  return { kind: "accepted", identity };
}

export function malformed(reason: string): ServerStep {
  return { kind: "malformed", reason };
}
