/**
 * The thread of the SMTP sessions: listeners, sessions with their TLS, filters and rulesets, all counts of clients and logins.
 * What is complete goes to the main thread, which owns the queue (docs/decisions/0032-session-threads.md).
 */
import { parentPort } from "node:worker_threads";
import type { PortOptions } from "../../config/config.ts";
import { countsDmarc } from "../../config/counted-reports.ts";
import { queueFolder } from "../../config/queue-folder.ts";
import { Dns2Resolver } from "../../dns/dns2-resolver.ts";
import { Statistics } from "../../log/statistics.ts";
import type { Body } from "../../queue/queue.ts";
import { DistantQueue } from "../../queue/distant-queue.ts";
import type { Arrival } from "../../reception/arrival.ts";
import { LoginLimits } from "../../reception/login-limits.ts";
import { createReception } from "../../reception/receive.ts";
import { standardJudges } from "../../reception/standard-judges.ts";
import { openSite } from "../../site/open-site.ts";
import type { Site } from "../../site/site.ts";
import { openSmtpServer, type SmtpListener } from "../../smtpd/server.ts";
import type { SmtpServices } from "../../smtpd/services.ts";
import { systemClock } from "../../sys/clock.ts";
import { collectAtRest } from "../../sys/rest.ts";
import type { SealedFiles } from "../../sys/sealed-file.ts";
import { bindPorts } from "../bind-ports.ts";
import { BoundPort } from "../bound-ports.ts";
import { SERVING } from "../delivery-site.ts";
import { LastGood } from "../../sys/last-good.ts";
import { readSecrets } from "../../config/map-secrets.ts";
import { sealKeys } from "../key-files.ts";
import { keyOf } from "../listeners.ts";
import { LoginCountsFile } from "../login-counts-file.ts";
import { sessionServices } from "../session-services.ts";
import { Channel, type Handlers, type Post } from "./channel.ts";
import { DistantLog } from "./distant-log.ts";
import type {
  Beginning,
  OpenedPort,
  PortProblem,
  SealedOctets,
  SiteAnswer,
  ThreadStart,
  ToMain,
  ToThread,
} from "./protocol.ts";

/** Entry of the thread. It lives until it is ended from outside. */
export function beSessionThread(): void {
  new SessionThreadBody().listen(parentPort as Post);
}

/** What was counted crosses after so many ms. */
const COUNTED_MS = 500;

class SessionThreadBody {
  #channel!: Channel<ToMain, ToThread>;
  readonly #log = new DistantLog((line) => this.#channel.tell("log", line));
  readonly #statistics = new Statistics();
  readonly #bound = new Map<string, BoundPort>();
  readonly #listeners = new Map<number, SmtpListener>();
  readonly #limits = new LoginLimits(systemClock);
  #resolver: Dns2Resolver | undefined;
  #site: Site | undefined;
  readonly #lastGood = new LastGood();
  /** Open, and not in force yet. */
  #next: { readonly site: Site; readonly log: DistantLog } | undefined;
  #services: SmtpServices | undefined;
  #logins: LoginCountsFile | undefined;

  listen(post: Post): void {
    this.#channel = new Channel<ToMain, ToThread>(post, this.#handlers());
    this.#statistics.watch(() => void systemClock.after(COUNTED_MS, this.#count));
  }

