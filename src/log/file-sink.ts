/**
 * Lines to a file or to standard output, some together in one write: after 100 ms, when 64 KB have gathered, or at
 * once when the process ends.
 *
 * The writes are synchronous. They go to the page cache, some 20 µs for a batch, and so no line can be lost in a
 * thread when the process exits. A file that log rotation has moved away is noticed within a second.
 */
import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../sys/clock.ts";
import type { LineSink } from "./sink.ts";

const BATCH_OCTETS = 65_536;
const BATCH_MS = 100;
const CHECK_MS = 1_000;

export interface FileSinkOptions {
  /** Absent: standard output. */
  readonly path?: string;
  readonly clock: Clock;
  /** Makes the line that reports lost ones, when writing works again. */
  readonly lostLine: (count: number, reason: string) => string;
}

const STDOUT = 1;

export class FileSink implements LineSink {
  readonly #options: FileSinkOptions;
  #descriptor: number | undefined;
  #lines: string[] = [];
  #octets = 0;
  #cancel: (() => void) | undefined;
  #checked = 0;
  #lost = 0;
  #reason = "";

  /** Throws when the file cannot be opened: an operator wants to hear of that at start, not later. */
  constructor(options: FileSinkOptions) {
    this.#options = options;
    this.#descriptor = this.#open();
  }

  write(line: string): void {
    this.#lines.push(line);
    this.#octets += line.length + 1;
    if (this.#octets >= BATCH_OCTETS) this.flushNow();
    else this.#cancel ??= this.#options.clock.after(BATCH_MS, () => this.flushNow());
  }

  flush(): Promise<void> {
    this.flushNow();
    return Promise.resolve();
  }

  flushNow(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    this.#octets = 0;
    try {
      this.#noticeRotation();
      this.#descriptor ??= this.#open();
      if (this.#lost > 0) lines.push(this.#options.lostLine(this.#lost, this.#reason));
      writeAll(this.#descriptor, Buffer.from(`${lines.join("\n")}\n`));
      this.#lost = 0;
    } catch (error) {
      this.#lost += this.#lost > 0 ? lines.length - 1 : lines.length;
      this.#reason = (error as Error).message;
    }
  }

  reopen(): void {
    this.flushNow();
    this.#release();
  }

  close(): Promise<void> {
    this.flushNow();
    this.#release();
    return Promise.resolve();
  }

  #open(): number {
    const { path } = this.#options;
    if (path === undefined) return STDOUT;
    mkdirSync(dirname(path), { recursive: true });
    return openLogFile(path);
  }

  #release(): void {
    if (this.#descriptor !== undefined && this.#descriptor !== STDOUT) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #noticeRotation(): void {
    const { path, clock } = this.#options;
    if (path === undefined || this.#descriptor === undefined || clock.now() - this.#checked < CHECK_MS) return;
    this.#checked = clock.now();
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.ino !== fstatSync(this.#descriptor).ino) this.#release();
  }
}

/**
 * The folder of the log may belong to the user that the server runs as, and be root's turn to write there before it is that
 * user: root follows no link but its own.
 */
function openLogFile(path: string): number {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  const flags = O_APPEND | O_CREAT | O_WRONLY;
  const isRoot = process.geteuid?.() === 0;
  const link = isRoot ? lstatSync(path, { throwIfNoEntry: false }) : undefined;
  if (!isRoot || (link?.isSymbolicLink() === true && link.uid === 0)) return openSync(path, flags, 0o640);
  const fd = openSync(path, flags | O_NOFOLLOW, 0o640);
  if (fstatSync(fd).nlink <= 1) return fd;
  closeSync(fd);
  throw new Error(`cannot open ${path} as root: the file has another name, too`);
}

function writeAll(descriptor: number, octets: Buffer): void {
  for (let done = 0; done < octets.length;) {
    done += writeSync(descriptor, octets, done);
  }
}
