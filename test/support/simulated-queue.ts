/**
 * A server without network, with hands of a clock that a test turns: a real configuration, its rulesets, the queue in memory,
 * the runner and what it reports; only what hosts answer is the test's. Reports are queued and delivered like any message.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import { readDeliveryMode } from "../../src/config/policies.ts";
import type { Agent, Job } from "../../src/delivery/agent.ts";
import { Destinations } from "../../src/delivery/smtp/destinations.ts";
import type { DeliverySite } from "../../src/dispatch/attempt.ts";
import { Runner } from "../../src/dispatch/runner.ts";
import type { SteerEnvironment } from "../../src/dispatch/steer.ts";
import type { Envelope } from "../../src/envelope/envelope.ts";
import type { RecipientStatus } from "../../src/envelope/status.ts";
import { type Log, silentLog } from "../../src/log/log.ts";
import { openDraft } from "../../src/queue/draft.ts";
import { MemoryStore } from "../../src/queue/memory-store.ts";
import type { QueueEntry } from "../../src/queue/queue.ts";
import { TimerScheduler } from "../../src/queue/timer-scheduler.ts";
import type { Intake } from "../../src/reception/intake.ts";
import type { JudgeTable } from "../../src/reception/judges.ts";
import { createIntake } from "../../src/reception/receive.ts";
import { queueGroupOf } from "../../src/routing/queue-group.ts";
import { createMailRules } from "../../src/routing/resolve.ts";
import { configEnvironment } from "./config-environment.ts";
import { fakeSite } from "./fake-site.ts";
import { ManualClock } from "./manual-clock.ts";
import { envelope } from "./queue-samples.ts";
import { ownFiles } from "./user-files.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/**
 * user@dear.test goes to an expensive mailer, user@asked.test to one that wants to be asked, user@local.test to "local", which
 * reaches no host, and any other user@host to esmtp.
 */
const CF = `V10/Berkeley
O QueueDirectory=/queue
@Q@Mesmtp, P=[IPC], F=mDFMuX, A=TCP $h
Mdear, P=[IPC], F=mDFMuXe, A=TCP $h
Masked, P=[IPC], F=mDFMuX%, A=TCP $h
Mlocal, P=[LOCAL], F=mDFM
Scanonify=3
R$*@$*	$:$1<@$2>
Sparse=0
R$*<@local.test>	$#local $: $1
R$*<@dear.test>	$#dear $@ dear.test $: $1<@dear.test>
R$*<@asked.test>	$#asked $@ asked.test $: $1<@asked.test>
R$*<@$*>	$#esmtp $@ $2 $: $1<@$2>
Sfinal=4
R$*<@$*>	$1@$2
`;

export interface Tried {
  readonly minute: number;
  readonly subject: string;
  readonly to: readonly string[];
  readonly mailer: string;
}

export interface Facts {
  /** Lines below all others, and Q lines. */
  readonly cf?: string;
  readonly groups?: string;
  /** Of -q; undefined: no automatic queue runs. */
  readonly interval?: number | undefined;
  /** What becomes of a recipient; absent: "Deferred". */
  readonly answer?: (host: string, minute: number, job: Job) => Partial<RecipientStatus>;
  /** What an attempt waits for. */
  readonly during?: () => Promise<void>;
  /** Of the machine; default none. */
  readonly load?: () => number;
  /** Mailers have destinations, whose hosts may be held or suspended. */
  readonly connects?: boolean;
  readonly log?: Log;
  /** Who judges what comes in; default nobody. */
  readonly judges?: JudgeTable;
}

export class SimulatedQueue {
  readonly clock = new ManualClock();
  readonly destinations = new Destinations(this.clock);
  readonly store = new MemoryStore(this.clock);
  readonly tried: Tried[] = [];
  readonly site: DeliverySite;
  readonly runner: Runner;
  readonly intake: Intake;
  readonly #started = this.clock.now();
  readonly #facts: Facts;

