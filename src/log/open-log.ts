/**
 * Opens the log of a process: winston with one format per target and streams that collect lines (decision D11). The only
 * file that imports winston; it takes 50 ms to load, so that programs which log nothing must not import this file.
 */
import { Writable } from "node:stream";
import winston from "winston";
import { syslogDate } from "../mail/date.ts";
import type { Clock } from "../sys/clock.ts";
import { asciiJson } from "../sys/terminal-text.ts";
import { FileSink } from "./file-sink.ts";
import type { Log, LogLine, Priority } from "./log.ts";
import { bounded, cut, harmless } from "./safe-text.ts";
import type { LineSink } from "./sink.ts";
import { SyslogSink } from "./syslog-sink.ts";

export type LogTarget =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "stdout" }
  | { readonly kind: "syslog"; readonly command?: readonly string[] };

export interface LogOptions {
  /** O LogLevel. */
  readonly level: number;
  readonly targets: readonly LogTarget[];
  /** "text": the layout of syslog files; "json": one object in each line. */
  readonly format: "text" | "json";
  /** Name in front of the lines (-L). */
  readonly program: string;
  readonly host: string;
  readonly pid: number;
  readonly clock: Clock;
}

export interface OpenLog extends Log {
  /** A reload may change O LogLevel. */
  setLevel(level: number): void;
  flush(): Promise<void>;
  /** After log rotation. */
  reopen(): void;
  /** Writes what is left and closes everything; later lines are dropped. */
  close(): Promise<void>;
}

/** Numbers of syslog(3), which winston takes for its levels, too. */
const PRIORITIES: Readonly<Record<Priority, number>> = {
  emerg: 0,
  alert: 1,
  crit: 2,
  err: 3,
  warning: 4,
  notice: 5,
  info: 6,
  debug: 7,
};
/** The facility "mail" of syslog(3). */
const MAIL_FACILITY = 2 << 3;
/** From this priority on a line is written at once. */
const URGENT = PRIORITIES.err;
/** The longest line: syslog daemons take this much, escapes included (RFC 5424 §6.1). */
const LONGEST_LINE = 2_048;

/** What travels through winston: a LogLine with its time. */
interface Info extends winston.Logform.TransformableInfo {
  readonly line: LogLine;
  readonly time: number;
}

/**
 * Opens the targets. Throws when a file cannot be opened. Nothing is lost when the process ends by itself or through
 * process.exit: what has gathered is written then.
 */
export function openLog(options: LogOptions): OpenLog {
  const layouts = makeLayouts(options);
  const targets = options.targets.map((target) => openTarget(target, options, layouts));
  const logger = winston.createLogger({
    levels: { ...PRIORITIES },
    level: "debug",
    format: winston.format((info) => info)(),
    transports: targets.map(({ transport }) => transport),
  });
  return new WinstonLog(
    options,
    logger,
    targets.map(({ sink }) => sink),
  );
}

class WinstonLog implements OpenLog {
  readonly #clock: Clock;
  readonly #logger: winston.Logger;
  readonly #sinks: readonly LineSink[];
  #level: number;
  #closed = false;

  constructor({ clock, level }: LogOptions, logger: winston.Logger, sinks: readonly LineSink[]) {
    this.#clock = clock;
    this.#level = level;
    this.#logger = logger;
    this.#sinks = sinks;
    process.on("exit", this.#atExit);
  }

  enabled(level: number): boolean {
    return level <= this.#level && !this.#closed;
  }

  write(level: number, line: LogLine): void {
    if (!this.enabled(level)) return;
    const info: Info = { level: line.priority, message: "", line, time: this.#clock.now() };
    this.#logger.write(info);
    if (PRIORITIES[line.priority] <= URGENT) this.#atExit();
  }

  setLevel(level: number): void {
    this.#level = level;
  }

  async flush(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.flush()));
  }

  reopen(): void {
    for (const sink of this.#sinks) sink.reopen();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    process.off("exit", this.#atExit);
    this.#logger.end();
    await Promise.all(this.#sinks.map((sink) => sink.close()));
  }

  readonly #atExit = (): void => {
    for (const sink of this.#sinks) sink.flushNow();
  };
}

interface Layouts {
  readonly text: (info: Info) => string;
  readonly json: (info: Info) => string;
  readonly syslog: (info: Info) => string;
}

function makeLayouts({ host, program, pid }: LogOptions): Layouts {
  const origin = ` ${host} ${program}[${pid}]: `;
  return {
    text: ({ line, time }) => syslogDate(time) + origin + lineText(line),
    syslog: ({ line }) => `<${MAIL_FACILITY + PRIORITIES[line.priority]}>${lineText(line)}`,
    json: ({ line, time }) =>
      asciiJson({
        time: new Date(time).toISOString(),
        host,
        program,
        pid,
        priority: line.priority,
        id: line.id,
        message: cut(line.text, LONGEST_LINE),
        ...bounded(line.fields?.()),
      }),
  };
}

function lineText({ id, text }: LogLine): string {
  return harmless(cut(id === undefined ? text : `${id}: ${text}`, LONGEST_LINE));
}

function openTarget(target: LogTarget, options: LogOptions, layouts: Layouts) {
  const syslog = target.kind === "syslog";
  const layout = syslog ? layouts.syslog : layouts[options.format];
  const { clock, program: tag, pid } = options;
  const lostLine = (count: number, reason: string): string => {
    const text = `${count} lines of the log were lost: ${reason}`;
    return layout({ level: "warning", message: "", line: { priority: "warning", text }, time: clock.now() });
  };
  const sink: LineSink = syslog
    ? new SyslogSink({ tag, pid, clock, lostLine, command: target.command })
    : new FileSink({ path: target.kind === "file" ? target.path : undefined, clock, lostLine });
  const stream = new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      sink.write(line);
      done();
    },
  });
  const format = winston.format.printf((info) => layout(info as Info));
  return { sink, transport: new winston.transports.Stream({ stream, format, eol: "" }) };
}
