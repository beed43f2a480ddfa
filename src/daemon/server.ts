/**
 * The running server: everything assembled, started in an order in which nothing accepts mail before it can keep it, and
 * stopped in the opposite one.
 */
import { type DeliveryMode, deliveryModeOf, readDeliveryMode } from "../config/policies.ts";
import { statfsSync } from "node:fs";
import type { Config, PortOptions } from "../config/config.ts";
import type { CommandLineSetting } from "../config/environment.ts";
import { Runner } from "../dispatch/runner.ts";
import { createIntake } from "../reception/receive.ts";
import { rulesetJudges } from "../reception/ruleset-judges.ts";
import type { LocalFacts } from "../envelope/local-facts.ts";
import type { Intake } from "../reception/intake.ts";
import type { SubmissionEnvironment } from "../reception/local-submission.ts";
import type { Log } from "../log/log.ts";
import { type OpenedQueue, openQueue } from "../queue/open-queue.ts";
import type { QueueFilter, QueueStore } from "../queue/queue.ts";
import { TimerScheduler } from "../queue/timer-scheduler.ts";
import { listServices } from "../routing/list-members.ts";
import { openSmtpServer, type SmtpListener } from "../smtpd/server.ts";
import type { SmtpServices } from "../smtpd/services.ts";
import { EX } from "../sys/sysexits.ts";
import { type DeliverySite } from "../dispatch/attempt.ts";
import { ClientQueueCollector } from "./client-queue-collector.ts";
import { prepareLocalMail } from "./local-mail.ts";
import { openDeliverySite, SERVING, type Surroundings } from "./delivery-site.ts";
import { homeFolder } from "./home.ts";
import { identifyClient } from "./client-identity.ts";

export interface ServerOptions {
  readonly configFile: string;
  readonly settings: readonly CommandLineSetting[];
  /** Milliseconds of `-q30m`; undefined without. */
  readonly queueInterval?: number;
  /** False for a queue run without listeners. */
  readonly listen: boolean;
  /** Hears of each new configuration after a reload. */
  readonly inForce?: (config: Config) => void;
}

/** Milliseconds that running messages may take to end at shutdown. */
const GRACE = 25_000;

