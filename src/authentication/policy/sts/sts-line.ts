/** An MTA-STS policy as it holds for one host, and for sessions with it (RFC 8461 §4). */
import type { TlsFailureType, TlsPolicyFacts } from "../../reports/tls-events.ts";
import type { LineAnswer, LinePolicy, LineQuestion, LineResult, LineSession } from "../line-policy.ts";
import type { KeptPolicy } from "./cache.ts";
import { isListed, stsLines } from "./policy-text.ts";

export interface StsHost {
  readonly answer: LineAnswer;
  /** The host is not one of the policy, and nobody will talk to it: told here, because there will be no session. */
  readonly unlisted?: string;
}

const NONE: StsHost = { answer: { kind: "none" } };

/** @param domain whose policy it is */
export function stsHost(kept: KeptPolicy, domain: string, { host }: LineQuestion): StsHost {
  const { mode, mx } = kept;
  if (mode === "none") return NONE;
  const listed = isListed(host, mx);
  const reason = `${host} is not a host of the MTA-STS policy of ${domain}`;
  if (!listed && mode === "enforce") {
    return { answer: { kind: "closed", status: "4.7.0", reason }, unlisted: reason };
  }
  return { answer: { kind: "policy", policy: policyOf(kept, domain, host, listed ? undefined : reason) } };
}

export function stsFacts(kept: KeptPolicy, domain: string): TlsPolicyFacts {
  return { type: "sts", strings: stsLines(kept), domain, mxHosts: kept.mx };
}

function policyOf(kept: KeptPolicy, domain: string, host: string, unlisted: string | undefined): LinePolicy {
  const enforced = kept.mode === "enforce";
  const words = `sts=${kept.mode}`;
  return {
    key: unlisted === undefined ? words : `${words} unlisted`,
    words,
    needsTls: enforced,
    publicTrust: true,
    facts: stsFacts(kept, domain),
    check: (session, now) => check(session, { host, enforced, words, unlisted, now }),
  };
}

interface Held {
  readonly host: string;
  readonly enforced: boolean;
  readonly words: string;
  readonly unlisted: string | undefined;
  readonly now: number;
}

function check(session: LineSession, held: Held): LineResult {
  const { enforced, words, unlisted } = held;
  const broken = (type: TlsFailureType, reason: string): LineResult => {
    return { kind: "broken", enforced, type, reason, words: `${words}/failed` };
  };
  if (unlisted !== undefined) return broken("validation-failure", unlisted);
  if (!session.encrypted) return broken("starttls-not-supported", "the server does not encrypt, and MTA-STS wants it");
  const problem = certificateProblem(session, held);
  return problem === undefined ? { kind: "holds", authenticated: true, words } : broken(...problem);
}

/** RFC 8461 §4.2: it leads to a public authority, is in date, and bears the host's name in its extension. */
function certificateProblem(
  { chain, trusted, trustProblem }: LineSession,
  { host, now }: Held,
): readonly [type: TlsFailureType, reason: string] | undefined {
  const [own] = chain;
  if (own === undefined) return ["certificate-not-trusted", "the server has shown no certificate"];
  if (now > Date.parse(own.validTo)) return ["certificate-expired", `the certificate has expired (${own.validTo})`];
  if (!trusted) return ["certificate-not-trusted", `the certificate cannot be verified (${trustProblem})`];
  const name = own.checkHost(host, { subject: "never", wildcards: true, partialWildcards: false });
  return name === undefined ? ["certificate-host-mismatch", `the certificate is not for ${host}`] : undefined;
}
