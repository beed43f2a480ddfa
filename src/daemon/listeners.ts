/** The open ports: those that the configuration in force names, as far as they could be opened. */
import type { PortOptions } from "../config/config.ts";
import type { Log } from "../log/log.ts";
import type { SessionFacts } from "../reception/session-facts.ts";
import type { SmtpListener } from "../smtpd/server.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";

/** A listener, in whichever thread it works. */
export interface OpenPort extends Pick<SmtpListener, "port" | "address" | "boundPort" | "close"> {
  facts(): MaybePromise<readonly SessionFacts[]>;
  /** The thread in which it works has died, and it listens no more. */
  readonly isGone?: boolean;
}

/** A port that may be missing (M=O). */
export function isOptional({ modifiers }: PortOptions): boolean {
  return modifiers.has("O");
}

export interface ListenersOptions {
  /** Throws when the port cannot be opened. */
  readonly open: (port: PortOptions) => Promise<OpenPort>;
  readonly log: Log;
  /** Milliseconds that sessions of a port that is closed by a reload may take to end. */
  readonly grace: number;
}

export class Listeners {
  readonly #options: ListenersOptions;
  #open: readonly OpenPort[] = [];

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  get all(): readonly OpenPort[] {
    return this.#open;
  }

  /** What is told of the sessions of all ports. */
  async facts(): Promise<readonly SessionFacts[]> {
    return (await Promise.all(this.#open.map(async (listener) => listener.facts()))).flat();
  }

  /**
   * Opens those again whose thread is gone, where they were.
   * @param open as at first; `at` says where it listened
   * @returns what is wrong with those that could not be opened
   */
  async renew(open: (port: PortOptions, at: PortOptions) => Promise<OpenPort>): Promise<readonly Error[]> {
    const problems: Error[] = [];
    const listeners: OpenPort[] = [];
    for (const listener of this.#open) {
      const { port, boundPort, isGone = false } = listener;
      if (!isGone) {
        listeners.push(listener);
        continue;
      }
      try {
        listeners.push(await open(port, { ...port, port: boundPort }));
      } catch (error) {
        problems.push(error instanceof Error ? error : new Error(String(error)));
      }
    }
    this.#open = listeners;
    return problems;
  }

  /**
   * Opens ports that are new, keeps those that are open already, closes those that are gone. A port that cannot be opened
   * does no harm to the others.
   * @returns what is wrong with those that could not be opened; with those that may be missing (M=O) the log says it
   */
  async become(wanted: readonly PortOptions[]): Promise<readonly Error[]> {
    const { open, log, grace } = this.#options;
    const left = new Map(this.#open.map((listener) => [keyOf(listener.port), listener]));
    const listeners: OpenPort[] = [];
    const problems: Error[] = [];
    for (const port of wanted) {
      const kept = left.get(keyOf(port));
      left.delete(keyOf(port));
      if (kept !== undefined) kept.port = port;
      try {
        listeners.push(kept ?? (await open(port)));
      } catch (error) {
        const problem = error instanceof Error ? error : new Error(String(error));
        if (isOptional(port)) log.write(1, { priority: "warning", text: `${problem.message} (M=O)` });
        else problems.push(problem);
      }
    }
    this.#open = listeners;
    for (const gone of left.values()) {
      log.write(1, { priority: "info", text: `${gone.port.name}: closing port ${gone.boundPort}` });
      void gone.close(grace);
    }
    return problems;
  }

  /** Closes all; sessions may take so many ms to end. */
  async close(grace: number): Promise<void> {
    await Promise.all(this.#open.map((listener) => listener.close(grace)));
  }
}

/** What tells one port from another; everything else may change while it is open. */
export function keyOf({ family, address, port, name }: PortOptions): string {
  return `${family} ${address} ${port} ${name}`;
}
