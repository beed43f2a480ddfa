/** The mechanisms that are there, and which of them a client takes. */
import { cramMd5 } from "./cram-md5.ts";
import type { Mechanism } from "./exchange.ts";
import { external } from "./external.ts";
import { login } from "./login.ts";
import { oauthBearer } from "./oauthbearer.ts";
import { plain } from "./plain.ts";
import { scramSha1, scramSha1Plus, scramSha256, scramSha256Plus } from "./scram.ts";
import { xoauth2 } from "./xoauth2.ts";

/** The strongest first. */
export const MECHANISMS: readonly Mechanism[] = [
  external,
  scramSha256Plus,
  scramSha256,
  scramSha1Plus,
  scramSha1,
  cramMd5,
  oauthBearer,
  xoauth2,
  plain,
  login,
];

/** As a client we bind nothing to TLS. */
const SERVER_ONLY: ReadonlySet<Mechanism> = new Set([scramSha256Plus, scramSha1Plus, oauthBearer]);
/** XOAUTH2 wants a token and EXTERNAL nothing where others want a password: the configuration has to name them. */
const ONLY_BY_NAME: ReadonlySet<Mechanism> = new Set([xoauth2, external]);

export function mechanismNamed(name: string): Mechanism | undefined {
  return MECHANISMS.find((each) => each.name === name.toUpperCase());
}

/** What a client may use. */
export interface Choice {
  /** What the server offers. */
  readonly offered: readonly string[];
  /** What the configuration allows; empty: all that are here. */
  readonly allowed: readonly string[];
  /** Whether a mechanism that reveals the secret may be used on this connection. */
  readonly mayReveal: (mechanism: Mechanism) => boolean;
  /** We have shown a certificate on it: EXTERNAL may be used. */
  readonly hasCertificate: boolean;
  /** Without a password only EXTERNAL may be used. */
  readonly hasPassword: boolean;
}

/** The mechanisms to try, in this order. */
export function chooseMechanisms({ offered, allowed, mayReveal, hasCertificate, hasPassword }: Choice): Mechanism[] {
  const names = new Set(offered.map((name) => name.toUpperCase()));
  const wanted = new Set(allowed.map((name) => name.toUpperCase()));
  return MECHANISMS.filter((mechanism) => {
    const { name, revealsSecret } = mechanism;
    if (SERVER_ONLY.has(mechanism) || !names.has(name)) return false;
    if (wanted.size > 0 ? !wanted.has(name) : ONLY_BY_NAME.has(mechanism)) return false;
    if (!(mechanism === external ? hasCertificate : hasPassword)) return false;
    return !revealsSecret || mayReveal(mechanism);
  }).toSorted((a, b) => b.strength - a.strength);
}
