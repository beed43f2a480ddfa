/**
 * From a connected socket to a server that is ready for mail: greeting, EHLO, STARTTLS, EHLO again, AUTH, and the rulesets
 * that are asked on the way (manual §5.1.4): try_tls whether to try, tls_clt_features how, tls_server whether what came of
 * it will do, authinfo who we are. Every one of them sees {server_name}, {server_addr} and, after the handshake, {verify},
 * {cipher} and the rest.
 */
import type { LinePolicy } from "../../authentication/policy/line-policy.ts";
import type { TlsEventSink } from "../../authentication/reports/tls-events.ts";
import type { Mechanism } from "../../auth/exchange.ts";
import { chooseMechanisms } from "../../auth/mechanisms.ts";
import type { Options } from "../../config/config.ts";
import type { Log } from "../../log/log.ts";
import { type Reply, replyText } from "../../mail/reply.ts";
import type { MacroScope } from "../../rewriting/macro-scope.ts";
import type { MailRules } from "../../routing/mail-rules.ts";
import type { Verdict } from "../../routing/verdict.ts";
import { type PeerFacts, tlsMacros, type Verify } from "../../tls/peer-facts.ts";
import { deferred, failed, type Outcome } from "../outcome.ts";
import { authenticate } from "./authenticate.ts";
import { findAuthInfo } from "./authinfo.ts";
import type { ClientTls } from "./client-tls.ts";
import type { Clock } from "../../sys/clock.ts";
import type { SealedFiles } from "../../sys/sealed-file.ts";
import type { SmtpClient } from "./client.ts";
import type { ClientFailure } from "./failure.ts";
import { isClosing, replyKind } from "./reply-reader.ts";
import { onOneLine } from "./reply-status.ts";
import { lineSession, sessionEvent } from "./line.ts";
import type { MacroValues } from "./own-end.ts";
import { type Place, shownAddress } from "./socket.ts";

export type SessionRules = Pick<MailRules, "check" | "select" | "text">;

/** What all sessions of a configuration share. */
export interface OpeningContext {
  /** Absent: no rulesets are asked. */
  readonly rules: SessionRules | undefined;
  readonly options: Options;
  /** Files that may not be read here. */
  readonly sealed?: SealedFiles | undefined;
  readonly tls: ClientTls;
  readonly log: Log;
  readonly clock: Clock;
  /** Who wants to hear how sessions went. */
  readonly events?: TlsEventSink | undefined;
}

export interface Wishes {
  /** Of the message for whose sake the session is opened. */
  readonly id: string;
  readonly scope: MacroScope;
  /** {if_addr_out} and its kin. */
  readonly ownEnd: MacroValues;
  /** false: this connection is one without STARTTLS ({verify} CLEAR). */
  readonly tls: boolean;
  /** What a policy demands of the connection and it has not, after the handshake; nothing more is said on such a one. */
  readonly missing: () => string | undefined;
  /** false: ClientPortOptions say not to use AUTH. */
  readonly auth: boolean;
  /** Whose mail it is for, and what the host's owner has published about connections. */
  readonly line: { readonly nextHop: string; readonly policy: LinePolicy | undefined };
}

export type Opening =
  | { readonly kind: "ready" }
  /** No conversation: the connection, or the server, did not come so far. */
  | { readonly kind: "failure"; readonly failure: ClientFailure }
  /** The handshake failed. With a new connection without TLS the answer may be another one. */
  | { readonly kind: "handshake"; readonly outcome: Outcome }
  /** Rules, or the server, do not want mail to go this way. */
  | { readonly kind: "refused"; readonly outcome: Outcome };

type Problem = Exclude<Opening, { kind: "ready" }>;

export class SessionOpening {
  readonly #context: OpeningContext;
  readonly #client: SmtpClient;
  readonly #place: Place;
  readonly #wishes: Wishes;
  #verify: Verify = "NONE";
  #facts: PeerFacts | undefined;

  constructor(context: OpeningContext, client: SmtpClient, place: Place, wishes: Wishes) {
    this.#context = context;
    this.#client = client;
    this.#place = place;
    this.#wishes = wishes;
  }

