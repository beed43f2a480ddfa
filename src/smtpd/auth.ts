/**
 * AUTH (RFC 4954): the exchange of a mechanism in lines of base64, and what a login means for the session.
 *
 *     C: AUTH PLAIN AGpvZQBzZWNyZXQ=         S: 235 2.0.0 OK Authenticated
 *     C: AUTH LOGIN   S: 334 VXNlcm5hbWU6   C: am9l   S: 334 UGFzc3dvcmQ6   C: *   S: 501 5.0.0 AUTH aborted
 *
 * Who answers for passwords is the site's authenticator (auth/authenticator.ts). Wrong ones are answered late, and later
 * each time (auth-failures.ts).
 */
import type { TLSSocket } from "node:tls";
import type { LoginExchange } from "../auth/authenticator.ts";
import { fromLine, toLine } from "../auth/base64-line.ts";
import type { ConnectionFacts, Identity, ServerStep } from "../auth/exchange.ts";
import { revealsSecret, satisfies } from "../auth/traits.ts";
import type { Reply } from "../mail/reply.ts";
import { judge } from "../reception/judges.ts";
import { askRuleset } from "../reception/ruleset-judges.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { AuthFailures } from "./auth-failures.ts";
import type { Answer, MaybeAnswer } from "./answer.ts";
import type { Conversation } from "./conversation.ts";
import { isLmtp } from "./lmtp.ts";
import { replies } from "./replies.ts";
import type { SmtpServices } from "./services.ts";
import {
  logAuthBadBase64,
  logAuthFailure,
  logAuthTooOften,
  logAuthUnavailable,
  logLogin,
  logProbing,
} from "./session-log.ts";

/** {auth_type} of a login that another host has seen. */
const BY_WORD = "XCLIENT";
/** Wrong passwords of one session, after which it is closed. */
const MOST_FAILURES = 6;

const failuresOf = new WeakMap<SmtpServices, AuthFailures>();

function failures(services: SmtpServices): AuthFailures {
  let known = failuresOf.get(services);
  if (known === undefined) failuresOf.set(services, (known = new AuthFailures()));
  return known;
}

/** What mechanisms may know of a session's connection. */
export function connectionFacts(session: Connected): ConnectionFacts {
  const { scope, tlsSocket } = session;
  const subject = scope.get("verify") === "OK" ? (scope.get("cert_subject") ?? "") : "";
  return {
    secure: session.secure,
    clientAddress: session.remoteAddress,
    serverAddress: session.localAddress,
    // RFC 9266 §4: before TLS 1.3 it would need extended master secrets, which nobody tells us about.
    channelBinding: tlsSocket?.getProtocol() === "TLSv1.3" ? exported(tlsSocket) : undefined,
    certified: subject === "" ? undefined : { subject, commonName: scope.get("cn_subject") ?? "" },
  };
}

type Connected = Pick<Conversation, "scope" | "secure" | "remoteAddress" | "localAddress"> & {
  readonly tlsSocket: Pick<TLSSocket, "getProtocol" | "exportKeyingMaterial"> | undefined;
};

function exported(socket: Pick<TLSSocket, "exportKeyingMaterial">): Buffer {
  return socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
}

/** The mechanisms that are offered on this connection; in the order of AuthMechanisms where it is set. */
export function offeredMechanisms(session: Conversation): MaybePromise<readonly string[]> {
  const { authenticator } = session.site;
  if (authenticator === undefined || !session.features.offersAuth || session.admission === undefined) return [];
  const { options } = session.site.config;
  const { secure } = session;
  const letters = options.text("AuthOptions");
  return whenReady(authenticator.mechanisms(connectionFacts(session)), (served) => {
    const wanted = options.isSet("AuthMechanisms")
      ? options
          .text("AuthMechanisms")
          .toUpperCase()
          .split(/[\s,]+/)
      : served;
    return wanted.filter(
      (name) =>
        served.includes(name) &&
        (secure || !session.features.plainNeedsTls || !revealsSecret(name)) &&
        satisfies(name, letters.replace("p", ""), secure),
    );
  });
}

