/**
 * The running server: everything assembled, started in an order in which nothing accepts mail before it can keep it, and
 * stopped in the opposite one.
 */
import type { SenderEvidence } from "../authentication/evidence.ts";
import type { DeliveryMode } from "../config/policies.ts";
import type { Config } from "../config/config.ts";
import type { CommandLineSetting } from "../config/environment.ts";
import { Runner, type RunWatch } from "../dispatch/runner.ts";
import type { Suspension } from "../control/protocol.ts";
import type { TakingEnvironment } from "../reception/arrival.ts";
import { createIntake } from "../reception/receive.ts";
import type { JudgeTable } from "../reception/judges.ts";
import { LoginLimits } from "../reception/login-limits.ts";
import { filtersFor, type SessionFilters } from "../reception/session-filters.ts";
import { standardJudges } from "../reception/standard-judges.ts";
import type { Intake } from "../reception/intake.ts";
import type { SessionFacts } from "../reception/session-facts.ts";
import type { SubmissionEnvironment } from "../reception/local-submission.ts";
import type { Log } from "../log/log.ts";
import { openFilter } from "../milter/open-filter.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import { type OpenedQueue, openQueue } from "../queue/open-queue.ts";
import type { QueueFilter } from "../queue/filter.ts";
import type { QueueStore } from "../queue/queue.ts";
import { factorsOf } from "../queue/order.ts";
import { TimerScheduler } from "../queue/timer-scheduler.ts";
import { SystemUsers } from "../sys/getent.ts";
import type { Site } from "../site/site.ts";
import type { Agents } from "../delivery/agents.ts";
import { type DeliverySite } from "../dispatch/attempt.ts";
import { returnUnqueued, type SteerEnvironment } from "../dispatch/steer.ts";
import { ClientQueueCollector } from "./client-queue-collector.ts";
import { type LocalRights, ownRights, prepareLocalMail } from "./local-mail.ts";
import type { Surroundings } from "./delivery-site.ts";
import { queueFileMode, queueFolder, queuePaths } from "../config/queue-folder.ts";
import { etrnFilter, oneAfterTheOther } from "./etrn-runs.ts";
import { homeFolder } from "./home.ts";
import { Listeners, type OpenPort } from "./listeners.ts";
import { LoginCountsFile } from "./login-counts-file.ts";
import type { Openings, SessionHost, SessionHostParts } from "./session-host.ts";
import { SessionsHere } from "./sessions-here.ts";
import { type SessionThreads, ThreadedSessions } from "./sessions/threaded-sessions.ts";
import { ReportSending } from "./report-sending.ts";
import { reopen } from "./reopen.ts";
import { Suspensions } from "./suspensions.ts";
import { StatisticsFile } from "./statistics-file.ts";
import { SiteInForce } from "./site-in-force.ts";

export interface ServerOptions {
  readonly configFile: string;
  readonly settings: readonly CommandLineSetting[];
  /** Milliseconds of `-q30m`; undefined without. */
  readonly queueInterval?: number;
  /** False for a queue run without listeners. */
  readonly listen: boolean;
  /** Who the server is by now. */
  readonly rights?: LocalRights;
  /** What needs other rights than the server has: ports that are bound already, the door to root. */
  readonly openings?: Openings;
  /** Resolves when all is there that a message may need; nobody is listened to before. */
  readonly ready?: () => Promise<void>;
  /** The thread that sessions have for themselves; undefined: they are in this one. */
  readonly sessions?: SessionThreads | undefined;
  /** Hears of each new configuration after a reload. */
  readonly inForce?: (config: Config) => void;
}

/** After which time what a filter deferred is handed in again, without an interval of queue runs; ms. */
const CLIENT_QUEUE_INTERVAL = 20 * 60_000;

/** Milliseconds that running messages may take to end at shutdown. */
const GRACE = 25_000;

export class Server {
  readonly #options: ServerOptions;
  readonly #surroundings: Surroundings;
  readonly #queue: OpenedQueue;
  readonly #runner: Runner;
  readonly #collector: ClientQueueCollector;
  readonly #taking: TakingEnvironment;
  readonly #intake: Intake;
  readonly #site: SiteInForce<Agents>;
  readonly #listeners: Listeners;
  readonly #suspensions: Suspensions;
  readonly #judges: JudgeTable;
  /** Where sessions are in this thread. */
  readonly #logins: LoginCountsFile | undefined;
  readonly #sessions: SessionHost;
  readonly #statistics: StatisticsFile | undefined;
  readonly #reports: ReportSending | undefined;
  #stopped: Promise<void> | undefined;