  async run(): Promise<Opening> {
    const failure = this.#client.tlsFirst ? undefined : await this.#client.open();
    if (failure !== undefined) return { kind: "failure", failure };
    this.#setMacros();
    return (await this.#encrypt()) ?? this.#tooWeak() ?? (await this.#introduceOurselves()) ?? { kind: "ready" };
  }

  // ---- STARTTLS ---------------------------------------------------------------------------------------------------------

  /** STARTTLS as far as it goes, and what tls_server thinks of it. */
  async #encrypt(): Promise<Problem | undefined> {
    const tried = await this.#startTls();
    if (tried?.kind === "failure") return tried;
    const line = this.#holdLine(tried);
    const verdict = await this.#ask("tls_server", this.#verify);
    const refusal = refusalOf(verdict);
    if (refusal !== undefined) this.#logRefusal("tls_server", this.#verify, refusal);
    if (tried?.kind === "handshake") {
      return refusal === undefined ? tried : { kind: "handshake", outcome: this.#outcome(refusal) };
    }
    // Rules that say "later" know less about the reason.
    if (line !== undefined && (refusal?.code ?? 0) < 500) return line;
    if (refusal !== undefined) return { kind: "refused", outcome: this.#outcome(refusal) };
    if (this.#facts === undefined || this.#client.tlsFirst) return undefined;
    const failure = await this.#client.hello();
    return failure === undefined ? undefined : { kind: "failure", failure };
  }

  /** Sets {verify} and its kin; returns what ends the connection. */
  async #startTls(): Promise<Problem | undefined> {
    const client = this.#client;
    const { server } = this;
    if (!client.tlsFirst) {
      if (!this.#wishes.tls) return this.#setMacros("CLEAR");
      if (!client.extensions.has("STARTTLS") || !client.canEncrypt) return undefined;
      const refusal = refusalOf(await this.#ask("try_tls", server.name));
      if (refusal !== undefined) return this.#logRefusal("try_tls", server.name, refusal);
    }
    const { rules, tls } = this.#context;
    const features = (await rules?.text("tls_clt_features", [server.name, server.address], this.#scope())) ?? "";
    const line = this.#wishes.line.policy;
    const context = tls.context(features, line?.publicTrust);
    if (context.kind === "problem") return this.#cannotEncrypt(context.reason);
    const shaken = await tls.shake(client, context, this.#place.peer.relay, features, line);
    if (shaken.kind === "answered") return this.#startTlsRefused(shaken.reply);
    if (shaken.kind === "failed") return this.#handshakeFailed(shaken.failure);
    this.#facts = shaken.facts;
    client.bearsName = shaken.facts.bearsName;
    this.#setMacros(shaken.facts.verify);
    return undefined;
  }

  /** What the owner of the host has published, held against the session; a policy that is broken ends it. */
  #holdLine(tried: Problem | undefined): Problem | undefined {
    const { policy, nextHop } = this.#wishes.line;
    const { clock, events } = this.#context;
    const facts = this.#facts;
    const result = tried === undefined ? policy?.check(lineSession(facts), clock.now()) : undefined;
    this.#client.line = result;
    if (result?.verify !== undefined) this.#setMacros(result.verify);
    if (facts !== undefined) this.#logEncryption({ ...facts, verify: this.#verify }, result?.words);
    if (result !== undefined) this.#client.heard?.(`=== ${result.words}: verify=${this.#verify}`);
    if (events !== undefined && this.#wishes.tls) {
      const failedWith = tried?.kind === "handshake" ? tried.outcome.text : undefined;
      events.tls(
        sessionEvent({
          at: clock.now(),
          nextHop,
          policy,
          result,
          client: this.#client,
          place: this.#place,
          failed: failedWith,
        }),
      );
    }
    if (result?.kind !== "broken") return undefined;
    const { relay, name } = this.#place.peer;
    this.#log(5, "warning", `STARTTLS=client, relay=${name}, ${result.words}, ${result.reason}`);
    if (!result.enforced) return undefined;
    const status = facts === undefined ? "4.7.10" : "4.7.5";
    return { kind: "refused", outcome: deferred(status, `${name}: ${result.reason}`, { relay, remoteMta: name }) };
  }

  /** A server that begins with STARTTLS can do without; one that begins with the handshake cannot. */
  #cannotEncrypt(reason: string): Problem | undefined {
    this.#setMacros("TEMP");
    const { peer } = this.#place;
    this.#log(5, "warning", `STARTTLS=client, relay=${peer.name}, not possible: ${reason}`);
    if (!this.#client.tlsFirst) return undefined;
    const details = { relay: peer.relay, remoteMta: peer.name };
    return {
      kind: "handshake",
      outcome: deferred("4.7.5", `TLS with ${peer.name} is not possible: ${reason}`, details),
    };
  }

  /** The session goes on in clear, if tls_server has nothing against that. */
  #startTlsRefused(reply: string): Problem | undefined {
    if (isClosing(reply)) return { kind: "failure", failure: { ...this.#lost("STARTTLS"), kind: "refused", reply } };
    const kind = replyKind(reply);
    if (kind === "later") return this.#setMacros("TEMP");
    if (kind === "never") return undefined;
    this.#client.failProtocol(reply, "STARTTLS");
    return { kind: "failure", failure: this.#lost("STARTTLS") };
  }

  /** What was cut off by ourselves (shutdown), or is no answer, says nothing about the handshake. */
  #handshakeFailed(failure: ClientFailure): Problem {
    if (failure.kind !== "tls" && failure.kind !== "lost") return { kind: "failure", failure };
    this.#setMacros("SOFTWARE");
    const reason = onOneLine(failure.message);
    this.#log(5, "warning", `STARTTLS=client, error: relay=${this.#place.peer.name}, reason=${reason}`);
    const { peer } = this.#place;
    const details = { relay: peer.relay, remoteMta: peer.name };
    return { kind: "handshake", outcome: deferred("4.7.5", `STARTTLS with ${peer.name} failed: ${reason}`, details) };
  }

  #logEncryption(peer: PeerFacts, line: string | undefined): void {
    const { version, verify, cipher, cipherBits, algorithmBits, verifyMessage, certificate } = peer;
    const published = line === undefined ? "" : `, ${line}`;
    const facts = `version=${version}, verify=${verify}, cipher=${cipher}, bits=${cipherBits}/${algorithmBits}${published}`;
    const { name } = this.#place.peer;
    this.#context.log.write(9, { priority: "info", text: `STARTTLS=client, relay=${name}, ${facts}` });
    if (certificate === undefined || !this.#context.log.enabled(11)) return;
    const names = `cert-subject=${certificate.subject}, cert-issuer=${certificate.issuer}`;
    this.#log(11, "info", `STARTTLS=client, ${names}, verifymsg=${verifyMessage}`);
  }

  #tooWeak(): Problem | undefined {
    const missing = this.#wishes.missing();
    if (missing === undefined) return undefined;
    const { relay, name } = this.#place.peer;
    return { kind: "refused", outcome: deferred("4.7.4", missing, { relay, remoteMta: name }) };
  }

  // ---- AUTH -------------------------------------------------------------------------------------------------------------

  async #introduceOurselves(): Promise<Problem | undefined> {
    const client = this.#client;
    const offered = client.extensions.get("AUTH");
    if (offered === undefined || !this.#wishes.auth) return undefined;
    const { rules, options, sealed } = this.#context;
    const found = await findAuthInfo(rules, options, this.server, this.#scope(), sealed);
    if (found.kind === "none") return undefined;
    const { relay, name } = this.#place.peer;
    if (found.kind === "unusable") {
      return this.#log(5, "warning", `AUTH=client, relay=${relay}, authinfo failed: ${found.reason}`);
    }
    const allowed = found.info.mechanisms.length > 0 ? found.info.mechanisms : allowedMechanisms(options);
    const mayReveal = (mechanism: Mechanism) => this.#mayReveal(mechanism, found.info.mechanisms);
    const mechanisms = chooseMechanisms({
      offered: offered.split(/[\s=]+/),
      allowed,
      mayReveal,
      hasCertificate: hasCertificate(client),
      hasPassword: found.info.hasPassword,
    });
    if (mechanisms.length === 0) {
      const clear = this.#facts === undefined ? " without TLS" : "";
      this.#log(
        5,
        "warning",
        `AUTH=client, relay=${name}, available mechanisms=${offered} do not fulfill requirements${clear}`,
      );
      return this.#authLater();
    }
    const result = await authenticate(client, mechanisms, found.info);
    if (result.kind === "lost") return { kind: "failure", failure: result.failure };
    if (result.kind === "later") {
      const reason = onOneLine(result.reply ?? result.reason);
      this.#log(
        5,
        "warning",
        `AUTH=client, relay=${name}, mech=${result.mechanism}, temporary failure, connection abort: ${reason}`,
      );
      return this.#authLater(result.reply);
    }
    if (result.kind === "refused") {
      client.authRefused = true;
      return this.#log(
        5,
        "warning",
        `AUTH=client, relay=${name}, mech=${result.mechanism}, refused: ${onOneLine(result.reply)}`,
      );
    }
    client.authenticated = true;
    return this.#log(9, "info", `AUTH=client, relay=${name}, mech=${result.mechanism}, bits=0`);
  }

  /** In clear, a mechanism that reveals the secret is used only where the entry for this server names it. */
  #mayReveal({ name }: Mechanism, named: readonly string[]): boolean {
    if (this.#facts !== undefined) return true;
    return named.some((each) => each.toUpperCase() === name) && !/p/.test(letters(this.#context.options));
  }

  #authLater(reply?: string): Problem {
    const { relay, name } = this.#place.peer;
    const diagnostic = reply === undefined ? {} : { diagnostic: { type: "smtp", text: onOneLine(reply) } };
    const details = { relay, remoteMta: name, ...diagnostic };
    return { kind: "refused", outcome: deferred("4.7.0", "Temporary AUTH failure", details) };
  }

  // ---- rulesets ---------------------------------------------------------------------------------------------------------

  /** As rules name the server: without the final dot, "" for the address of what has none. */
  get server(): { readonly name: string; readonly address: string } {
    return { name: this.#place.serverName, address: shownAddress(this.#place) };
  }

  #setMacros(verify: Verify = "NONE"): undefined {
    this.#verify = verify;
    const { name, address } = this.server;
    const server = [["server_name", name] as const, ["server_addr", address] as const];
    this.#client.macros = new Map([...server, ...this.#wishes.ownEnd, ...tlsMacros(verify, this.#facts)]);
  }

  #scope(): MacroScope {
    return this.#wishes.scope.sharing(this.#client.macros);
  }

  async #ask(ruleset: string, argument: string): Promise<Verdict> {
    const { rules } = this.#context;
    return rules === undefined ? { kind: "ok" } : rules.check(ruleset, [argument], this.#scope());
  }

  #logRefusal(ruleset: string, argument: string, reply: Reply): undefined {
    const { relay } = this.#place.peer;
    this.#log(4, "notice", `ruleset=${ruleset}, arg1=${argument}, relay=${relay}, reject=${replyText(reply)}`);
  }

  #outcome(reply: Reply): Outcome {
    return outcomeOfRules(reply, this.#place);
  }

  #lost(during: string): ClientFailure {
    return this.#client.failure ?? { kind: "lost", message: "connection closed", during };
  }

  #log(level: number, priority: "info" | "notice" | "warning", text: string): undefined {
    this.#context.log.write(level, { priority, id: this.#wishes.id, text });
  }
}

/** There was a handshake, and we had a certificate for a server that asked for one. */
function hasCertificate({ tlsSocket }: SmtpClient): boolean {
  return Object.keys(tlsSocket?.getCertificate() ?? {}).length > 0;
}

/** What a ruleset said against it; discarding and the like have no meaning here. */
export function refusalOf(verdict: Verdict): Reply | undefined {
  return verdict.kind === "refuse" || verdict.kind === "defer" ? verdict.reply : undefined;
}

/** A ruleset's refusal as what becomes of recipients. */
export function outcomeOfRules(reply: Reply, { peer }: Place): Outcome {
  const text = replyText(reply);
  const details = { relay: peer.relay, remoteMta: peer.name };
  if (reply.code < 500) return deferred(reply.enhanced ?? "4.7.0", text, details);
  return failed(reply.enhanced ?? "5.7.0", "Service unavailable", {
    ...details,
    diagnostic: { type: "smtp", text },
  });
}

/** The default of AuthMechanisms knows none of today's mechanisms: only what somebody has written counts. */
function allowedMechanisms(options: Options): string[] {
  if (!options.isSet("AuthMechanisms")) return [];
  return options
    .text("AuthMechanisms")
    .split(/[\s,]+/)
    .filter((word) => word !== "");
}

/** AuthOptions: only the first letter of each word counts. */
export function letters(options: Options): string {
  return options
    .text("AuthOptions")
    .split(/[\s,]+/)
    .map((word) => word[0] ?? "")
    .join("");
}
