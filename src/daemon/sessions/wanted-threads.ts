/** The thread of the sessions while a server starts: whether there will be one the configuration says. */
import type { Config } from "../../config/config.ts";
import type { CommandLineSetting } from "../../config/environment.ts";
import type { SiteAnswer } from "./protocol.ts";
import { SessionThread, type SessionThreadParts } from "./session-thread.ts";
import { isStartedEarly } from "./start-worker.ts";
import type { SessionThreads } from "./threaded-sessions.ts";

export interface ServerSource {
  readonly configFile: string;
  readonly settings: readonly CommandLineSetting[];
  /** False: there are no sessions. */
  readonly listen: boolean;
}

interface Prepared extends Pick<SessionThreads, "first" | "next"> {
  /** What the first one says of the configuration. */
  readonly answer: Promise<SiteAnswer>;
}

export class WantedThreads {
  readonly #source: ServerSource;
  readonly #parts: Pick<SessionThreadParts, "machine" | "log" | "statistics">;
  #prepared: Prepared | undefined;

  /** One that was started early reads the configuration while the main thread does. */
  constructor(source: ServerSource, parts: Pick<SessionThreadParts, "machine" | "log" | "statistics">) {
    this.#source = source;
    this.#parts = parts;
    if (source.listen && isStartedEarly()) this.#prepared = this.#prepare();
  }

  /** Undefined: sessions are in the main thread. */
  async forConfig({ options }: Config): Promise<SessionThreads | undefined> {
    if (!this.#source.listen || options.number("SessionThreads") === 0) {
      await this.abandon();
      return undefined;
    }
    this.#prepared ??= this.#prepare();
    const { first, next, answer } = this.#prepared;
    let ready: Promise<void> | undefined;
    return { first, next, ready: () => (ready ??= inForce(first, answer)) };
  }

  /** The first one is gone then, whatever it does. */
  async abandon(): Promise<void> {
    await this.#prepared?.first.abandon();
  }

  #prepare(): Prepared {
    const { configFile, settings } = this.#source;
    const { machine, log, statistics } = this.#parts;
    const next = (): SessionThread => new SessionThread({ configFile, settings, machine, log, statistics });
    const first = next();
    const answer = first.prepare();
    // Told when it is asked for.
    answer.catch(() => undefined);
    return { first, next, answer };
  }
}

async function inForce(first: SessionThread, answer: Promise<SiteAnswer>): Promise<void> {
  const { isOpen, messages } = await answer;
  if (!isOpen) throw new Error(messages.join("; "));
  await first.adopt(true);
}