  private constructor(options: ServerOptions, surroundings: Surroundings, site: DeliverySite, queue: OpenedQueue) {
    this.#options = options;
    this.#surroundings = surroundings;
    this.#queue = queue;
    const { clock, log } = surroundings;
    const limits = new LoginLimits(clock);
    const { counts } = surroundings;
    void counts?.use(site.config);
    this.#judges = standardJudges(limits, { clock, log, heard: this.#heard });
    if (options.sessions === undefined) {
      this.#logins = new LoginCountsFile({ queueFolder: queueFolder(site.config), limits, clock, log });
    }
    const { store } = queue;
    const { configFile: file, settings } = options;
    this.#statistics =
      surroundings.statistics &&
      new StatisticsFile({ clock, log, statistics: surroundings.statistics, config: () => this.site.config });
    this.#suspensions = new Suspensions(queueFolder(site.config), surroundings.destinations);
    this.#site = new SiteInForce(site, {
      file,
      log,
      open: () => reopen({ file, settings }, surroundings, options.openings?.door, this.#sessions),
      prepare: (next) => prepareLocalMail(next, options.rights ?? ownRights(), log),
      adopt: async ({ config }) => {
        void counts?.use(config);
        options.inForce?.(config);
        await this.#sessions.adopt();
        return this.#listen();
      },
    });
    this.#taking = {
      queue: store,
      log,
      isTooMuch: ({ config }, envelope, daemon) => this.#runner.isTooMuch(config, envelope, daemon),
      firstTry: ({ config }, group, mode) => this.#firstTry(config, group, mode),
      accepted: ({ id }, mode, told) => {
        if (mode === "i") return this.#runner.deliver(id, told);
        return mode === "b" ? undefined : this.#runner.allot(id);
      },
    };
    this.#intake = createIntake({ ...this.#taking, judges: this.#judges, clock });
    this.#reports = counts && new ReportSending({ counts, site: () => this.site, intake: this.#intake, clock, log });
    this.#sessions = this.#sessionHost();
    this.#listeners = new Listeners({
      open: (port) => this.#sessions.open(port),
      log,
      grace: GRACE,
    });
    this.#collector = new ClientQueueCollector({
      folder: homeFolder().clientQueue,
      log,
      accounts: new SystemUsers(clock),
      environment: () => this.submissions(),
      retryAfter: options.queueInterval ?? CLIENT_QUEUE_INTERVAL,
      giveBack: (entry, body, reason) => returnUnqueued(this.steering(), entry, body, reason),
      clock,
    });
    this.#runner = new Runner({
      site: () => this.site,
      store,
      clock,
      log,
      scheduler: (gate) => new TimerScheduler(clock, store, gate),
      destinations: surroundings.destinations,
      interval: options.queueInterval,
      reports: { intake: this.#intake, clock, log },
    });
  }

  /**
   * Collects the client queue and makes matching messages due; how many match.
   * @param watch hears of each attempt; the answer comes after the last
   */
  async runQueue(filter: QueueFilter, watch?: RunWatch): Promise<number> {
    await this.#collector.collect("all");
    if (watch === undefined && filter.held !== true) return this.#hurry(filter);
    // What is held is never due: it is tried by this run, or not at all.
    this.#surroundings.destinations.hosts.forget();
    const count = await this.store.count(filter);
    const run = this.#runner.runOnce(filter, watch);
    if (watch === undefined) run.catch((error: unknown) => this.#report(error));
    else await run;
    return count;
  }

  #report(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.log.write(1, { priority: "crit", text: `SYSERR: queue run: ${reason}` });
  }

  /** Changes which hosts are suspended; those that are then. */
  suspensions(change?: Suspension): readonly string[] {
    if (change !== undefined) this.#suspensions.change(change.host, change.suspended);
    return this.#suspensions.hosts;
  }

  /** Whoever asks for a queue run wants hosts to be tried that were down a moment ago, too. */
  #hurry(filter: QueueFilter): MaybePromise<number> {
    this.#surroundings.destinations.hosts.forget();
    return this.#runner.hurry(filter);
  }

  /** Opens the queue and recovers it, then listens. Throws with a clear message when it cannot. */
  static async start(options: ServerOptions, surroundings: Surroundings, site: DeliverySite): Promise<Server> {
    const { log, clock } = surroundings;
    const { config } = site;
    const directory = queueFolder(config);
    const queue = await openQueue({
      directory,
      groups: queuePaths(config),
      clock,
      ...(options.queueInterval === undefined
        ? {}
        : { latest: clock.now() + longestWait(config, options.queueInterval) }),
      factors: factorsOf(config.options),
      fileMode: queueFileMode(config),
      report: (text) => log.write(1, { priority: "crit", text: `queue: ${text}` }),
    });
    void queue.loaded.then(({ messages, reports }) => {
      for (const text of reports) log.write(1, { priority: "warning", text: `queue: ${text}` });
      if (messages === 0) return;
      log.write(5, { priority: "info", text: `queue: ${messages} messages recovered from ${directory}` });
    });
    const server = new Server(options, surroundings, site, queue);
    try {
      await server.#sessions.begin(server.#listeners);
      await options.ready?.();
      const [problem] = await server.#listen();
      if (problem !== undefined) throw problem;
    } catch (error) {
      await server.#listeners.close(0);
      await queue.store.close();
      throw error;
    }
    if (options.listen || options.queueInterval !== undefined) {
      server.#runner.start();
      server.#collector.start();
      server.#reports?.start();
    }
    return server;
  }

  /** The site in force. */
  get site(): DeliverySite {
    return this.#site.current;
  }

  get listeners(): readonly OpenPort[] {
    return this.#listeners.all;
  }

  /** Where local submissions enter now. */
  submissions(): SubmissionEnvironment {
    const { site } = this;
    const { log } = this.#surroundings;
    const filters = (of: Site): SessionFilters | undefined => filtersFor(of, undefined, openFilter, log);
    return { site, files: site.agents.files, intake: this.#intake, filters };
  }

  /** What an operator's decisions about single messages need. */
  steering(): SteerEnvironment {
    const { clock, log } = this.#surroundings;
    return { site: () => this.site, store: this.store, clock, log, reports: { intake: this.#intake, clock, log } };
  }

  /** Of the client queue. */
  get collector(): ClientQueueCollector {
    return this.#collector;
  }

  get runner(): Runner {
    return this.#runner;
  }

  get store(): QueueStore {
    return this.#queue.store;
  }

  get log(): Log {
    return this.#surroundings.log;
  }

  /** The sessions that are open. */
  sessions(): Promise<readonly SessionFacts[]> {
    return this.#listeners.facts();
  }

  /** Resolves with the reason when the server cannot go on; whoever started it may start it again. */
  get failed(): Promise<string> {
    return this.#sessions.failed;
  }

  /** One line about the state, for SIGUSR1 and the control socket. */
  async summary(): Promise<string> {
    const { all } = this.#listeners;
    const { length } = await this.sessions();
    return `state: ${length} sessions, ${await this.store.count()} messages in the queue, ${all.length} ports`;
  }

  /** Reads the configuration file again; what is wrong with it. When it is broken the old one stays in force. */
  reload(): Promise<readonly string[]> {
    return this.#site.reload();
  }

  /** Ends listeners and running deliveries, syncs the queue. What is not done stays in the queue. */
  stop(grace = GRACE): Promise<void> {
    this.#stopped ??= this.#stop(grace);
    return this.#stopped;
  }

  async #stop(grace: number): Promise<void> {
    this.#sessions.stop();
    await this.#listeners.close(grace);
    await this.#sessions.close();
    await this.#collector.stop();
    await this.#reports?.stop();
    await this.#runner.stop(grace);
    await this.#surroundings.destinations.hosts.close();
    await this.#logins?.close();
    await this.#surroundings.counts?.close();
    await this.#queue.store.close();
    this.#statistics?.write();
    await this.#site.close();
  }

  /** Delivery modes: background starts at once, interactive is tried while the client waits, the others wait for a queue run. */
  #firstTry(config: Config, group: string, mode: DeliveryMode): number | undefined {
    if (mode === "i") return this.#runner.afterwards();
    return mode === "q" || mode === "d" ? this.#runner.nextRun(config, group) : undefined;
  }

  /** What was known of who sent a message, for reports about it. */
  readonly #heard = (evidence: SenderEvidence, at: Date): void => this.#surroundings.counts?.dmarc(evidence, at);

  #sessionHost(): SessionHost {
    const { sessions: threads, openings, queueInterval } = this.#options;
    const { clock, log } = this.#surroundings;
    const parts: SessionHostParts = {
      site: () => this.site,
      clock,
      log,
      openings,
      queueInterval,
      startQueueRun: oneAfterTheOther((asked) => this.#hurry(etrnFilter(asked))),
      heard: this.#heard,
    };
    if (threads === undefined) return new SessionsHere({ ...parts, intake: this.#intake, judges: this.#judges });
    const reload = (): Promise<readonly string[]> => this.reload();
    return new ThreadedSessions({ ...parts, threads, queue: this.#queue, taking: this.#taking, reload });
  }

  /** @returns what is wrong with ports that could not be opened */
  #listen(): Promise<readonly Error[]> {
    return this.#listeners.become(this.#options.listen ? this.site.config.daemonPorts : []);
  }
}

/** Until when mail may wait for its next try, ms. */
function longestWait({ options, queueGroups }: Config, interval: number): number {
  const ofGroups = [...queueGroups.values()].map((group) => group.interval);
  return Math.max(interval, options.time("MinQueueAge"), options.time("MaxQueueAge"), ...ofGroups);
}