  static async of(facts: Facts = {}): Promise<SimulatedQueue> {
    const folder = mkdtempSync(join(tmpdir(), "rulemail-simulated-"));
    try {
      const file = join(folder, "test.cf");
      writeFileSync(file, `${CF.replace("@Q@", facts.groups ?? "")}${facts.cf ?? ""}\n`);
      const { config, messages } = await loadConfig(file, configEnvironment);
      if (config === undefined) throw new Error(messages.join("\n"));
      return new SimulatedQueue(facts, config);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  private constructor(facts: Facts, config: DeliverySite["config"]) {
    this.#facts = facts;
    const { clock, store, destinations } = this;
    const agent: Agent = {
      deliver: async (job) => {
        await facts.during?.();
        return { statuses: this.#answers(job) };
      },
    };
    const agents = { connects: () => facts.connects === true, files: ownFiles, agentFor: () => agent };
    this.site = fakeSite({
      config,
      rules: createMailRules(config),
      agents: { ...agents, close: () => Promise.resolve() },
    });
    const log = facts.log ?? silentLog;
    this.intake = createIntake({
      judges: facts.judges ?? {},
      queue: store,
      clock,
      log,
      firstTry: () => undefined,
      accepted: () => undefined,
    });
    const { intake } = this;
    this.runner = new Runner({
      site: () => this.site,
      store,
      clock,
      log,
      destinations,
      scheduler: (gate) => new TimerScheduler(clock, store, gate),
      interval: facts.interval,
      load: facts.load ?? (() => 0),
      reports: { intake, clock, log },
    });
    this.runner.start();
  }

  /** What an operator's decisions need. */
  steering(): SteerEnvironment {
    const { site, store, clock, intake } = this;
    return { site: () => site, store, clock, log: silentLog, reports: { intake, clock, log: silentLog } };
  }

  get minute(): number {
    return (this.clock.now() - this.#started) / MINUTE;
  }

  /** Minutes of the attempts at messages with this subject. */
  minutes(subject: string): readonly number[] {
    return this.tried.filter((each) => each.subject === subject).map(({ minute }) => minute);
  }

  /** Reports that were delivered: "240 Warning: ..." */
  get reports(): readonly string[] {
    return this.tried
      .filter(({ subject }) => /^(?:Warning|Returned|Return receipt)/.test(subject))
      .map(({ minute, subject, to }) => `${minute} ${subject} (${to.join(" ")})`);
  }

  /** @param to addresses; how they are delivered is found out here, as reception does */
  async put(
    subject: string,
    to: readonly string[],
    more: Partial<Envelope> & { mode?: string } = {},
  ): Promise<QueueEntry> {
    const { mode = "b", ...rest } = more;
    const { config, rules } = this.site;
    const recipients = await Promise.all(
      to.map(async (given) => {
        const resolution = await rules.resolve(given, config.macros);
        return {
          given,
          state: "todo",
          ...(resolution.kind === "triple" ? { resolved: resolution.triple } : {}),
        } as const;
      }),
    );
    const headers = [{ name: "Subject", value: ` ${subject}` }, ...(rest.headers ?? [])];
    const draft = await openDraft(this.store);
    const group = await queueGroupOf(this.site, recipients[0], config.macros);
    const whole = envelope(draft.id, { recipients, arrived: this.clock.now(), ...rest, headers });
    const waits = /[qd]/.test(readDeliveryMode(mode)) || this.runner.isTooMuch(config, whole, undefined);
    const nextTry = waits ? this.runner.nextRun(config, group) : undefined;
    const entry = await draft.commit(whole, { group, nextTry });
    if (waits) await this.runner.allot(entry.id);
    return entry;
  }

  /** Lets time go by, in steps, and what is due happen. */
  async wait(minutes: number, step = 1): Promise<void> {
    await this.settled();
    for (let left = minutes; left > 0; left -= step) {
      this.clock.advance(Math.min(step, left) * MINUTE);
      await this.settled();
    }
  }

  async settled(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.runner.idle();
    }
  }

  async stop(): Promise<void> {
    await this.runner.stop(0);
    await this.store.close();
  }

  #answers(job: Job): ReadonlyMap<number, RecipientStatus> {
    const subject = job.envelope.headers.find(({ name }) => name === "Subject")?.value.trim() ?? "";
    const to = job.recipients.map(({ recipient }) => recipient.given);
    this.tried.push({ minute: this.minute, subject, to, mailer: job.mailer.name });
    const answer = this.#facts.answer?.(job.host, this.minute, job) ?? {};
    const status: RecipientStatus = {
      action: "delayed",
      status: "4.4.1",
      text: "Deferred",
      at: this.clock.now(),
      ...answer,
    };
    return new Map(job.recipients.map(({ index }) => [index, status]));
  }
}