export class Server {
  readonly #options: ServerOptions;
  readonly #surroundings: Surroundings;
  readonly #queue: OpenedQueue;
  readonly #runner: Runner;
  readonly #collector: ClientQueueCollector;
  readonly #intake: Intake;
  readonly #services: SmtpServices;
  #site: DeliverySite;
  #listeners: SmtpListener[] = [];
  #reloading: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  private constructor(options: ServerOptions, surroundings: Surroundings, site: DeliverySite, queue: OpenedQueue) {
    this.#options = options;
    this.#surroundings = surroundings;
    this.#site = site;
    this.#queue = queue;
    const { clock, log } = surroundings;
    const { store } = queue;
    this.#intake = createIntake({
      judges: rulesetJudges,
      queue: store,
      clock,
      log,
      firstTry: ({ config }, submission) => this.#firstTry(config, submission),
      accepted: ({ id }, { config }, submission) =>
        deliveryMode(config, submission) === "i" ? this.#runner.deliver(id, submission?.firstAttempt) : undefined,
    });
    this.#services = this.#sessionServices();
    this.#collector = new ClientQueueCollector({
      folder: homeFolder().clientQueue,
      log,
      environment: () => this.submissions(),
    });
    this.#runner = new Runner({
      site: () => this.#site,
      store,
      clock,
      log,
      scheduler: new TimerScheduler(clock, store),
      interval: options.queueInterval,
      reports: { intake: this.#intake, clock, log },
    });
  }

  /** Collects the client queue and makes matching messages due. */
  async runQueue(filter: QueueFilter): Promise<number> {
    await this.#collector.collect();
    return this.store.hurry(filter);
  }

  /** Opens the queue and recovers it, then listens. Throws with a clear message when it cannot. */
  static async start(options: ServerOptions, surroundings: Surroundings, site: DeliverySite): Promise<Server> {
    const { log, clock } = surroundings;
    const { config } = site;
    const directory = queueFolder(config);
    const queue = await openQueue({
      directory,
      clock,
      ...(options.queueInterval === undefined
        ? {}
        : { latest: clock.now() + longestWait(config, options.queueInterval) }),
      factors: {
        recipientFactor: config.options.number("RecipientFactor"),
        classFactor: config.options.number("ClassFactor"),
        retryFactor: config.options.number("RetryFactor"),
      },
      report: (text) => log.write(1, { priority: "crit", text: `queue: ${text}` }),
    });
    for (const text of queue.reports) log.write(1, { priority: "warning", text: `queue: ${text}` });
    const server = new Server(options, surroundings, site, queue);
    if (queue.recovered.length > 0) {
      log.write(5, { priority: "info", text: `queue: ${queue.recovered.length} messages recovered from ${directory}` });
    }
    const [problem] = options.listen ? await server.#listen() : [];
    if (problem !== undefined) {
      await Promise.all(server.#listeners.map((listener) => listener.close(0)));
      await queue.store.close();
      throw problem;
    }
    if (options.listen || options.queueInterval !== undefined) {
      server.#runner.start();
      server.#collector.start();
    }
    return server;
  }

  /** The site in force. */
  get site(): DeliverySite {
    return this.#site;
  }

  get listeners(): readonly SmtpListener[] {
    return this.#listeners;
  }

  /** Where local submissions enter now. */
  submissions(): SubmissionEnvironment {
    return { site: this.#site, files: this.#site.agents.files, intake: this.#intake };
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

  /** One line about the state, for SIGUSR1 and the control socket. */
  async summary(): Promise<string> {
    const sessions = this.#listeners.reduce((sum, listener) => sum + listener.sessions, 0);
    const waiting = await this.store.count();
    return `state: ${sessions} sessions, ${waiting} messages in the queue, ${this.#listeners.length} ports`;
  }

  /**
   * Reads the configuration file again. When it is broken the old one stays in force.
   * @returns what is wrong with it, in sendmail's words; empty when all is well
   */
  reload(): Promise<readonly string[]> {
    // One after another: two signals in a row must not open the same ports twice.
    const next = this.#reloading.then(() => this.#reload());
    this.#reloading = next.then(
      () => undefined,
      () => undefined,
    );
    return next;
  }

  async #reload(): Promise<readonly string[]> {
    const { log } = this.#surroundings;
    const { configFile, settings } = this.#options;
    const opened = await openDeliverySite({ file: configFile, settings, opMode: SERVING }, this.#surroundings);
    for (const text of opened.messages) log.write(1, { priority: "err", text });
    if (opened.kind === "failed" || opened.exit !== EX.OK) {
      // Starting in spite of errors is what sendmail does; a server that runs has something better to go on with.
      if (opened.kind === "opened") await opened.site.close();
      log.write(1, { priority: "crit", text: `${this.#options.configFile} is broken: the old configuration stays` });
      return opened.messages;
    }
    await prepareLocalMail(opened.site, log);
    const old = this.#site;
    this.#site = opened.site;
    old.retire();
    this.#options.inForce?.(opened.site.config);
    const problems = this.#options.listen ? await this.#listen() : [];
    for (const { message } of problems) log.write(0, { priority: "crit", text: `cannot open a port: ${message}` });
    log.write(1, { priority: "info", text: `configuration ${this.#options.configFile} in force` });
    return [...opened.messages, ...problems.map(({ message }) => message)];
  }

  /** Ends listeners and running deliveries, syncs the queue. What is not done stays in the queue. */
  stop(grace = GRACE): Promise<void> {
    this.#stopped ??= this.#stop(grace);
    return this.#stopped;
  }

  async #stop(grace: number): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close(grace)));
    await this.#collector.stop();
    await this.#runner.stop(grace);
    await this.#queue.store.close();
    await this.#site.close();
  }

  /** Delivery modes: background starts at once, interactive is tried while the client waits, the others wait for a queue run. */
  #firstTry(config: Config, submission?: LocalFacts): number | undefined {
    const mode = deliveryMode(config, submission);
    if (mode === "i") return this.#runner.afterwards();
    return mode === "q" || mode === "d" ? this.#runner.nextRun(config) : undefined;
  }

  /**
   * Opens the ports of the configuration; keeps those that are open already, closes those that are gone. A port that
   * cannot be opened does no harm to the others.
   * @returns what is wrong with those that could not be opened
   */
  async #listen(): Promise<readonly Error[]> {
    const { log } = this.#surroundings;
    const open = new Map(this.#listeners.map((listener) => [portKey(listener.port), listener]));
    const listeners: SmtpListener[] = [];
    const problems: Error[] = [];
    for (const port of this.#site.config.daemonPorts) {
      const kept = open.get(portKey(port));
      open.delete(portKey(port));
      if (kept !== undefined) kept.port = port;
      try {
        listeners.push(kept ?? (await openSmtpServer(port, this.#services)));
      } catch (error) {
        problems.push(error instanceof Error ? error : new Error(String(error)));
      }
    }
    this.#listeners = listeners;
    for (const gone of open.values()) {
      log.write(1, { priority: "info", text: `${gone.port.name}: closing port ${gone.boundPort}` });
      void gone.close(GRACE);
    }
    return problems;
  }

  #sessionServices(): SmtpServices {
    const { clock, log } = this.#surroundings;
    return {
      site: () => this.#site,
      intake: this.#intake,
      log,
      clock,
      identify: (site, address) => identifyClient(site.hosts, address),
      judges: rulesetJudges,
      ...listServices(this.#surroundings.clock, () => this.#site.agents.files),
      storageProblem: (site) => this.#storageProblem(site.config),
      startQueueRun: (host) => this.store.hurry({ recipient: host }),
    };
  }

  #storageChecked = 0;
  #storageReason: string | undefined;

  /** MinFreeBlocks of the queue's file system; looked at once a second at most. */
  #storageProblem(config: Config): string | undefined {
    const now = this.#surroundings.clock.now();
    if (now - this.#storageChecked < 1000) return this.#storageReason;
    this.#storageChecked = now;
    const wanted = config.options.number("MinFreeBlocks");
    try {
      const { bavail } = statfsSync(queueFolder(config));
      this.#storageReason = bavail < wanted ? `${bavail} of ${wanted} blocks free` : undefined;
    } catch (error) {
      this.#storageReason = error instanceof Error ? error.message : String(error);
    }
    return this.#storageReason;
  }
}

/** Until when mail may wait for its next try, ms. */
function longestWait({ options }: Config, interval: number): number {
  return Math.max(interval, options.time("MinQueueAge"), options.time("MaxQueueAge"));
}

function deliveryMode({ options }: Config, submission?: LocalFacts): DeliveryMode {
  return submission?.deliveryMode === undefined ? deliveryModeOf(options) : readDeliveryMode(submission.deliveryMode);
}

/** What tells one listening port from another. */
function portKey({ family, address, port, name }: PortOptions): string {
  return `${family} ${address} ${port} ${name}`;
}

/** QueueDirectory, without the glob that sendmail allows at its end: the journal needs one folder. */
export function queueFolder(config: Config): string {
  return config.options.text("QueueDirectory").replace(/\/[^/]*\*$/, "");
}
