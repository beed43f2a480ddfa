/** SMTP sessions in the thread of the server (SessionThreads=0). What they need is loaded for them alone. */
import type { PortOptions } from "../config/config.ts";
import type { Intake } from "../reception/intake.ts";
import type { JudgeTable } from "../reception/judges.ts";
import { isLocal } from "../smtpd/listen.ts";
import type { SmtpServices } from "../smtpd/services.ts";
import { BoundPort } from "./bound-ports.ts";
import { explainListening } from "./listen-problem.ts";
import type { OpenPort } from "./listeners.ts";
import { readByRoot } from "./root-door.ts";
import type { SessionHost, SessionHostParts } from "./session-host.ts";
import { portTerm } from "./terms-of.ts";

export interface SessionsHereParts extends SessionHostParts {
  readonly intake: Intake;
  readonly judges: JudgeTable;
}

export class SessionsHere implements SessionHost {
  readonly #parts: SessionsHereParts;
  #services: Promise<SmtpServices> | undefined;
  readonly failed = new Promise<never>(() => undefined);

  constructor(parts: SessionsHereParts) {
    this.#parts = parts;
  }

  begin(): Promise<void> {
    return Promise.resolve();
  }

  /** A port of root's comes through the door. */
  async open(port: PortOptions): Promise<OpenPort> {
    const { openSmtpServer } = await import("../smtpd/server.ts");
    const services = await (this.#services ??= this.#load());
    const { openings } = this.#parts;
    const door = openings?.door;
    try {
      return await openSmtpServer(port, services, { bound: openings?.take(port) });
    } catch (error) {
      const { code, syscall } = error as NodeJS.ErrnoException;
      if (door === undefined || syscall !== "listen" || code !== "EACCES" || isLocal(port)) {
        return explainListening(port, this.#parts.site().config, error);
      }
    }
    const bound = new BoundPort(await door.listen(portTerm(port)));
    return openSmtpServer(port, services, { bound });
  }

  /** The server has read it. */
  prepare(): Promise<{ readonly isOpen: boolean; readonly messages: readonly string[] }> {
    return Promise.resolve({ isOpen: true, messages: [] });
  }

  adopt(): Promise<void> {
    return Promise.resolve();
  }

  stop(): void {
    // Listeners are closed by whoever has them.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #load(): Promise<SmtpServices> {
    const { sessionServices } = await import("./session-services.ts");
    const { clock, log, intake, judges, queueInterval, openings } = this.#parts;
    const door = openings?.door;
    return sessionServices({
      site: () => this.#parts.site(),
      clock,
      log,
      intake,
      judges,
      queueInterval,
      readByRoot: door && ((files) => readByRoot(door, { files })),
      files: () => this.#parts.site().agents.files,
      startQueueRun: (asked) => this.#parts.startQueueRun(asked),
    });
  }
}
