/**
 * Delivery over SMTP or LMTP, to hosts found by DNS, named by the configuration, or behind a unix socket.
 *
 * Hosts are tried in order until every recipient has been taken or refused (RFC 5321 §5.1): one that cannot be talked to,
 * breaks off or says "later" leaves the recipients that are still open to the next one in the same attempt. A refusal of
 * a recipient, of the sender or of the message stands: no other host is asked again.
 */
import type { RecipientStatus } from "../../envelope/status.ts";
import type { DeliveryEnvironment } from "../environment.ts";
import type { Agent, Job, JobRecipient, Report } from "../agent.ts";
import { BodyForms, SMTP_WRITING } from "./body-forms.ts";
import { ClientTls } from "./client-tls.ts";
import { Connections } from "./connections.ts";
import { type HostStatusSettings, hostStatusSettings } from "./host-status.ts";
import { jobMacros } from "../job-macros.ts";
import { openSigning, type Signing } from "../signing.ts";
import { writeMessage } from "../message-writer.ts";
import { deferred, failed, type Outcome, reportForAll, worse } from "../outcome.ts";
import { fromFailure, saysTooMany } from "./reply-status.ts";
import { abortWith, Connecting, type ConnectingContext, connectTime, FOREVER, timeoutsOf } from "./connecting.ts";
import { letters } from "./session-opening.ts";
import { refusedByRules, waitsForPassword } from "./recipient-rules.ts";
import type { MailPlace, Place } from "./socket.ts";
import { HeardHosts } from "./heard-hosts.ts";
import { OwnEnd } from "./own-end.ts";
import { Places } from "./places.ts";
import { requirementProblem } from "./require-tls.ts";
import { Turn } from "./turn.ts";
import {
  isSameVerdict,
  type PreparedMessage,
  prepareTransaction,
  statusOf,
  type Verdict,
  verdictsOf,
} from "./transaction.ts";
import type { SmtpClient } from "./client.ts";
import type { TransactionResult } from "./exchange.ts";
import { macroValue } from "../../rewriting/macro-value.ts";
import { isPromise } from "../../sys/maybe-promise.ts";

export class SmtpAgent implements Agent {
  readonly #environment: DeliveryEnvironment;
  readonly #connections: Connections;
  readonly #context: Context;
  readonly #signing: Signing | undefined;
  /** The library is loaded when mail leaves for the first time. */
  #client: typeof SmtpClient | undefined;

