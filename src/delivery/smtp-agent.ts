/**
 * Delivery over SMTP or LMTP, to hosts found by DNS, named by the configuration, or behind a unix socket.
 *
 * One job is one transaction: hosts are tried in order until one takes the conversation; what it says about each
 * recipient becomes that recipient's status. A host that cannot be talked to is a reason to try the next one; a host
 * that has answered MAIL has spoken for its domain.
 */
import type { DeliveryEnvironment } from "./environment.ts";
import type { Agent, Job, Report } from "./agent.ts";
import { Connections } from "./connections.ts";
import { HostStatus } from "./host-status.ts";
import { jobMacros } from "./job-macros.ts";
import { writeMessage, type WrittenMessage } from "./message-writer.ts";
import { deferred, failed, type Outcome, reportForAll } from "./outcome.ts";
import { fromFailure } from "./reply-status.ts";
import { openSocket, type Place } from "./smtp-socket.ts";
import { findPlaces, type PlaceOrProblem } from "./smtp-places.ts";
import { type PreparedMessage, prepareTransaction, statusesOf } from "./smtp-transaction.ts";
import type { ClientFailure, SmtpClient, SmtpTimeouts, TransactionResult } from "./smtp-client.ts";
import type { Options } from "../config/config.ts";
import { macroValue } from "../rewriting/macro-value.ts";

/** Used where a Timeout option says "none": every wait ends some day. */
const FOREVER = 24 * 3600_000;

export class SmtpAgent implements Agent {
  readonly #environment: DeliveryEnvironment;
  readonly #connections: Connections;
  readonly #hostStatus: HostStatus;
  readonly #timeouts: SmtpTimeouts;
  readonly #heloName: string;
  /** The library is loaded when mail leaves for the first time. */
  #client: typeof SmtpClient | undefined;

