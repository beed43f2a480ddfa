/**
 * STARTTLS (RFC 3207), and TLS from the first octet (M=s of a port, RFC 8314): the handshake, what is known of the client
 * after it, and what the judges of the stage "tls" (ruleset tls_client) think of that.
 */
import { judge } from "../reception/judges.ts";
import { isPromise, type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { type PeerFacts, peerFacts, tlsMacros } from "../tls/peer-facts.ts";
import type { ServerCertificates } from "../tls/server-context.ts";
import type { Answer, MaybeAnswer } from "./answer.ts";
import { signOut } from "./auth.ts";
import type { Conversation } from "./conversation.ts";
import { replies } from "./replies.ts";
import type { Secured } from "./secure-connection.ts";
import { logEncryption, logFailedHandshake, logFault } from "./session-log.ts";

export function starttls(session: Conversation, argument: string): MaybeAnswer {
  if (session.refusal !== undefined) return session.refusal;
  if (argument !== "") return replies.noParameters;
  if (session.secure) return replies.tlsActive;
  if (!session.features.offersTls) return replies.tlsOff;
  const { certificates } = session;
  if (certificates === undefined) return replies.tlsUnavailable;
  return whenReady(ownCertificates(session, certificates), (chosen): Answer => {
    if (chosen === undefined) return replies.tlsNotNow;
    return { reply: replies.startTls, begin: () => handshake(session, chosen, () => undefined) };
  });
}

/**
 * Before the greeting of a port with M=s.
 * @returns false when there will be no session
 */
export function encryptAtOnce(session: Conversation): MaybePromise<boolean> {
  if (session.secure || !session.port.modifiers.has("s")) return true;
  const { certificates } = session;
  return whenReady(certificates && ownCertificates(session, certificates), (chosen) => {
    if (chosen !== undefined) return new Promise((resolve) => void handshake(session, chosen, resolve));
    session.services.log.write(1, { priority: "crit", text: `${session.relay}: smtps: TLS not available, exiting` });
    session.drop();
    return false;
  });
}

/** What the session begins with, unless tls_srv_features wants something else for this client; undefined: it cannot be had. */
function ownCertificates(
  { site, scope, services }: Conversation,
  certificates: ServerCertificates,
): MaybePromise<ServerCertificates | undefined> {
  const client = [scope.get("client_name") ?? "", scope.get("client_addr") ?? ""];
  return whenReady(site.rules.text("tls_srv_features", client, scope), (features) => {
    if (features === undefined || !features.includes("=")) return certificates;
    return whenReady(services.tls.context(site.config, features), (context) =>
      context.kind === "context" ? context : undefined,
    );
  });
}

/** What a handshake takes of our time, ms: it is done where nobody watches it. */
const HANDSHAKE_FEE = 2;

/** @param done hears when rules have been asked about it; false: it failed, and the session is over */
function handshake(
  session: Conversation,
  certificates: ServerCertificates,
  done: (isSecure: boolean) => void,
): Promise<void> {
  const { scope, settings, features } = session;
  // What the client said before the handshake counts no more (RFC 3207 §4.2).
  session.introduced(undefined, false);
  signOut(session);
  scope.set("s", scope.get("client_name"));
  session.abuse.reset();
  session.visit.share.charge(HANDSHAKE_FEE);
  const { asksCertificate } = features;
  const offer = { certificates, asksCertificate, timeout: settings.handshakeTimeout, clock: session.services.clock };
  return session.startTls(offer, (outcome) => whenReady(secured(session, outcome), done));
}

function secured(session: Conversation, outcome: Secured): MaybePromise<boolean> {
  if (outcome.kind === "failed") {
    logFailedHandshake(session, outcome.reason);
    return false;
  }
  try {
    const facts = factsOf(session, outcome);
    for (const [name, value] of tlsMacros(facts.verify, facts)) session.scope.set(name, value);
    logEncryption(session, facts);
    const asked = judge(session.services, "tls", session.whole, { verify: facts.verify });
    const told = whenReady(asked, (verdict) => {
      if (verdict.kind === "out") session.turnAway(verdict.reply);
      return true;
    });
    return isPromise(told) ? told.catch((error: unknown) => undecided(session, error)) : told;
  } catch (error) {
    return undecided(session, error);
  }
}

function factsOf({ features, site }: Conversation, outcome: Exclude<Secured, { kind: "failed" }>): PeerFacts {
  const algorithm = site.config.options.text("CertFingerprintAlgorithm");
  const facts = outcome.kind === "supposed" ? outcome.facts : peerFacts(outcome.socket, "", algorithm);
  if (facts.certificate !== undefined && features.asksCertificate) return facts;
  return { ...facts, verify: features.asksCertificate ? "NO" : "NOT", verifyMessage: "ok" };
}

/** Where rules could not be asked nothing is taken. */
function undecided(session: Conversation, error: unknown): true {
  logFault(session, error);
  session.turnAway(replies.internalError);
  return true;
}
