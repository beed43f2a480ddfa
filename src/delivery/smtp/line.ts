/**
 * What owners of mail hosts publish about connections (DANE, MTA-STS), as deliveries use it: the question about one host, a
 * session as a policy looks at it, and what reports about TLS are told (RFC 8460).
 */
import type {
  LineAnswer,
  LinePolicies,
  LinePolicy,
  LineResult,
  LineSession,
} from "../../authentication/policy/line-policy.ts";
import type { TlsPolicyFacts, TlsSessionEvent } from "../../authentication/reports/tls-events.ts";
import type { AddressAnswer } from "../../dns/addresses.ts";
import type { MailHost } from "../../dns/mx.ts";
import { type MaybePromise, whenReady } from "../../sys/maybe-promise.ts";
import type { PeerFacts } from "../../tls/peer-facts.ts";
import type { SmtpClient } from "./client.ts";
import type { Place } from "./socket.ts";

interface Asked {
  readonly port: number;
  readonly answered: Extract<AddressAnswer, { readonly kind: "found" }>;
  /** Letters of clt_features: D no DANE, M no MTA-STS; a small letter takes the big one back. */
  readonly features: MaybePromise<string | undefined>;
}

/** @param host one that is not an address */
export function askLine(
  line: LinePolicies,
  { name, secure, of: nextHop }: MailHost,
  { port, answered, features }: Asked,
): MaybePromise<LineAnswer> {
  return whenReady(features, (letters = "") =>
    line.ask({
      host: name,
      port,
      mxSecure: secure,
      addressesSecure: answered.secure,
      canonicalName: answered.canonicalName ?? name,
      without: { dane: letters.includes("D"), sts: letters.includes("M") },
      ...(nextHop === undefined ? {} : { nextHop }),
    }),
  );
}

const CLEAR: LineSession = { chain: [], encrypted: false, trusted: false, trustProblem: "" };

/** @param facts of the handshake; undefined: there was none, or it failed */
export function lineSession(facts: PeerFacts | undefined): LineSession {
  if (facts === undefined) return CLEAR;
  const { chain = [], verify, verifyMessage } = facts;
  return { chain, encrypted: true, trusted: verify === "OK", trustProblem: verifyMessage };
}

interface EventParts {
  readonly at: number;
  readonly nextHop: string;
  readonly policy: LinePolicy | undefined;
  readonly result: LineResult | undefined;
  readonly client: SmtpClient;
  readonly place: Place;
  /** Why the handshake failed, when it did. */
  readonly failed: string | undefined;
}

export function sessionEvent(parts: EventParts): TlsSessionEvent {
  const { at, policy, client, place } = parts;
  const domain = parts.nextHop.replace(/\.$/, "").toLowerCase();
  const none: TlsPolicyFacts = { type: "no-policy-found", strings: [], domain, mxHosts: [] };
  const failure = failureOf(parts);
  const own = client.socket?.localAddress;
  return {
    at,
    domain,
    policy: policy?.facts ?? none,
    receivingMx: place.serverName,
    ...(failure && { failure }),
    ...(client.greetingName !== "" && { receivingHelo: client.greetingName }),
    ...(place.target.kind === "tcp" && { receivingIp: place.target.address }),
    ...(own !== undefined && { sendingIp: own }),
  };
}

function failureOf({ result, client, failed }: EventParts): TlsSessionEvent["failure"] {
  if (failed !== undefined) return { type: "validation-failure", reason: failed };
  if (result?.kind === "broken") return { type: result.type, reason: result.reason };
  if (client.secure || client.tlsSocket !== undefined) return undefined;
  return { type: "starttls-not-supported", reason: "the session was not encrypted" };
}
