/**
 * REQUIRETLS (RFC 8689) as a client: a message whose sender wants encryption all the way goes only to a host that offers
 * REQUIRETLS itself, inside TLS, and has shown that it is the one that is meant: by DANE, by MTA-STS, or by a certificate of
 * a public authority where its name is known for sure. A mailbox (LMTP, a local mailer) is the end of the way.
 */
import type { LinePolicy, LineResult, LineSession } from "../../authentication/policy/line-policy.ts";
import type { Envelope } from "../../envelope/envelope.ts";
import type { Job } from "../agent.ts";
import { failed, type Outcome } from "../outcome.ts";
import type { SmtpClient } from "./client.ts";
import type { Place } from "./socket.ts";

export function requiresTls({ envelope, mailer }: Pick<Job, "envelope" | "mailer">): boolean {
  return envelope.requireTls === true && !mailer.flags.has("l") && !mailer.flags.has("z");
}

/** `TLS-Required: No` (RFC 8689 §5): its author wants it to arrive rather than to be safe. REQUIRETLS goes before it. */
export function ignoresPolicies({ headers, requireTls }: Envelope): boolean {
  if (requireTls === true) return false;
  return headers.some(({ name, value }) => /^tls-required$/i.test(name) && /^\s*no\s*$/i.test(value));
}

/**
 * For a host whose owner has published nothing.
 * @param isSure nobody on the way can have given us another name for it (MX records that are signed, or none)
 */
export function lineRequired(host: string, isSure: boolean): LinePolicy {
  return {
    key: isSure ? "requiretls" : "requiretls unsure",
    words: "requiretls",
    needsTls: true,
    publicTrust: true,
    facts: { type: "no-policy-found", strings: [], domain: host.toLowerCase(), mxHosts: [] },
    check: (session) => ({ kind: "holds", authenticated: isSure && isGood(session, host), words: "requiretls" }),
  };
}

function isGood({ chain, trusted }: LineSession, host: string): boolean {
  const name = chain[0]?.checkHost(host, { subject: "never", wildcards: true, partialWildcards: false });
  return trusted && name !== undefined;
}

/** Why this server must not have the message; another host may (RFC 8689 §4.2.1). */
export function requirementProblem(
  job: Pick<Job, "envelope" | "mailer">,
  {
    tlsSocket,
    extensions,
    line,
  }: Pick<SmtpClient, "tlsSocket" | "extensions"> & { readonly line: LineResult | undefined },
  { peer, target }: Place,
): Outcome | undefined {
  if (!requiresTls(job) || target.kind !== "tcp") return undefined;
  const details = { relay: peer.relay, remoteMta: peer.name };
  const refused = (status: string, reason: string): Outcome =>
    failed(status, `Service unavailable (REQUIRETLS: ${peer.name} ${reason})`, details);
  if (tlsSocket === undefined) return refused("5.7.10", "does not encrypt");
  if (line?.kind !== "holds" || !line.authenticated) return refused("5.7.10", "cannot be verified");
  return extensions.has("REQUIRETLS") ? undefined : refused("5.7.30", "does not offer REQUIRETLS");
}
