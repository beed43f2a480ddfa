/**
 * What a server opens before it accepts anything, in the order that lets it give up root's rights in between: sockets of the
 * home, ports, pid file; then its files are given to the user that it runs as, and it becomes that user for good
 * (give-up-root.ts). Everything else is opened afterwards, so that a reload meets the same rights as a start.
 *
 * Started by an ordinary user the order is the same, and nothing is given up.
 */
import { existsSync } from "node:fs";
import type { Config, PortOptions } from "../config/config.ts";
import { makeCallersFolder } from "../control/caller-check.ts";
import type { Log } from "../log/log.ts";
import { checkQueueUnused } from "../queue/lock.ts";
import { type MadeFile, madeFiles } from "../rights/made-files.ts";
import type { RootHelper } from "../rights/root-helper.ts";
import { isLocal } from "../smtpd/listen.ts";
import { bindPorts } from "./bind-ports.ts";
import type { BoundPort } from "./bound-ports.ts";
import { type OpenControl, openControl } from "./control.ts";
import { queueFolder } from "../config/queue-folder.ts";
import { giveUpRoot } from "./give-up-root.ts";
import { homeFolder } from "./home.ts";
import { explainListening } from "./listen-problem.ts";
import { isOptional } from "./listeners.ts";
import { writePidFile } from "./pid-file.ts";
import type { RootDoor } from "./root-door.ts";
import type { ServerUser } from "./server-user.ts";
import type { BoundInThread } from "./sessions/session-thread.ts";
import type { SessionThreads } from "./sessions/threaded-sessions.ts";

export interface EntranceOptions {
  readonly config: Config;
  readonly listen: boolean;
  /** Whom a server that root started becomes; undefined when an ordinary user started it. */
  readonly user: ServerUser | undefined;
  /** TrustedUser, of a server that root started. */
  readonly trustedUid: number | undefined;
  readonly log: Log;
  /** The thread that serves the ports, if there is one: it binds them itself. */
  readonly sessions?: SessionThreads | undefined;
  readonly warn: (text: string) => void;
  /** The last moment with root's rights: starts the root helper, who takes away what was made. */
  readonly startHelper: (user: ServerUser, made: readonly MadeFile[]) => Promise<RootHelper | undefined>;
}

export class Entrance {
  readonly control: OpenControl;
  readonly #ports = new Map<PortOptions, BoundPort>();
  /** Those that a thread has bound for itself, too. */
  readonly #bound: PortOptions[] = [];
  #removePidFile: () => void = () => undefined;
  #pidFile = "";
  #helper: RootHelper | undefined;

  private constructor(control: OpenControl) {
    this.control = control;
  }

  /** @throws with what keeps the server from starting; then everything is closed again */
  static async open(options: EntranceOptions): Promise<Entrance> {
    const { config, listen, user } = options;
    const queue = queueFolder(config);
    if (existsSync(queue)) checkQueueUnused(queue);
    makeCallersFolder(homeFolder().callers);
    const entrance = new Entrance(await openControl(options.trustedUid));
    try {
      if (listen) await entrance.#bind(options);
      entrance.#writePidFile(options);
      if (user !== undefined) await entrance.#giveUpRoot(user, options);
      return entrance;
    } catch (error) {
      await entrance.close();
      throw error;
    }
  }

  /** A port that was bound at the start, once. */
  take(port: PortOptions): BoundPort | undefined {
    const bound = this.#ports.get(port);
    this.#ports.delete(port);
    return bound;
  }

  /** Where to ask for what needs root; undefined for a server that is what it was started as. */
  get door(): RootDoor | undefined {
    return this.#helper;
  }

  /** @throws when the root helper could not be started: somebody is there now who can mend it */
  async ready(): Promise<void> {
    await this.#helper?.begun();
  }

  async close(): Promise<void> {
    for (const bound of this.#ports.values()) bound.close();
    this.#ports.clear();
    await this.control.close();
    this.#removePidFile();
    await this.#helper?.tidy().catch(() => undefined);
    this.#helper?.close();
  }

  async #bind({ config, warn, sessions }: EntranceOptions): Promise<void> {
    const wanted = config.daemonPorts;
    const { problems, remarks } =
      sessions === undefined ? await this.#bindHere(wanted) : await sessions.first.bind(wanted, process.env);
    remarks.forEach(warn);
    for (const port of wanted) {
      const problem = problems.get(port);
      if (problem === undefined) this.#bound.push(port);
      // Tried once more, and told of, when ports are opened (listeners.ts).
      else if (!isOptional(port)) explainListening(port, config, problem);
    }
  }

  async #bindHere(wanted: readonly PortOptions[]): Promise<BoundInThread> {
    const { ports, remarks } = await bindPorts(wanted, process.env);
    const problems = new Map<PortOptions, Error>();
    for (const [index, port] of wanted.entries()) {
      const bound = ports[index];
      if (bound instanceof Error) problems.set(port, bound);
      else this.#ports.set(port, bound);
    }
    return { problems, remarks };
  }

  async #giveUpRoot(user: ServerUser, { startHelper, sessions, ...options }: EntranceOptions): Promise<void> {
    const { controlSocket, submitSocket } = homeFolder();
    const sockets = this.#bound.filter(isLocal).map(({ address }) => address);
    const made = madeFiles([controlSocket, submitSocket, this.#pidFile, ...sockets].filter(Boolean));
    const last = async (): Promise<RootHelper | undefined> => {
      this.#helper = await startHelper(user, made);
      // It reads its files with root's rights.
      await sessions?.ready();
      return this.#helper;
    };
    await giveUpRoot({ ...options, user, startHelper: last });
  }

  /** A pid file that cannot be written is worth a line, not a server that does not start. */
  #writePidFile({ config, warn }: EntranceOptions): void {
    const path = config.expand(config.options.text("PidFile"), config.macros);
    if (path === "") return;
    try {
      this.#removePidFile = writePidFile(path, process.argv);
      this.#pidFile = path;
    } catch (error) {
      const advice = "make its folder, or name another file (confPID_FILE)";
      warn(`cannot write the pid file ${path} (${(error as Error).message}): ${advice}`);
    }
  }
}