  #handlers(): Handlers<ToThread> {
    return {
      bind: ({ ports, environment }) => this.#bind(ports, environment),
      prepare: ({ start, sealed }) => this.#prepare(start, sealed),
      adopt: (isWanted) => this.#adopt(isWanted),
      begin: (beginning) => this.#begin(beginning),
      open: (wanted) => this.#open(wanted),
      change: ({ number, port }) => this.#change(number, port),
      facts: (number) => this.#listeners.get(number)?.facts() ?? [],
      close: ({ number, grace }) => this.#close(number, grace),
      end: () => this.#end(),
    };
  }

  async #bind(
    wanted: readonly PortOptions[],
    environment: Readonly<Record<string, string>>,
  ): Promise<{ problems: (PortProblem | undefined)[]; remarks: readonly string[] }> {
    const { ports, remarks } = await bindPorts(wanted, { ...environment });
    const problems = ports.map((bound, index) => {
      if (bound instanceof BoundPort) {
        this.#bound.set(keyOf(wanted[index]), bound);
        return undefined;
      }
      const { message, code, syscall } = bound as NodeJS.ErrnoException;
      return { message, code, syscall };
    });
    return { problems, remarks };
  }

  /** While the process is root files are read with root's rights; later those that only root may read come from outside. */
  async #prepare(
    { configFile: file, settings, machine }: ThreadStart,
    octets: SealedOctets | undefined,
  ): Promise<SiteAnswer> {
    this.#resolver ??= new Dns2Resolver({ machine, clock: systemClock });
    const sealed = new Map(buffers(octets ?? new Map<string, Uint8Array>()));
    // What is wrong with the configuration the main thread says, which has read it, too.
    const log = new DistantLog((line) => this.#channel.tell("log", line));
    log.isSilent = true;
    const opened = await openSite(
      { file, settings, opMode: SERVING, sealed },
      {
        machine,
        clock: systemClock,
        log,
        resolver: this.#resolver,
        statistics: this.#statistics,
        lastGood: this.#lastGood,
      },
      () => ({ close: () => undefined }),
    );
    if (opened.kind === "failed") return { isOpen: false, messages: opened.messages };
    const { site } = opened;
    if (process.getuid?.() === 0) for (const [path, key] of await sealKeys(site.config)) sealed.set(path, key);
    // What is wrong with secrets the main thread says; what is good now is kept.
    readSecrets(site.config, () => undefined);
    await this.#next?.site.close();
    this.#next = { site, log };
    return { isOpen: true, messages: opened.messages };
  }

  async #adopt(isWanted: boolean): Promise<undefined> {
    const next = this.#next;
    this.#next = undefined;
    if (next === undefined) return undefined;
    if (!isWanted) {
      await next.site.close();
      return undefined;
    }
    const level = next.site.config.options.number("LogLevel");
    this.#log.level = next.log.level = level;
    next.log.isSilent = false;
    const old = this.#site;
    this.#site = next.site;
    old?.retire();
    return undefined;
  }

  async #begin({ queue: lent, queueInterval, hasDoor }: Beginning): Promise<undefined> {
    const { config } = this.#inForce();
    const channel = this.#channel;
    const queue = await DistantQueue.open(lent, systemClock, () => channel.ask("newId", undefined));
    const log = this.#log;
    const judges = standardJudges(this.#limits, {
      clock: systemClock,
      log,
      heard: (evidence, at) => {
        if (countsDmarc(this.#inForce().config)) channel.tell("evidence", { evidence, at });
      },
    });
    this.#logins = new LoginCountsFile({
      queueFolder: queueFolder(config),
      limits: this.#limits,
      clock: systemClock,
      log,
    });
    const intake = createReception({
      judges,
      log,
      clock: systemClock,
      queue,
      take: (_site, arrival, body) => this.#hand(queue, arrival, body),
    });
    this.#services = sessionServices({
      site: () => this.#inForce(),
      clock: systemClock,
      log,
      intake,
      judges,
      queueInterval,
      readByRoot: hasDoor ? async (paths) => buffers(await channel.ask("readByRoot", paths)) : undefined,
      files: () => ({
        read: (reader, question) => channel.ask("readFile", { reader, question }),
        readPart: (reader, question, range) => channel.ask("readPart", { reader, question, range }),
      }),
      startQueueRun: (asked) => channel.ask("startQueueRun", asked),
    });
    collectAtRest({ clock: systemClock });
    return undefined;
  }

  async #hand(queue: DistantQueue, arrival: Arrival, body: Body): Promise<void> {
    const { id } = arrival.envelope;
    const octets = body.kind === "octets" ? own(body.chunks) : undefined;
    try {
      if (octets === undefined) await this.#channel.ask("take", { arrival });
      else await this.#channel.ask("take", { arrival, octets }, [octets.buffer]);
      queue.answered(id);
    } catch (error) {
      queue.answered(id, error);
      throw error;
    }
  }

  async #open({ number, port, at, fd }: ToThread["open"][0]): Promise<OpenedPort> {
    const services = this.#services;
    if (services === undefined) throw new Error("a port was opened before there is anything to serve there");
    const key = keyOf(port);
    const bound = fd === undefined ? this.#bound.get(key) : await BoundPort.given(fd);
    this.#bound.delete(key);
    const listener = await openSmtpServer(port, services, { bound, ...(at && { at }) });
    this.#listeners.set(number, listener);
    return { address: listener.address, boundPort: listener.boundPort };
  }

  #change(number: number, port: PortOptions): undefined {
    const listener = this.#listeners.get(number);
    if (listener !== undefined) listener.port = port;
  }

  async #close(number: number, grace: number): Promise<undefined> {
    await this.#listeners.get(number)?.close(grace);
    this.#listeners.delete(number);
    return undefined;
  }

  async #end(): Promise<undefined> {
    for (const bound of this.#bound.values()) bound.close();
    await this.#logins?.close();
    await this.#next?.site.close();
    await this.#site?.close();
    this.#count();
    // Behind the answer.
    setImmediate(() => setImmediate(() => process.exit()));
    return undefined;
  }

  readonly #count = (): void => this.#channel.tell("count", this.#statistics.take());

  #inForce(): Site {
    if (this.#site === undefined) throw new Error("there is no configuration in force yet");
    return this.#site;
  }
}

/** In a block of its own, which can be given away. */
function own(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    octets.set(chunk, at);
    at += chunk.length;
  }
  return octets;
}

function buffers(octets: SealedOctets): SealedFiles {
  return new Map([...octets].map(([path, each]) => [path, Buffer.from(each.buffer, each.byteOffset, each.byteLength)]));
}
