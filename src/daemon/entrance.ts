/**
 * What a server opens before it accepts anything, in the order that lets it give up root's rights in between: sockets of the
 * home, ports, keys, pid file; then its files are given to the user that it runs as, and it becomes that user for good
 * (docs/decisions/0010-rights.md). Everything else is opened afterwards, so that a reload meets the same rights as a start.
 *
 * Started by an ordinary user the order is the same, and nothing is given up.
 */
import { chmodSync, constants, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Config, PortOptions } from "../config/config.ts";
import { makeCallersFolder } from "../control/caller-check.ts";
import type { Log } from "../log/log.ts";
import { CLIENT_FOLDER_MODE, makeClientFolder } from "../queue/client-queue.ts";
import { checkQueueUnused } from "../queue/lock.ts";
import { becomeForGood } from "../rights/identity.ts";
import { type MadeFile, madeFiles } from "../rights/made-files.ts";
import type { RootHelper } from "../rights/root-helper.ts";
import { BoundPort } from "./bound-ports.ts";
import { type OpenControl, openControl } from "./control.ts";
import { queueFolder } from "../config/queue-folder.ts";
import { homeFolder } from "./home.ts";
import { KeyFiles } from "./key-files.ts";
import { explainListening } from "./listen-problem.ts";
import { writePidFile } from "./pid-file.ts";
import { whyOutOfReach } from "./reach.ts";
import type { RootDoor } from "./root-door.ts";
import type { ServerUser } from "./server-user.ts";
import { CALLERS, CLIENT_QUEUE, HOST_STATUS, QUEUE } from "./own-files.ts";
import { shareFolder, takeOverFile, takeOverFolder } from "./take-over.ts";

export interface EntranceOptions {
  readonly config: Config;
  readonly listen: boolean;
  /** Whom a server that root started becomes; undefined when an ordinary user started it. */
  readonly user: ServerUser | undefined;
  readonly log: Log;
  readonly warn: (text: string) => void;
  /** The last moment with root's rights: starts the root helper, who takes away what was made. */
  readonly startHelper: (user: ServerUser, made: readonly MadeFile[]) => Promise<RootHelper | undefined>;
}

export class Entrance {
  readonly control: OpenControl;
  readonly keys: KeyFiles = new KeyFiles();
  readonly #ports = new Map<PortOptions, BoundPort>();
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
    if (user !== undefined) makeFolders(queue);
    makeCallersFolder(homeFolder().callers);
    const entrance = new Entrance(await openControl());
    try {
      if (listen) await entrance.#bind(config);
      entrance.keys.keep(config);
      entrance.#writePidFile(options);
      if (user !== undefined) await entrance.#becomeServerUser(user, queue, options);
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

  async close(): Promise<void> {
    for (const bound of this.#ports.values()) bound.close();
    this.#ports.clear();
    await this.control.close();
    this.#removePidFile();
    await this.#helper?.tidy().catch(() => undefined);
    this.#helper?.close();
  }

  async #bind(config: Config): Promise<void> {
    for (const port of config.daemonPorts) {
      const bound = await BoundPort.bind(port).catch((error: unknown) => explainListening(port, config, error));
      this.#ports.set(port, bound);
    }
  }

  async #becomeServerUser(user: ServerUser, queue: string, options: EntranceOptions): Promise<void> {
    const { log, warn, startHelper } = options;
    if (user.uid === 0) {
      warn(`the server keeps root's rights (${user.because}): name a user for it in RunAsUser`);
      return;
    }
    const left = takeOver(user, queue, options.config);
    left.forEach(warn);
    const { controlSocket, submitSocket } = homeFolder();
    this.#helper = await startHelper(user, madeFiles([controlSocket, submitSocket, this.#pidFile].filter(Boolean)));
    becomeForGood(user);
    this.keys.useDoor(this.#helper);
    const groups = process.getgroups?.().join(",") ?? "";
    const text = `runs as user ${user.user} (uid=${user.uid}, gid=${user.gid}, groups=${groups}): ${user.because}`;
    log.write(1, { priority: "info", text });
    const problem = whyUseless(user, queue);
    if (problem !== undefined) throw new Error([problem, ...left, `or set RunAsUser (${user.because})`].join("; "));
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

/** What only root can make where it belongs. */
function makeFolders(queue: string): void {
  mkdirSync(join(queue, "journal"), { recursive: true, mode: 0o700 });
  const { clientQueue } = homeFolder();
  makeClientFolder(clientQueue);
  chmodSync(clientQueue, CLIENT_FOLDER_MODE);
}

/** Gives the user what is the server's. @returns what could not be given */
function takeOver(user: ServerUser, queue: string, config: Config): readonly string[] {
  const { folder: home, clientQueue, callers } = homeFolder();
  const status = config.options.text("HostStatusDirectory");
  return [
    ...shareFolder(home, user),
    ...takeOverFile(join(home, "log"), user),
    ...takeOverFolder(queue, QUEUE, user),
    ...takeOverFolder(clientQueue, CLIENT_QUEUE, user),
    ...takeOverFolder(callers, CALLERS, user),
    ...(status === "" ? [] : takeOverFolder(join(queue, status), HOST_STATUS, user)),
  ];
}

/** Where this program lies: parts of it are loaded when they are needed. */
const program = dirname(process.argv[1] ?? process.execPath);

function whyUseless({ user }: ServerUser, queue: string): string | undefined {
  const { folder: home } = homeFolder();
  const { R_OK, W_OK, X_OK } = constants;
  return [
    [home, W_OK | X_OK],
    [queue, R_OK | W_OK | X_OK],
    [program, R_OK | X_OK],
  ]
    .map(([path, wanted]) => whyOutOfReach(path as string, wanted as number, `user ${user}`))
    .find((text) => text !== undefined);
}