export function auth(session: Conversation, argument: string): MaybeAnswer {
  if (session.refusal !== undefined) return session.refusal;
  if (session.login !== undefined) return replies.authenticated;
  if (session.transaction !== undefined) return replies.authInTransaction;
  return whenReady(offeredMechanisms(session), (offered) => {
    if (offered.length === 0) return replies.authUnavailable;
    const [word, ...rest] = argument.split(/[ \t]+/);
    if (word === "") return replies.mechanismNeeded;
    if (!offered.includes(word.toUpperCase())) return replies.noMechanism(word);
    const { services, remoteAddress } = session;
    const wait = failures(services).ahead(remoteAddress, services.clock.now());
    if (wait === undefined) {
      logAuthTooOften(session);
      return replies.authTemporary;
    }
    const start = (): MaybeAnswer => attempt(session, word, rest.join(" "));
    return wait === 0 ? start() : session.pause(wait, start);
  });
}

function attempt(session: Conversation, word: string, text: string): MaybeAnswer {
  const mechanism = word.toUpperCase();
  const exchange = session.site.authenticator?.start(mechanism, connectionFacts(session));
  if (exchange === undefined) return replies.noMechanism(word);
  // "=" stands for an initial response of no octets (RFC 4954 §4).
  const initial = text === "=" ? Buffer.alloc(0) : text === "" ? undefined : fromLine(text);
  if (text !== "" && initial === undefined) {
    exchange.cancel();
    logAuthBadBase64(session);
    return replies.badInitialBase64;
  }
  return new Attempt(session, mechanism, exchange).begin(initial);
}

/** One AUTH command under way. */
class Attempt {
  readonly #session: Conversation;
  readonly #mechanism: string;
  readonly #exchange: LoginExchange;

  constructor(session: Conversation, mechanism: string, exchange: LoginExchange) {
    this.#session = session;
    this.#mechanism = mechanism;
    this.#exchange = exchange;
  }

  begin(initial: Buffer | undefined): MaybeAnswer {
    return whenReady(this.#exchange.begin(initial), (step) => this.#answer(step));
  }

  #answer(step: ServerStep): MaybeAnswer {
    if (this.#session.isOver) {
      if (step.kind === "challenge") this.#exchange.cancel();
      return undefined;
    }
    switch (step.kind) {
      case "challenge":
        if (step.refused !== undefined) return this.#explain(step.octets, step.refused.user);
        return this.#ask(step.octets, (response) =>
          whenReady(this.#exchange.step(response), (next) => this.#answer(next)),
        );
      case "accepted": {
        const { identity, last } = step;
        // SMTP has no place for the server's last word beside the 235: it goes as a challenge whose answer is empty.
        if (last === undefined) return this.#accept(identity);
        return this.#ask(last, (response) =>
          response.length === 0 ? this.#accept(identity) : this.#fail(identity.user, "a word too many"),
        );
      }
      case "refused":
        return this.#fail(step.user, "wrong name or password");
      case "malformed":
        return this.#fail("", step.reason);
      case "unavailable":
        logAuthUnavailable(this.#session, this.#mechanism, step.reason);
        return replies.authTemporary;
    }
  }

  /** Says a challenge; the next line is the response. */
  #ask(challenge: Buffer, then: (response: Buffer) => MaybeAnswer): Answer {
    const line = (text: string | undefined): MaybeAnswer => {
      if (text === undefined) return this.#cancelled(replies.authLineTooLong);
      if (text === "*") return this.#cancelled(replies.authAborted);
      // Not meant for this place (RFC 4954 §4), but curl says it for a response of no octets (EXTERNAL).
      const response = text === "=" ? Buffer.alloc(0) : fromLine(text);
      if (response !== undefined) return then(response);
      logAuthBadBase64(this.#session);
      return this.#cancelled(replies.badBase64);
    };
    const gone = (): void => this.#exchange.cancel();
    return { reply: replies.challenge(toLine(challenge)), begin: () => this.#session.expect({ line, gone }) };
  }

  /** Says why not, as the mechanism wants it; whatever the client says then, or leaves, it has failed. */
  #explain(reason: Buffer, user: string): Answer {
    const fail = (): MaybeAnswer => {
      this.#exchange.cancel();
      return this.#fail(user, "a token that does not count");
    };
    const gone = (): void => void this.#noteFailure(user, "a token that does not count");
    return { reply: replies.challenge(toLine(reason)), begin: () => this.#session.expect({ line: fail, gone }) };
  }

  #cancelled(answer: Answer): Answer {
    this.#exchange.cancel();
    return answer;
  }

