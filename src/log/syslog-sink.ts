/**
 * Lines to syslog through one long-lived logger(1): Node has no unix datagram sockets. Lines carry their priority in
 * front (`<22>text`, see `logger --prio-prefix`).
 *
 * A logger that dies is started again after a second. Meanwhile, and while it does not read, lines wait; when there
 * are too many, the new ones are dropped and counted. Mail never waits for the log.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Clock } from "../sys/clock.ts";
import type { LineSink } from "./sink.ts";

const RESTART_MS = 1_000;
const MOST_WAITING = 1_000_000;
const FLUSH_MS = 5_000;

export interface SyslogSinkOptions {
  /** Name in front of the lines. */
  readonly tag: string;
  readonly pid: number;
  readonly clock: Clock;
  readonly lostLine: (count: number, reason: string) => string;
  /** The program and its first arguments; replaced in tests. */
  readonly command?: readonly string[];
}

export class SyslogSink implements LineSink {
  readonly #options: SyslogSinkOptions;
  #child: ChildProcess | undefined;
  #cancelRestart: (() => void) | undefined;
  #closed = false;
  /** Lines that no logger has taken yet. */
  #waiting: string[] = [];
  #waitingOctets = 0;
  #lost = 0;
  #idle: (() => void)[] = [];

  constructor(options: SyslogSinkOptions) {
    this.#options = options;
    this.#start();
  }

  write(line: string): void {
    if (this.#waitingOctets + line.length > MOST_WAITING) {
      this.#lost++;
      return;
    }
    this.#waiting.push(line);
    this.#waitingOctets += line.length + 1;
    this.#pump();
  }

  /** Waits until a logger has taken everything, five seconds at most. */
  flush(): Promise<void> {
    this.#pump();
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(FLUSH_MS, resolve);
      this.#idle.push(() => {
        cancel();
        resolve();
      });
    });
  }

  flushNow(): void {
    this.#pump();
  }

  reopen(): void {
    // syslogd takes care of its files itself.
  }

  async close(): Promise<void> {
    await this.flush();
    this.#closed = true;
    this.#cancelRestart?.();
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(FLUSH_MS, () => child.kill("SIGKILL"));
      child.once("close", () => {
        cancel();
        resolve();
      });
      child.stdin?.end();
    });
  }

  #start(): void {
    const { tag, pid } = this.#options;
    const [program, ...rest] = this.#options.command ?? ["logger"];
    const args = [...rest, "--tag", tag, `--id=${pid}`, "--priority", "mail.info", "--prio-prefix"];
    const child = spawn(program, args, { stdio: ["pipe", "ignore", "ignore"] });
    this.#child = child;
    const gone = (): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      if (!this.#closed) this.#cancelRestart = this.#options.clock.after(RESTART_MS, () => this.#start());
    };
    child.on("error", gone);
    child.on("close", gone);
    // A logger that is gone is noticed by "close"; the broken pipe itself is no news.
    child.stdin.on("error", () => undefined);
    child.stdin.on("drain", () => this.#pump());
    // The log must not keep a process alive that has nothing else to do.
    child.unref();
    (child.stdin as unknown as { unref?: () => void }).unref?.();
    this.#pump();
  }

  #pump(): void {
    const stdin = this.#child?.stdin;
    if (stdin?.writable && !stdin.writableNeedDrain && this.#waiting.length > 0) {
      const lines = this.#waiting;
      if (this.#lost > 0) lines.push(this.#options.lostLine(this.#lost, "syslog did not take them"));
      this.#lost = 0;
      this.#waiting = [];
      this.#waitingOctets = 0;
      stdin.write(`${lines.join("\n")}\n`, () => this.#settle());
    }
  }

  #isIdle(): boolean {
    return this.#waiting.length === 0 && (this.#child?.stdin?.writableLength ?? 0) === 0;
  }

  #settle(): void {
    if (!this.#isIdle()) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const each of idle) each();
  }
}
