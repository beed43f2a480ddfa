/**
 * From places to a session that is ready for mail: the first place that takes a connection, what is said before the first
 * message (session-opening.ts), and a second connection without TLS where the handshake of the first one failed.
 */
import type { Options, PortOptions } from "../../config/config.ts";
import type { TimeoutName } from "../../config/options/timeouts.ts";
import type { MacroScope } from "../../rewriting/macro-scope.ts";
import type { Job } from "../agent.ts";
import { deferred, type Outcome } from "../outcome.ts";
import type { SmtpTimeouts } from "./client-options.ts";
import type { SmtpClient } from "./client.ts";
import { portWishes } from "./incoming-port.ts";
import type { OwnEnd } from "./own-end.ts";
import { type Policy, tlsMissing } from "./pace.ts";
import { fromFailure } from "./reply-status.ts";
import { type Opening, type OpeningContext, SessionOpening } from "./session-opening.ts";
import { type MailPlace, openFirst, type Place, shownAddress } from "./socket.ts";
import { onAbort } from "../../sys/abort-watch.ts";
import { isPromise } from "../../sys/maybe-promise.ts";

/** Used where a Timeout option says "none": every wait ends some day. */
export const FOREVER = 24 * 3600_000;

/** RFC 5321 §4.5.3.2 says nothing about connecting; systems give up after about two minutes. */
const DEFAULT_CONNECT = 120_000;

/**
 * How long one address may take to connect, ms: Timeout.iconnect at the first attempt at a message, where it is set, so that
 * mail for slow hosts does not keep a client waiting; else Timeout.connect.
 */
export function connectTime(options: Options, isFirst: boolean): number {
  return (isFirst && options.timeout("iconnect")) || options.timeout("connect") || DEFAULT_CONNECT;
}

export interface ConnectingContext {
  readonly opening: OpeningContext;
  readonly clientPorts: readonly PortOptions[];
  readonly timeouts: SmtpTimeouts;
  readonly heloName: string;
  readonly ownEnd: OwnEnd;
  client(): Promise<typeof SmtpClient>;
  /** A server has taken the connection. */
  connected(): void;
}

export type Connected = { readonly place: Place } & (
  | { readonly client: SmtpClient }
  | {
      readonly outcome: Outcome;
      /** The place has taken the connection, whatever came of it. */
      readonly reached: boolean;
      /** Rules say no for good: no other host is asked. */
      readonly decided: boolean;
    }
);

type Unopened = { readonly reached: boolean } & Exclude<Opening, { kind: "ready" }>;
type Conversed = { readonly place: Place } & ({ readonly client: SmtpClient } | Unopened);

export class Connecting {
  readonly #context: ConnectingContext;
  readonly #job: Job;
  readonly #scope: MacroScope;

  /** @param scope macros of the delivery */
  constructor(context: ConnectingContext, job: Job, scope: MacroScope) {
    this.#context = context;
    this.#job = job;
    this.#scope = scope;
  }

  /**
   * @param places at least one, of this host
   * @param timeout ms for connecting, each time
   */
  async connect(places: readonly Place[], timeout: number, host: MailPlace): Promise<Connected> {
    const { tls = "may" } = host.policy;
    const later = await this.#notNow(places[0]);
    if (later !== undefined) return { place: places[0], reached: false, decided: false, outcome: later };
    const first = await this.#converse(places, tls, timeout, host);
    if ("client" in first) return first;
    const mayBeClear = tls === "may" && host.line?.needsTls !== true && !this.#job.mailer.flags.has("_");
    const fallback = mayBeClear && this.#context.opening.options.flag("TLSFallbacktoClear");
    if (first.kind !== "handshake" || !fallback) return unreachable(first);
    const second = await this.#converse([first.place], "none", timeout, host);
    return "client" in second ? second : unreachable(second);
  }