  constructor(environment: DeliveryEnvironment) {
    const { config, clock, log, names, rules, line } = environment;
    const { options } = config;
    this.#environment = environment;
    this.#signing = openSigning(environment);
    this.#connections = new Connections(
      clock,
      options.number("ConnectionCacheSize"),
      options.time("ConnectionCacheTimeout"),
    );
    this.#context = {
      environment,
      connections: this.#connections,
      opening: {
        rules,
        options,
        log,
        sealed: config.sealed,
        tls: new ClientTls(config, log),
        clock,
        events: line?.events,
      },
      clientPorts: config.clientPorts,
      hostStatus: hostStatusSettings(config),
      timeouts: timeoutsOf(options),
      heloName: config.expand(options.text("HeloName"), config.macros) || macroValue("j", config.macros),
      ownEnd: new OwnEnd(config, names),
      connected: () => environment.statistics?.connection("to"),
      client: async () => (this.#client ??= (await import("./client.ts")).SmtpClient),
    };
  }

  async deliver(job: Job): Promise<Report> {
    const { config, clock } = this.#environment;
    const now = () => clock.now();
    const macros = await jobMacros(job);
    if (macros.kind === "tempfail") return reportForAll(job, deferred("4.4.3", macros.reason), now());
    const written = await writeMessage(config, job, macros.scope, SMTP_WRITING);
    if (written.kind === "tempfail") return reportForAll(job, deferred("4.4.3", written.reason), now());
    const forms = new BodyForms(config, job, macros.scope, written.message, this.#signing);
    const prepared = { sender: macros.sender, forms, scope: macros.scope };
    const attempt = new Attempt(this.#context, job, prepared);
    const isConnected = (key: string): boolean => this.#connections.has(cacheKey(job, key));
    return attempt.run(new Places(this.#environment, job, macros.scope, isConnected));
  }

  close(): Promise<void> {
    this.#connections.close();
    return this.#environment.line?.close() ?? Promise.resolve();
  }
}

interface Context extends ConnectingContext {
  readonly environment: DeliveryEnvironment;
  readonly connections: Connections;
  readonly hostStatus: HostStatusSettings;
}

/**
 * What one conversation led to: the server has answered, or the connection broke off before the message was complete.
 * Recipients that neither took nor refused the message stay open in both cases.
 */
type Conversation = { readonly kind: "answered" } | { readonly kind: "broken"; readonly outcome: Outcome };

class Attempt {
  readonly #context: Context;
  readonly #job: Job;
  /** When looking for a host that answers ends, ms since the epoch. */
  readonly #connectUntil: number;
  readonly #prepared: PreparedMessage;
  readonly #statuses = new Map<number, RecipientStatus>();
  /** Recipients for whom another host may be asked. */
  #open: readonly JobRecipient[];
  readonly #turn: Turn;
  /** When to come back, for those whom the destination had no time for. */
  #again: number | undefined;
  /** The last host was ready for mail; what it said when it took the message. */
  #talked = false;
  #said: Outcome | undefined;
  /** Some host has taken a connection. */
  #reached = false;
  /** By recipient index: why those that are open have not been delivered so far. */
  readonly #reasons = new Map<number, Outcome>();
  readonly #heard: HeardHosts;

  constructor(context: Context, job: Job, prepared: PreparedMessage) {
    this.#context = context;
    this.#job = job;
    this.#prepared = prepared;
    this.#open = job.recipients;
    this.#heard = new HeardHosts(job.recipients.length);
    this.#turn = new Turn(context.environment, job);
    const { config, clock } = context.environment;
    this.#connectUntil = clock.now() + (config.options.timeout("aconnect") || FOREVER);
  }

  async run(places: Places): Promise<Report> {
    try {
      return await this.#run(places);
    } catch (error) {
      // A fault of ours; who has the message by now must not get it again.
      const { log } = this.#context.environment;
      const reason = error instanceof Error ? error.message : String(error);
      const text = `mailer ${this.#job.mailer.name} failed: ${reason}`;
      log.write(3, { priority: "err", id: this.#job.envelope.id, text });
      this.#postpone(deferred("4.3.0", reason));
      return this.#report(deferred("4.3.0", reason));
    } finally {
      this.#turn.leave();
    }
  }

  async #run(places: Places): Promise<Report> {
    const { hostStatus, environment } = this.#context;
    const { hosts } = environment.destinations;
    const { mailer, signal } = this.#job;
    let tried = 0;
    /** The last host, when it has taken some. */
    let last: MailPlace | undefined;
    for (;;) {
      const next = places.next();
      const found = isPromise(next) ? await next : next;
      if (found === undefined) break;
      if (found.lastResort === true && this.#reached) break;
      if (found.kind === "problem") {
        this.#postpone(found.outcome);
        continue;
      }
      const { host } = found;
      if (signal.aborted) return this.#report(deferred("4.3.2", "delivery interrupted"));
      if (tried++ > 0 && environment.clock.now() >= this.#connectUntil) break;
      const later = await this.#turn.enter(host);
      if (later !== undefined) {
        this.#postpone(deferred("4.4.5", later.reason, { relay: host.places[0].peer.relay }));
        this.#again = later.until;
        break;
      }
      const known = mailer.flags.has("W") ? undefined : hosts.known(host, hostStatus);
      if (known !== undefined) {
        this.#postpone(known);
        continue;
      }
      const begun = environment.clock.now();
      this.#talked = false;
      const before = this.#open.length;
      const down = await this.#tryHost(host);
      last = this.#open.length < before ? host : undefined;
      const talking = down === undefined || this.#talked ? 0 : hosts.talking(host);
      // It is there for others: it is not down, and has only no further connection for us (421 as a greeting, mostly).
      if (talking > 0 && host.policy.backoff === undefined) {
        this.#again = this.#turn.oneTooMany(talking);
        continue;
      }
      // What another host has said in a conversation is an answer: nobody comes back at once to hear it again.
      if (down === undefined) this.#again = undefined;
      this.#turn.ended(down === undefined, this.#reached);
      for (const { index } of this.#open) this.#turn.heard(this.#reasons.get(index), host);
      if (down === undefined) hosts.isUp(host, this.#said, hostStatus);
      else hosts.isDown(host, down, { took: environment.clock.now() - begun, talked: this.#talked }, hostStatus);
      if (this.#open.length === 0) break;
    }
    if (last !== undefined) await this.#sendTheRest(last);
    return this.#report(deferred("4.4.1", "no host to try"));
  }

  /** A host has taken some, and said that all others are too many at once; they have no other (RFC 5321 §4.5.3.1.10). */
  async #sendTheRest(host: MailPlace): Promise<void> {
    for (let before = Infinity; this.#open.length > 0 && this.#open.length < before && !this.#job.signal.aborted;) {
      if (!this.#open.every(({ index }) => saysTooMany(this.#reasons.get(index)))) return;
      before = this.#open.length;
      await this.#tryHost(host);
    }
  }

  /** Tries to deliver to all that are open; returns why there was no conversation with this host, if there was none. */
  async #tryHost(host: MailPlace): Promise<Outcome | undefined> {
    const { connections, environment } = this.#context;
    const key = cacheKey(this.#job, host.key);
    // A kept connection may have died unnoticed, or the server has had enough of it: that says nothing about the host.
    for (let kept = connections.take(key); kept !== undefined; kept = connections.take(key)) {
      kept.heard = this.#job.heard;
      if (kept.needsReset && !(await kept.clear())) {
        connections.drop(kept);
        continue;
      }
      const { kind } = await this.#send(kept, connections.placeOf(kept), key, host);
      if (kind === "answered" || this.#open.length === 0 || this.#job.signal.aborted) return undefined;
    }
    let left = host.places;
    let last: Outcome | undefined;
    while (left.length > 0 && this.#open.length > 0 && !this.#job.signal.aborted) {
      if (left !== host.places && environment.clock.now() >= this.#connectUntil) break;
      const tried = await this.#tryPlaces(host, left, key);
      last = tried.outcome;
      left = left.slice(left.indexOf(tried.place) + 1);
    }
    return last;
  }

  /** Talks to the first of these that takes a connection. The outcome says why there was no conversation, or no end of it. */
  async #tryPlaces(
    host: MailPlace,
    places: readonly Place[],
    key: string,
  ): Promise<{ readonly place: Place; readonly outcome: Outcome | undefined }> {
    const { connections, heloName } = this.#context;
    const connecting = new Connecting(this.#context, this.#job, this.#prepared.scope);
    const opened = await connecting.connect(places, this.#connectTimeout(), host);
    const { place } = opened;
    if ("outcome" in opened) {
      this.#reached ||= opened.reached;
      if (opened.decided) this.#decide(opened.outcome);
      else this.#postpone(opened.outcome);
      return opened;
    }
    connections.use(opened.client, place);
    const { flags } = this.#job.mailer;
    if (!flags.has("k") && !flags.has("z") && opened.client.greetingName.toLowerCase() === heloName.toLowerCase()) {
      connections.drop(opened.client);
      const text = "Local configuration error";
      const diagnostic = { type: "smtp", text: `553 5.3.5 ${place.peer.name} mail loops back to me (MX problem?)` };
      this.#decide(failed("5.3.5", text, { relay: place.peer.relay, diagnostic }));
      return { place, outcome: undefined };
    }
    const conversation = await this.#send(opened.client, place, key, host);
    return { place, outcome: conversation.kind === "broken" ? conversation.outcome : undefined };
  }

  async #send(client: SmtpClient, place: Place, key: string, host: MailPlace): Promise<Conversation> {
    this.#reached = true;
    this.#talked = true;
    const { connections, opening, environment } = this.#context;
    const formed = this.#prepared.forms.for(client.extensions.has("8BITMIME"));
    const form = isPromise(formed) ? await formed : formed;
    if (form.kind === "refused") {
      connections.put(key, client);
      if (form.outcome.action === "failed") this.#decide(form.outcome);
      else this.#postpone(form.outcome);
      return { kind: "answered" };
    }
    const unfit = requirementProblem(this.#job, client, place);
    if (unfit !== undefined) {
      connections.put(key, client);
      this.#postpone(unfit);
      return { kind: "answered" };
    }
    const job = { ...form.job, recipients: this.#open };
    const asked = refusedByRules(opening.rules, job, client, place, this.#prepared.scope, environment.log);
    const refused = isPromise(asked) ? await asked : asked;
    const prepared = prepareTransaction(job, { sender: this.#prepared.sender, message: form.message }, client, {
      refused,
      authParameter: client.authenticated || !/A/.test(letters(environment.config.options)),
      now: environment.clock.now(),
    });
    if (prepared.transaction === undefined) {
      connections.put(key, client);
      this.#take(verdictsOf(job, prepared, undefined, place.peer));
      return { kind: "answered" };
    }
    const stop = abortWith(job.signal, client);
    const ended = environment.destinations.hosts.talk(host);
    let result: TransactionResult;
    try {
      result = await client.transact(prepared.transaction);
    } finally {
      stop();
      ended();
    }
    const maxMessages = host.policy.messagesPerConnection ?? job.mailer.maxMessages;
    if (!client.isOpen || (maxMessages > 0 && client.transactions >= maxMessages)) connections.drop(client);
    else connections.put(key, client);
    const said = verdictsOf(job, prepared, result, place.peer);
    const { line } = client;
    const verdicts = line === undefined ? said : said.map((each) => underPolicy(each, line.words));
    this.#take(client.authRefused ? verdicts.map(waitsForPassword) : verdicts);
    const { failure, complete } = result;
    if (failure === undefined || complete || failure.kind === "local") return { kind: "answered" };
    return { kind: "broken", outcome: fromFailure(failure, place.peer) };
  }

  /** Notes what a server has said. Who was told to come later stays open: the next host may have time now. */
  #take(verdicts: readonly Verdict[]): void {
    const at = this.#context.environment.clock.now();
    let last: { readonly verdict: Verdict; readonly status: RecipientStatus } | undefined;
    for (const verdict of verdicts) {
      const { outcome } = verdict;
      const { index } = verdict.recipient;
      const before = this.#reasons.get(index);
      // Too many for this connection, perhaps: the same words say no more now than before.
      if (saysTooMany(before) && before?.diagnostic?.text === outcome.diagnostic?.text) continue;
      if (outcome.action === "delayed") {
        this.#heard.add(index, outcome);
        this.#reasons.set(index, outcome);
        continue;
      }
      // Most of them have the same.
      if (last === undefined || !isSameVerdict(last.verdict, verdict))
        last = { verdict, status: statusOf(verdict, at) };
      this.#statuses.set(index, last.status);
    }
    this.#said = verdicts.find(({ outcome }) => outcome.action !== "delayed" && outcome.action !== "failed")?.outcome;
    this.#open = this.#open.filter(({ index }) => !this.#statuses.has(index));
  }

  /** Another host could not be asked. */
  #postpone(outcome: Outcome): void {
    for (const { index } of this.#open) {
      this.#heard.add(index, outcome);
      this.#reasons.set(index, worse(this.#reasons.get(index), outcome));
    }
  }

  /** The same outcome for all that are open. */
  #decide(outcome: Outcome): void {
    this.#take(this.#open.map((recipient) => ({ recipient, outcome, passedOn: false })));
  }

  /** The time for this place, as far as Timeout.aconnect, the time for all of them, has not gone by; ms. */
  #connectTimeout(): number {
    const { environment } = this.#context;
    const one = connectTime(environment.config.options, this.#job.isFirst === true);
    const left = this.#connectUntil - environment.clock.now();
    return Math.max(1, Math.min(one, left));
  }

  /** @param reason for those that are open and no host has said why */
  #report(reason: Outcome): Report {
    const at = this.#context.environment.clock.now();
    for (const { index } of this.#open) {
      const said = this.#reasons.get(index) ?? reason;
      this.#statuses.set(index, { ...said, ...this.#heard.others(index, said), at });
    }
    return { statuses: this.#statuses, ...(this.#again === undefined ? {} : { again: this.#again }) };
  }
}

function underPolicy(verdict: Verdict, line: string): Verdict {
  return { ...verdict, outcome: { ...verdict.outcome, line } };
}

/** Mailers differ in what they may do with a connection: LMTP, HELO only, messages for each. */
function cacheKey({ mailer }: Job, key: string): string {
  return `${mailer.name}\0${key}`;
}