  constructor(environment: DeliveryEnvironment) {
    const { config, clock } = environment;
    const { options } = config;
    this.#environment = environment;
    this.#connections = new Connections(
      clock,
      options.number("ConnectionCacheSize"),
      options.time("ConnectionCacheTimeout"),
    );
    const rememberAll = options.text("HostStatusDirectory") !== "";
    this.#hostStatus = new HostStatus(clock, options.timeout("hoststatus"), rememberAll);
    this.#timeouts = timeoutsOf(options);
    this.#heloName = config.expand(options.text("HeloName"), config.macros) || macroValue("j", config.macros);
  }

  async deliver(job: Job): Promise<Report> {
    const now = () => this.#environment.clock.now();
    const macros = await jobMacros(job);
    if (macros.kind === "tempfail") return reportForAll(job, deferred("4.4.3", macros.reason), now());
    const { config } = this.#environment;
    const written = await writeMessage(config, job, macros.scope, { eol: "\r\n", stuffDots: true, fromLines: false });
    if (written.kind === "tempfail") return reportForAll(job, deferred("4.4.3", written.reason), now());
    const prepared = { sender: macros.sender, message: written.message };
    const attempt = new Attempt(this.#context(), job, prepared);
    return attempt.run(findPlaces(this.#environment, job, macros.scope));
  }

  close(): Promise<void> {
    this.#connections.close();
    return Promise.resolve();
  }

  #context(): Context {
    return {
      environment: this.#environment,
      connections: this.#connections,
      hostStatus: this.#hostStatus,
      timeouts: this.#timeouts,
      heloName: this.#heloName,
      client: async () => (this.#client ??= (await import("./smtp-client.ts")).SmtpClient),
    };
  }
}

interface Context {
  readonly environment: DeliveryEnvironment;
  readonly connections: Connections;
  readonly hostStatus: HostStatus;
  readonly timeouts: SmtpTimeouts;
  readonly heloName: string;
  client(): Promise<typeof SmtpClient>;
}

/** What trying one place led to. */
type Try = { readonly kind: "report"; readonly report: Report } | { readonly kind: "next"; readonly outcome: Outcome };

class Attempt {
  readonly #context: Context;
  readonly #job: Job;
  /** When looking for a host that answers ends, ms since the epoch. */
  readonly #connectUntil: number;
  readonly #prepared: PreparedMessage & { readonly message: WrittenMessage };

  constructor(context: Context, job: Job, prepared: PreparedMessage & { readonly message: WrittenMessage }) {
    this.#context = context;
    this.#job = job;
    this.#prepared = prepared;
    const { config, clock } = context.environment;
    this.#connectUntil = clock.now() + (config.options.timeout("aconnect") || FOREVER);
  }

  async run(places: AsyncIterable<PlaceOrProblem>): Promise<Report> {
    const { hostStatus, environment } = this.#context;
    const { mailer, signal } = this.#job;
    let last: Outcome | undefined;
    for await (const found of places) {
      if (found.kind === "problem") {
        last = worse(last, found.outcome);
        continue;
      }
      const { place } = found;
      if (signal.aborted) return this.#report(deferred("4.3.2", "delivery interrupted"));
      if (last !== undefined && environment.clock.now() >= this.#connectUntil) break;
      const known = mailer.flags.has("W") ? undefined : hostStatus.known(place.key);
      if (known !== undefined) {
        last = worse(last, known);
        continue;
      }
      const begun = environment.clock.now();
      const result = await this.#tryPlace(place);
      if (result.kind === "report") {
        hostStatus.isUp(place.key);
        return result.report;
      }
      hostStatus.isDown(place.key, result.outcome, environment.clock.now() - begun);
      last = worse(last, result.outcome);
    }
    return this.#report(last ?? deferred("4.4.1", "no host to try"));
  }

  async #tryPlace(place: Place): Promise<Try> {
    const { connections } = this.#context;
    const cacheKey = `${this.#job.mailer.name}\0${place.key}`;
    // A kept connection may have died unnoticed: that says nothing about the host, so look on.
    for (let kept = connections.take(cacheKey); kept !== undefined; kept = connections.take(cacheKey)) {
      if (kept.needsReset && !(await kept.clear())) {
        connections.drop(kept);
        continue;
      }
      const result = await this.#send(kept, place, cacheKey);
      if (result !== undefined) return result;
    }
    const opened = await this.#open(place);
    if ("outcome" in opened) return { kind: "next", outcome: opened.outcome };
    connections.use(opened.client);
    const { flags } = this.#job.mailer;
    if (!flags.has("k") && !flags.has("z") && this.#isOurselves(opened.client.greetingName)) {
      connections.drop(opened.client);
      const text = "Local configuration error";
      const diagnostic = { type: "smtp", text: `553 5.3.5 ${place.peer.name} mail loops back to me (MX problem?)` };
      return { kind: "report", report: this.#report(failed("5.3.5", text, { relay: place.peer.relay, diagnostic })) };
    }
    const result = await this.#send(opened.client, place, cacheKey);
    if (result !== undefined) return result;
    const failure = opened.client.failure ?? { kind: "lost", message: "connection closed", during: "MAIL" };
    return { kind: "next", outcome: fromFailure(failure, place.peer) };
  }

  /** undefined: the connection was gone before the server had said anything about this message. */
  async #send(client: SmtpClient, place: Place, cacheKey: string): Promise<Try | undefined> {
    const { connections, environment } = this.#context;
    const job = this.#job;
    const prepared = prepareTransaction(job, this.#prepared, client.extensions, client.authenticated);
    const now = environment.clock.now();
    if (prepared.transaction === undefined) {
      connections.put(cacheKey, client);
      return { kind: "report", report: { statuses: statusesOf(job, prepared, undefined, place.peer, now) } };
    }
    const stop = abortWith(job.signal, client);
    let result: TransactionResult;
    try {
      result = await client.transact(prepared.transaction);
    } finally {
      stop();
    }
    const { maxMessages } = job.mailer;
    if (!client.isOpen || (maxMessages > 0 && client.transactions >= maxMessages)) connections.drop(client);
    else connections.put(cacheKey, client);
    if (result.mail === undefined && result.failure !== undefined && !job.signal.aborted) return undefined;
    const statuses = statusesOf(job, prepared, result, place.peer, environment.clock.now());
    return { kind: "report", report: { statuses } };
  }

  async #open(place: Place): Promise<{ readonly client: SmtpClient } | { readonly outcome: Outcome }> {
    const first = await this.#connect(place, true);
    if ("client" in first) return first;
    const { failure } = first;
    const clearAllowed = this.#context.environment.config.options.flag("TLSFallbacktoClear");
    if (failure.kind !== "tls" || !clearAllowed) return { outcome: fromFailure(failure, place.peer) };
    const second = await this.#connect(place, false);
    return "client" in second ? second : { outcome: fromFailure(second.failure, place.peer) };
  }

  async #connect(
    place: Place,
    tls: boolean,
  ): Promise<{ readonly client: SmtpClient } | { readonly failure: ClientFailure }> {
    const { timeouts, heloName } = this.#context;
    const { mailer, signal } = this.#job;
    const connected = await openSocket(place, this.#connectTimeout(), signal);
    if ("failure" in connected) return connected;
    const Client = await this.#context.client();
    const client = new Client({
      socket: connected.socket,
      heloName,
      serverName: place.serverName,
      lmtp: mailer.flags.has("z"),
      // F=a asks for ESMTP and most servers speak it; F=2 forbids it.
      extended: !mailer.flags.has("2"),
      tls: tls && place.target.kind === "tcp" && !mailer.flags.has("z"),
      timeouts,
    });
    const stop = abortWith(signal, client);
    try {
      const failure = await client.open();
      if (failure === undefined) {
        this.#logEncryption(client, place);
        return { client };
      }
      client.abort();
      return { failure };
    } finally {
      stop();
    }
  }

  #logEncryption(client: SmtpClient, { peer }: Place): void {
    const { log } = this.#context.environment;
    if (!client.secure || !log.enabled(9)) return;
    const encryption = client.encryption;
    if (encryption === undefined) return;
    const { version, cipher, verified } = encryption;
    const bits = /256|CHACHA/.test(cipher) ? 256 : 128;
    const facts = `version=${version}, verify=${verified ? "OK" : "FAIL"}, cipher=${cipher}, bits=${bits}/${bits}`;
    log.write(9, { priority: "info", text: `STARTTLS=client, relay=${peer.name}, ${facts}` });
  }

  /** Timeout.connect for this place, and what is left of Timeout.aconnect for all of them; ms. */
  #connectTimeout(): number {
    const { environment } = this.#context;
    const one = environment.config.options.timeout("connect") || DEFAULT_CONNECT;
    const left = this.#connectUntil - environment.clock.now();
    return Math.max(1, Math.min(one, left));
  }

  #isOurselves(name: string): boolean {
    return name !== "" && name.toLowerCase() === this.#context.heloName.toLowerCase();
  }

  #report(outcome: Outcome): Report {
    return reportForAll(this.#job, outcome, this.#context.environment.clock.now());
  }
}

/** RFC 5321 §4.5.3.2 says nothing about connecting; systems give up after about two minutes. */
const DEFAULT_CONNECT = 120_000;

/** Of two reasons why no host took the message: one that may pass keeps it in the queue. */
function worse(before: Outcome | undefined, after: Outcome): Outcome {
  return before !== undefined && before.action === "delayed" && after.action === "failed" ? before : after;
}

function abortWith(signal: AbortSignal, client: SmtpClient): () => void {
  const abort = () => client.abort();
  signal.addEventListener("abort", abort, { once: true });
  return () => signal.removeEventListener("abort", abort);
}

function timeoutsOf(options: Options): SmtpTimeouts {
  const of = (name: string) => options.timeout(name) || FOREVER;
  return {
    greeting: of("initial"),
    helo: of("helo"),
    starttls: of("starttls"),
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
