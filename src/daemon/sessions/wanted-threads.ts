/** The thread of the sessions while a server starts: whether there will be one the configuration says. */
import type { Config } from "../../config/config.ts";
import type { CommandLineSetting } from "../../config/environment.ts";
import type { SiteAnswer } from "./protocol.ts";
import { isStartedEarly } from "./early-start.ts";
import type { SessionThread, SessionThreadParts } from "./session-thread.ts";
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
  #prepared: Promise<Prepared> | undefined;

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
    const { first, next, answer } = await (this.#prepared ??= this.#prepare());
    let ready: Promise<void> | undefined;
    return { first, next, ready: () => (ready ??= inForce(first, answer)) };
  }

  /** The first one is gone then, whatever it does. */
  async abandon(): Promise<void> {
    await (await this.#prepared)?.first.abandon();
  }

  /** What makes threads is loaded for whoever wants one. */
  async #prepare(): Promise<Prepared> {
    const { SessionThread } = await import("./session-thread.ts");
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
