/**
 * The log as the rest of the server sees it. Levels are sendmail's LogLevel numbers (0 serious ... 9 deliveries ...
 * 15 every SMTP command); a line above the configured level costs a comparison.
 */
export type Priority = "emerg" | "alert" | "crit" | "err" | "warning" | "notice" | "info" | "debug";

export interface LogLine {
  readonly priority: Priority;
  /** The queue id that begins the line, as in `5AKJ3Crx012345: from=<a@b>, ...`. */
  readonly id?: string;
  /** The line as syslog shows it after the queue id. */
  readonly text: string;
  /** The same facts for machines (JSON lines); made only when somebody reads them. */
  readonly fields?: () => Readonly<Record<string, unknown>>;
}

export interface Log {
  /** True when lines of this LogLevel are written; guard work that only serves a line. */
  enabled(level: number): boolean;
  /** Writes one line if its level is enabled. Never throws, never blocks. */
  write(level: number, line: LogLine): void;
}

/** A log that drops everything. */
export const silentLog: Log = { enabled: () => false, write: () => undefined };