  /**
   * Ruleset clt_features: `$#temp` keeps mail away from this server for now. Its letters are about DANE and MTA-STS, which
   * places.ts asks for.
   */
  async #notNow(place: Place): Promise<Outcome | undefined> {
    const { serverName, peer } = place;
    const scope = this.#scope.child([
      ["server_name", serverName],
      ["server_addr", shownAddress(place)],
    ]);
    const features = await this.#context.opening.rules?.select("clt_features", [serverName], scope);
    if (features?.toLowerCase() !== "temp") return undefined;
    return deferred("4.3.0", "clt_features: temporary failure", { relay: peer.relay, remoteMta: peer.name });
  }

  /** Connects, and talks as far as the server is ready for mail. */
  async #converse(
    places: readonly Place[],
    tls: Policy["tls"],
    timeout: number,
    { line, nextHop, name }: MailPlace,
  ): Promise<Conversed> {
    const { timeouts, opening } = this.#context;
    const { mailer, signal, envelope } = this.#job;
    const connected = await openFirst(places, timeout, signal);
    const { place } = connected;
    if ("failure" in connected) return { place, kind: "failure", failure: connected.failure, reached: false };
    this.#context.connected();
    const modifiers = clientModifiers(this.#context.clientPorts, place);
    const Client = await this.#context.client();
    const { ownEnd } = this.#context;
    const usesOwnName = modifiers.has("h") || portWishes(this.#job).ownName;
    const heloName = (usesOwnName && (await ownEnd.helloName(connected.socket))) || this.#context.heloName;
    const ownMacros = ownEnd.macros(connected.socket);
    const client = new Client({
      socket: connected.socket,
      heloName,
      serverName: line?.serverName ?? place.serverName,
      lmtp: mailer.flags.has("z"),
      tlsFirst: mailer.flags.has("_"),
      // F=a asks for ESMTP and most servers speak it; F=2 forbids it.
      extended: !mailer.flags.has("2"),
      timeouts,
    });
    client.heard = this.#job.heard;
    const wishes = {
      id: envelope.id,
      scope: this.#scope,
      ownEnd: isPromise(ownMacros) ? await ownMacros : ownMacros,
      tls: tls !== "none" && !modifiers.has("S"),
      missing: () => tlsMissing(tls, client),
      auth: !modifiers.has("A"),
      // Who says that nothing is encrypted has decided about that, too.
      line: { nextHop: nextHop ?? name, policy: modifiers.has("S") ? undefined : line },
    };
    const stop = abortWith(signal, client);
    try {
      const opened = await new SessionOpening(opening, client, place, wishes).run();
      if (opened.kind === "ready") return { place, client };
      if (opened.kind === "refused") client.quit();
      else client.abort();
      return { place, reached: true, ...opened };
    } catch (error) {
      client.abort();
      throw error;
    } finally {
      stop();
    }
  }
}

function unreachable(conversed: { readonly place: Place } & Unopened): Connected {
  const { place, reached } = conversed;
  if (conversed.kind === "failure") {
    return { place, reached, outcome: fromFailure(conversed.failure, place.peer), decided: false };
  }
  const { outcome } = conversed;
  return { place, reached, outcome, decided: outcome.action === "failed" };
}

const NO_MODIFIERS: ReadonlySet<string> = new Set();

/** M= of the ClientPortOptions for this kind of address: S no STARTTLS, A no AUTH, h the name of the address as ours. */
function clientModifiers(ports: readonly PortOptions[], { target }: Place): ReadonlySet<string> {
  if (ports.length === 0) return NO_MODIFIERS;
  const family = target.kind === "tcp" ? (target.address.includes(":") ? "inet6" : "inet") : "local";
  return ports.find((each) => each.family === family)?.modifiers ?? NO_MODIFIERS;
}

/** Ends what is going on when the signal fires; returns what takes that back. */
export function abortWith(signal: AbortSignal, client: SmtpClient): () => void {
  return onAbort(signal, () => client.abort());
}

export function timeoutsOf(options: Options): SmtpTimeouts {
  const of = (name: TimeoutName) => options.timeout(name) || FOREVER;
  return {
    greeting: of("initial"),
    helo: of("helo"),
    lhlo: of("lhlo"),
    starttls: of("starttls"),
    auth: of("auth"),
    mail: of("mail"),
    rcpt: of("rcpt"),
    dataInit: of("datainit"),
    dataBlock: of("datablock"),
    dataFinal: of("datafinal"),
    rset: of("rset"),
    quit: of("quit"),
    misc: of("misc"),
  };
}
