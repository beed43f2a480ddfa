/**
 * Who does the work that needs a user's rights, and whatever waits for a disk: pool processes (rights/pool-process.ts). Started by
 * an ordinary user they are its own, begun with the first task; started by root they come from the root helper, of which a server
 * has one from its start, and a command that root gives begins one with the first task.
 */
import { existsSync, realpathSync } from "node:fs";
import type { Socket } from "node:net";
import { PoolClient } from "../rights/pool-client.ts";
import { OwnPool, type PoolSource } from "../rights/pool-source.ts";
import type { RootHelper } from "../rights/root-helper.ts";
import type { ConversingProgram, TaskUser, UserWorkers } from "../rights/task.ts";
import { WORKER_COMMAND } from "../rights/worker-command.ts";
import { homeFolder } from "./home.ts";

export interface ServerWorkers extends UserWorkers {
  /** Where root's pool processes come from; asked for with the first task that needs one. */
  use(helper: () => RootHelper | Promise<RootHelper>): void;
  /** Asks for it now: before root's rights are given up. */
  start(): Promise<void>;
}

/** @param warn told of a pool process that ended by itself */
export function openWorkers(warn: (text: string) => void = () => undefined): ServerWorkers {
  if (process.getuid?.() !== 0) {
    const pool = new PoolClient(new OwnPool(WORKER_COMMAND), { kept: 0, mostProcesses: 2, warn });
    return Object.assign(pool, { use: () => undefined, start: () => Promise.resolve() });
  }
  const source = new HelpersPool();
  return Object.assign(new PoolClient(source, { warn }), {
    use: (helper: () => RootHelper | Promise<RootHelper>) => source.use(helper),
    start: () => source.start(),
    converse: (who: TaskUser, program: ConversingProgram) => source.converse(who, program),
  });
}

/** Pool processes of a root helper that comes later. */
class HelpersPool implements PoolSource {
  #ask: (() => RootHelper | Promise<RootHelper>) | undefined;
  #helper: Promise<RootHelper> | undefined;

  use(helper: () => RootHelper | Promise<RootHelper>): void {
    this.#ask = helper;
    this.#helper = undefined;
  }

  async start(): Promise<void> {
    await this.#asked();
  }

  async open(): Promise<Socket> {
    return (await this.#asked()).open();
  }

  async converse(who: TaskUser, program: ConversingProgram): Promise<Socket> {
    return (await this.#asked()).converse(who, program);
  }

  #asked(): Promise<RootHelper> {
    const ask = this.#ask;
    if (ask === undefined) return Promise.reject(new Error("there is no root helper yet"));
    return (this.#helper ??= Promise.resolve(ask()));
  }

  close(): void {
    void this.#helper?.then((helper) => helper.close()).catch(() => undefined);
  }
}

/** Where the root helper and its processes stand: a command that root gives may come before there is a home. */
export function helperFolder(): string {
  const { folder } = homeFolder();
  return existsSync(folder) ? realpathSync(folder) : "/";
}
