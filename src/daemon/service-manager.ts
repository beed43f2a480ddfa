/**
 * What a service manager wants to hear of its service: that it is ready, reads its configuration again, ends, is alive
 * (sd_notify(3)). It listens at a datagram socket, NOTIFY_SOCKET, and Node has none of those: systemd-notify(1) tells it, one
 * message after the other. Loaded only where that variable is set.
 */
import { execFile } from "node:child_process";
import type { Log } from "../log/log.ts";

/** The program, found along PATH. */
const PROGRAM = "systemd-notify";
/** A message that takes longer is given up; ms. */
const PATIENCE = 10_000;

export interface ServiceManagerOptions {
  readonly log: Log;
  readonly pid?: number;
  /** Tells one message, of lines as in sd_notify(3); for tests. */
  readonly tell?: (lines: readonly string[], socket: string) => Promise<void>;
}

export class ServiceManager {
  readonly #socket: string;
  readonly #log: Log;
  readonly #tell: (lines: readonly string[], socket: string) => Promise<void>;
  #told: Promise<void> = Promise.resolve();
  #waiting = 0;
  #alive: NodeJS.Timeout | undefined;
  #hasFailed = false;

  private constructor(socket: string, { log, tell = byProgram }: ServiceManagerOptions) {
    this.#socket = socket;
    this.#log = log;
    this.#tell = tell;
  }

  /**
   * Takes the variables over: they are removed, so that no program that is started later speaks for the server.
   * Signs of life begin at once when WATCHDOG_USEC wants them of this process.
   * @returns undefined when nobody listens
   */
  static take(environment: NodeJS.ProcessEnv, options: ServiceManagerOptions): ServiceManager | undefined {
    const { NOTIFY_SOCKET: socket = "", WATCHDOG_USEC: limit, WATCHDOG_PID: owner } = environment;
    for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete environment[name];
    if (socket === "") return undefined;
    const manager = new ServiceManager(socket, options);
    const isMeant = owner === undefined || Number(owner) === (options.pid ?? process.pid);
    if (isMeant && /^[1-9][0-9]*$/.test(limit ?? "")) manager.#showLife(Number(limit) / 1000);
    return manager;
  }

  /** The server accepts mail. @param status a line for `systemctl status` */
  ready(status: string): void {
    this.#send("READY=1", `STATUS=${oneLine(status)}`);
  }

  /** The configuration is read again; ready() follows, whatever comes of it. */
  reloading(): void {
    // CLOCK_MONOTONIC, which tells this message from one of an earlier reload.
    this.#send("RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  }

  /** @param reason why, for `systemctl status` */
  stopping(reason: string): void {
    this.#send("STOPPING=1", `STATUS=${oneLine(reason)}`);
  }

  /** No sign of life comes any more. Resolves when all has been told. */
  async close(): Promise<void> {
    clearInterval(this.#alive);
    await this.#told;
  }

  /** Twice in the time that may pass without, as sd_watchdog_enabled(3) advises. @param limit ms */
  #showLife(limit: number): void {
    this.#alive = setInterval(() => {
      // One that waits behind others says the same.
      if (this.#waiting === 0) this.#send("WATCHDOG=1");
    }, limit / 2);
    this.#alive.unref();
  }

  #send(...lines: readonly string[]): void {
    this.#waiting++;
    this.#told = this.#told
      .then(() => this.#tell(lines, this.#socket))
      .catch((error: unknown) => this.#complain(lines[0], error))
      .finally(() => this.#waiting--);
  }

  /** Once: what does not work the first time does not work every minute either. */
  #complain(what: string, error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const reason = error instanceof Error ? error.message.trim() : String(error);
    const advice =
      "the service manager does not know how the server is (it needs systemd-notify, and NotifyAccess=all)";
    this.#log.write(1, { priority: "warning", text: `cannot tell ${what} at NOTIFY_SOCKET: ${reason}: ${advice}` });
  }
}

/** A message has a line for each variable. */
function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, " ");
}

function byProgram(lines: readonly string[], socket: string): Promise<void> {
  const env = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", NOTIFY_SOCKET: socket };
  return new Promise((resolve, reject) => {
    execFile(PROGRAM, lines, { env, timeout: PATIENCE }, (error) => (error === null ? resolve() : reject(error)));
  });
}
