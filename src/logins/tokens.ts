/**
 * Access tokens (JWT, RFC 7519) for OAUTHBEARER and XOAUTH2: signed by an issuer that the option AuthTokens names, for us, and
 * not expired. The signature is checked by jose with the keys of a file, or of the issuer's URL, which the library fetches and
 * keeps.
 */
import { readFileSync, statSync } from "node:fs";
import type { JSONWebKeySet, JWTVerifyGetKey } from "jose";
import type { Known } from "../auth/exchange.ts";
import type { AuthTokens } from "../config/auth-tokens.ts";
import type { Clock } from "../sys/clock.ts";

/** Kinds of signatures whose keys may be public. */
const ALGORITHMS = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519".split(" ");
/** Clocks of others may be off by so much, seconds. */
const TOLERANCE = 30;
/** How long the issuer may take to send its keys, ms. */
const PATIENCE = 10_000;
/** jose's codes for tokens that are wrong, whatever else: all others mean that it could not be told. */
const WRONG = /^ERR_(?:JWT_|JWS_|JWE_|JOSE_ALG_NOT_ALLOWED|JOSE_NOT_SUPPORTED|JWKS_NO_MATCHING_KEY|JWKS_MULTIPLE)/;

export class Tokens {
  readonly #tokens: AuthTokens;
  readonly #clock: Pick<Clock, "now">;
  #keys: { readonly version: string; readonly get: JWTVerifyGetKey } | undefined;

  constructor(tokens: AuthTokens, clock: Pick<Clock, "now">) {
    this.#tokens = tokens;
    this.#clock = clock;
  }

  /** Whose the token is; unknown when it is none of ours. */
  async ownerOf(token: string): Promise<Known<string>> {
    const { issuer, audience, user: claim } = this.#tokens;
    try {
      const { jwtVerify } = await import("jose");
      const { payload } = await jwtVerify(token, await this.#current(), {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: TOLERANCE,
        currentDate: new Date(this.#clock.now()),
        requiredClaims: ["exp", claim],
      });
      const user = payload[claim];
      return typeof user === "string" && user !== "" ? { kind: "known", value: user } : { kind: "unknown" };
    } catch (error) {
      const { code = "", message } = error as Error & { readonly code?: string };
      if (WRONG.test(code)) return { kind: "unknown" };
      return { kind: "unavailable", reason: `keys of ${issuer}: ${message}` };
    }
  }

  /** The keys of the file as it is now, or those that the library keeps. */
  async #current(): Promise<JWTVerifyGetKey> {
    const { keys } = this.#tokens;
    const isFile = keys.startsWith("/");
    const version = isFile ? versionOf(keys) : keys;
    if (this.#keys?.version === version) return this.#keys.get;
    const { createLocalJWKSet, createRemoteJWKSet } = await import("jose");
    const get = isFile
      ? createLocalJWKSet(JSON.parse(readFileSync(keys, "utf8")) as JSONWebKeySet)
      : createRemoteJWKSet(new URL(keys), { timeoutDuration: PATIENCE });
    this.#keys = { version, get };
    return get;
  }
}

function versionOf(file: string): string {
  const { ino, size, mtimeMs, ctimeMs } = statSync(file);
  return `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}
