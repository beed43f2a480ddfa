/**
 * The way in: turns the octets of a message into an envelope in the queue, and answers for it.
 *
 * Order matters. Everything that can refuse a message (size, hops, header checks) comes before `commit`; the 250 comes
 * after it, when the message is on stable storage (promise 1 of docs/architecture.md).
 */
import type { Config } from "../config/config.ts";
import { Collector } from "../envelope/collect.ts";
import { completeHeader, countHops } from "../envelope/complete-headers.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { setEnvelopeMacros } from "../envelope/envelope-macros.ts";
import type { Log } from "../log/log.ts";
import { logFrom } from "../log/mail-log.ts";
import { findField, type HeaderField, isField, unfold } from "../mail/header.ts";
import { type Reply, reply } from "../mail/reply.ts";
import {
  type CommitOptions,
  type Draft,
  type QueueEntry,
  type QueueStore,
  QueueUnavailableError,
} from "../queue/queue.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { logJudged } from "../routing/log-verdict.ts";
import type { Verdict } from "../routing/verdict.ts";
import type { Site } from "../site/site.ts";
import type { Clock } from "../sys/clock.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { checkHeader } from "./header-checks.ts";
import type { IncomingEnvelope, IncomingMessage, Intake } from "./intake.ts";

export interface IntakeEnvironment {
  readonly store: QueueStore;
  readonly clock: Clock;
  readonly log: Log;
  /** A message is in the queue: deliver it as the delivery mode says. Resolves when the client may be answered. */
  accepted(entry: QueueEntry, site: Site): MaybePromise<void>;
}

const QUEUE_FULL = reply(452, "4.3.1", "Out of disk space for temp file");

export function createIntake(environment: IntakeEnvironment): Intake {
  return {
    begin: (incoming) => whenReady(environment.store.draft(), (draft) => new Incoming(environment, incoming, draft)),
  };
}

class Incoming implements IncomingMessage {
  readonly #environment: IntakeEnvironment;
  readonly #site: Site;
  readonly #release: () => void;
  readonly #incoming: IncomingEnvelope;
  readonly #draft: Draft;
  readonly #collector: Collector;
  readonly #maxSize: number;
  #size = 0;
  /** Why the message cannot be taken although octets still come in. */
  #refusal: Reply | undefined;