  /** The answer to a wrong password waits; so do those of the client's other connections, and mail goes on meanwhile. */
  #fail(user: string | undefined, reason: string): MaybeAnswer {
    const session = this.#session;
    const { settings } = session;
    const wait = this.#noteFailure(user, reason);
    const count = session.abuse.countAuthFailure();
    return session.pause(wait, () => {
      if (count < MOST_FAILURES) return replies.authFailed;
      logProbing(session, "AUTH", count);
      return { last: replies.tooManyBad(settings.hostName) };
    });
  }

  /** @returns how many ms the answer shall wait */
  #noteFailure(user: string | undefined, reason: string): number {
    const { services, remoteAddress } = this.#session;
    logAuthFailure(this.#session, this.#mechanism, user ?? "", reason);
    return failures(services).note(remoteAddress, services.clock.now());
  }

  #accept({ user, actAs }: Identity): MaybeAnswer {
    const session = this.#session;
    const { scope, services, whole } = session;
    const clear = (): void => setLoginMacros(session, undefined, undefined);
    setLoginMacros(session, this.#mechanism, user);
    return whenReady(actAs === user || mayActAs(session, actAs), (isAllowed) => {
      if (!isAllowed) {
        clear();
        return this.#fail(user, "not allowed to act as somebody else");
      }
      return whenReady(judge(services, "auth", whole, { mechanism: this.#mechanism }), (outcome) => {
        if (outcome.kind === "out") {
          clear();
          return outcome.reply;
        }
        session.signIn({ mechanism: this.#mechanism, user, since: services.clock.now() });
        scope.set("r", protocolName(session));
        logLogin(session, user, this.#mechanism);
        return replies.authOk;
      });
    });
  }
}

/**
 * A host that may say so (XCLIENT) has seen the login of its client.
 * @returns the refusal of the judges of logins
 */
export function signInByWord(
  session: Conversation,
  user: string,
  mechanism = BY_WORD,
): MaybePromise<Reply | undefined> {
  setLoginMacros(session, mechanism, user);
  return whenReady(judge(session.services, "auth", session.whole, { mechanism }), (outcome) => {
    if (outcome.kind === "out") {
      setLoginMacros(session, undefined, undefined);
      return outcome.reply;
    }
    session.signIn({ mechanism, user, since: session.services.clock.now(), isByWord: true });
    logLogin(session, user, mechanism);
    return undefined;
  });
}

/** Whether that login counts still: one that is disabled ends; those that another host has let in are its business. */
export function isStillSignedIn({ login, site }: Pick<Conversation, "login" | "site">): boolean {
  if (login === undefined) return false;
  return login.isByWord === true || site.authenticator?.isStillGood(login.user, login.mechanism) !== false;
}

/** What was shown counts no more: a handshake begins (RFC 3207 §4.2). */
export function signOut(session: Conversation): void {
  session.signIn(undefined);
  setLoginMacros(session, undefined, undefined);
}

/** {auth_type} {auth_authen} {auth_ssf}: no mechanism here makes a layer of its own, so its strength is 0 bits. */
function setLoginMacros({ scope }: Conversation, mechanism: string | undefined, user: string | undefined): void {
  scope.set("auth_type", mechanism);
  scope.set("auth_authen", user && authText(user));
  scope.set("auth_ssf", user && "0");
}

/** A name as rules see it: what would end an address or a comment is written in xtext. */
function authText(user: string): string {
  const octets = Buffer.from(user, "utf8").toString("latin1");
  return octets.replace(
    /[^\x20-\x7e]|[<>")+]/g,
    (char) => `+${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** trust_auth: the ruleset that says for whom a login may speak. */
function mayActAs({ whole }: Conversation, actAs: string): MaybePromise<boolean> {
  whole.scope.set("auth_author", authText(actAs));
  return whenReady(askRuleset(whole, "trust_auth", [authText(actAs)]), (verdict) => {
    whole.scope.set("auth_author", undefined);
    return verdict.kind === "ok";
  });
}

/** $r: SMTP or ESMTP, S for TLS, A for AUTH (RFC 3848). */
export function protocolName(session: Conversation): string {
  const { isEsmtp, secure, login } = session;
  const name = isLmtp(session) ? "LMTP" : isEsmtp ? "ESMTP" : "SMTP";
  return `${name}${secure ? "S" : ""}${login === undefined ? "" : "A"}`;
}
