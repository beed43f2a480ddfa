/** Where the server gets pool processes from: the root helper, or, when it is an ordinary user's, itself. */
import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { withParentDeath } from "./parent-death.ts";

export interface PoolSource {
  /** Starts a pool process; a connection to it, with which it ends. */
  open(): Promise<Socket>;
  close(): void;
}

/** File descriptor of a pool process's connection. */
const CONNECTION = 3;

/** A process of our own, with our own rights. */
export class OwnPool implements PoolSource {
  readonly #command: readonly string[];

  /** @param command as for the root helper */
  constructor(command: readonly string[]) {
    this.#command = command;
  }

  open(): Promise<Socket> {
    const [program, ...words] = withParentDeath("KILL", [...this.#command, "own"]);
    const child = spawn(program, words, {
      env: { ...process.env, UV_THREADPOOL_SIZE: "1" },
      stdio: ["ignore", "ignore", "inherit", "pipe"],
    });
    child.unref();
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("spawn", () => resolve(child.stdio[CONNECTION] as unknown as Socket));
    });
  }

  close(): void {
    // The process ends with its connection.
  }
}