  constructor(environment: IntakeEnvironment, incoming: IncomingEnvelope, draft: Draft) {
    this.#environment = environment;
    this.#site = incoming.site;
    this.#release = this.#site.use();
    this.#incoming = incoming;
    this.#draft = draft;
    const { options } = this.#site.config;
    this.#maxSize = options.number("MaxMessageSize");
    this.#collector = new Collector({
      maxHeadersLength: options.number("MaxHeadersLength"),
      body: (chunk) => this.#store(chunk),
    });
  }

  get id(): string {
    return this.#draft.id;
  }

  write(chunk: Buffer): MaybePromise<void> {
    this.#size += chunk.length;
    if (this.#maxSize > 0 && this.#size > this.#maxSize) {
      this.#refuse(reply(552, "5.2.3", `Message exceeds maximum fixed size (${this.#maxSize})`));
    }
    // The client talks on to its end; there is nothing to keep of what it says.
    if (this.#refusal !== undefined) return undefined;
    return this.#collector.write(chunk);
  }

  async finish(): Promise<Reply> {
    try {
      if (this.#refusal === undefined) await this.#collector.finish();
      const answer = this.#refusal ?? (await this.#accept());
      if (answer.code >= 300) this.#draft.discard();
      return answer;
    } catch (error) {
      this.#draft.discard();
      if (error instanceof QueueUnavailableError) return this.#unavailable(error);
      throw error;
    } finally {
      this.#release();
    }
  }

  abort(): void {
    this.#draft.discard();
    this.#release();
  }

  #store(chunk: Buffer): MaybePromise<void> {
    if (this.#incoming.discard) return undefined;
    try {
      const stored = this.#draft.write(chunk);
      return stored instanceof Promise ? stored.catch((error: unknown) => this.#storeFailed(error)) : stored;
    } catch (error) {
      return this.#storeFailed(error);
    }
  }

  #storeFailed(error: unknown): void {
    if (!(error instanceof QueueUnavailableError)) throw error;
    this.#refuse(this.#unavailable(error));
  }

  #unavailable(error: QueueUnavailableError): Reply {
    this.#environment.log.write(1, { priority: "crit", id: this.id, text: `SYSERR: queue: ${error.message}` });
    return QUEUE_FULL;
  }

  #refuse(answer: Reply): void {
    if (this.#refusal !== undefined) return;
    this.#refusal = answer;
    this.#draft.discard();
  }

  async #accept(): Promise<Reply> {
    const collector = this.#collector;
    const { config } = this.#site;
    if (collector.headerTooLong) {
      return reply(552, "5.6.0", `Headers too large (${config.options.number("MaxHeadersLength")} max)`);
    }
    const fields = this.#wantedFields(collector.fields);
    const hops = countHops(fields);
    const maxHops = config.options.number("MaxHopCount");
    if (hops > maxHops) return this.#looping(`Too many hops ${hops} (${maxHops} max)`);
    const scope = this.#incoming.scope.child();
    const now = this.#environment.clock.now();
    const { recipients } = this.#incoming;
    setEnvelopeMacros(scope, {
      ...this.#incoming,
      id: this.id,
      soleRecipient: soleRecipient(this.#incoming),
      fields,
      hops,
      bodySize: this.#size,
      recipientCount: recipients.length,
      now,
    });
    if (this.#incoming.submission?.fullName !== undefined) scope.set("x", this.#incoming.submission.fullName);
    const judged = { id: this.id, relay: this.#incoming.relay };
    const verdict = await checkHeader(this.#site, fields, scope, this.#size, (ruleset, args, each) =>
      logJudged(this.#environment.log, config, { ...judged, ruleset, args, verdict: each }),
    );
    if (verdict.kind === "refuse" || verdict.kind === "defer") return verdict.reply;
    const headers = completeHeader(this.#site, fields, scope);
    return this.#commit(this.#envelope(headers, scope, now), verdict);
  }

  async #commit(envelope: Envelope, verdict: Verdict): Promise<Reply> {
    const { log } = this.#environment;
    const { relay, daemon, scope } = this.#incoming;
    const messageId = findField(envelope.headers, "Message-Id");
    const facts = {
      envelope,
      size: this.#size,
      messageId: messageId === undefined ? "" : unfold(messageId.value),
      protocol: scope.get("r"),
      daemon,
      relay,
    };
    if (this.#incoming.discard || verdict.kind === "discard") {
      logFrom(log, facts);
      log.write(4, { priority: "info", id: this.id, text: "discarded" });
      this.#draft.discard();
      return this.#accepted();
    }
    const quarantined = verdict.kind === "quarantine" ? verdict.reason : this.#incoming.quarantined;
    const options: CommitOptions = quarantined === undefined ? {} : { hold: quarantined };
    const entry = await this.#draft.commit(
      quarantined === undefined ? envelope : { ...envelope, quarantined },
      options,
    );
    logFrom(log, facts);
    if (quarantined === undefined) await this.#environment.accepted(entry, this.#site);
    else log.write(4, { priority: "info", id: this.id, text: `quarantine=${quarantined}` });
    return this.#accepted();
  }

  /** A loop must be seen by whoever can break it. */
  #looping(text: string): Reply {
    const { relay, recipients } = this.#incoming;
    const to = recipients.map(({ given }) => given).join(", ");
    const line = `SYSERR: ${text}: via ${relay}, to ${to}`;
    this.#environment.log.write(1, { priority: "crit", id: this.id, text: line });
    return reply(554, "5.4.6", text);
  }

  #accepted(): Reply {
    return reply(250, "2.0.0", `${this.id} Message accepted for delivery`);
  }

  #wantedFields(fields: readonly HeaderField[]): readonly HeaderField[] {
    return this.#incoming.submission?.removeBcc ? fields.filter((field) => !isField(field, "Bcc")) : fields;
  }

  #envelope(headers: readonly HeaderField[], scope: MacroScope, now: number): Envelope {
    const { sender, recipients, bodyType, smtputf8, envid, ret, auth, isReport } = this.#incoming;
    const precedence = findField(headers, "Precedence");
    return {
      id: this.id,
      sender,
      recipients,
      headers,
      bodySize: this.#collector.bodySize,
      eightBit: this.#collector.eightBit,
      bodyType,
      smtputf8,
      envid,
      ret,
      auth,
      arrived: now,
      macros: persistentMacros(this.#site.config, scope),
      isReport: isReport ?? false,
      messageClass:
        precedence === undefined ? 0 : (this.#site.config.precedences.get(unfold(precedence.value).toLowerCase()) ?? 0),
    };
  }
}

/** $u while the message is completed: the only recipient, as RCPT or the command line gave it. Reports name nobody. */
function soleRecipient({ recipients, isReport, submission }: IncomingEnvelope): string | undefined {
  if (recipients.length !== 1 || isReport) return undefined;
  const [{ given }] = recipients;
  return submission === undefined ? `<${given}>` : given;
}

/** Session macros that delivery may still ask for, beside those that the class {persistentMacros} names. */
const savedMacros = ["r", "s", "_", "n", "client_addr", "client_name", "client_port", "daemon_name", "daemon_flags"];
const savedSecurityMacros = ["auth_type", "auth_authen", "auth_author", "auth_ssf", "tls_version", "cipher", "verify"];

function persistentMacros(config: Config, scope: MacroScope): Record<string, string> {
  const macros: Record<string, string> = {};
  const save = (name: string): void => {
    const value = scope.get(name);
    if (value !== undefined && value !== "") macros[name] = value;
  };
  savedMacros.forEach(save);
  savedSecurityMacros.forEach(save);
  for (const name of config.classWords("persistentMacros").words()) save(name.replace(/^\{(.*)\}$/, "$1"));
  return macros;
}
