/**
 * One line of a mail log as data: ours, and a genuine sendmail's. Files and pipes are for others; so is the meaning of the
 * text (read-facts.ts).
 *
 * Read are the layouts of syslog files (time-stamp.ts), our lines of JSON (open-log.ts), and what `journalctl -o json`
 * prints. Text is octets (latin1).
 */
import { type Origin, OriginReader } from "./time-stamp.ts";

export interface LogEntry {
  readonly origin: Origin;
  /** The queue id that the text begins with; absent: the line is about no message, or about one that has none yet. */
  readonly id?: string;
  /** The text behind the queue id. */
  readonly text: string;
  /** The line as it was read. */
  readonly line: string;
}

/** `5AKJ3Crx012345: `: letters and digits, of these at least one. */
const ID = /(?=[A-Za-z]*\d)([0-9A-Za-z]{8,24}): /y;
const NO_ID = "NOQUEUE: ";

export class EntryReader {
  readonly #origins: OriginReader;
  /** What a service writes to standard output has a beginning of its own behind that of the journal. */
  readonly #inner: OriginReader;

  /** @param newest no line of the file is younger: ms since the epoch */
  constructor(newest: () => number) {
    this.#origins = new OriginReader(newest);
    this.#inner = new OriginReader(newest);
  }

  /** @returns undefined for what is no line of a log */
  read(line: string): LogEntry | undefined {
    if (line.startsWith("{")) return this.#ofJson(line);
    const begun = this.#origins.read(line);
    return begun === undefined ? undefined : this.#entry(begun.origin, line.slice(begun.end), line);
  }

  #entry(origin: Origin, said: string, line: string): LogEntry {
    const again = this.#inner.read(said);
    if (again === undefined) return { origin, ...idAndText(said), line };
    return { origin: again.origin, ...idAndText(said.slice(again.end)), line };
  }

  #ofJson(line: string): LogEntry | undefined {
    let parsed: unknown;
    try {
      parsed = JSON.parse(line);
    } catch {
      return undefined;
    }
    if (typeof parsed !== "object" || parsed === null) return undefined;
    const fields = parsed as Readonly<Record<string, unknown>>;
    if (!("MESSAGE" in fields)) return ofOurs(fields, line);
    const said = ofJournal(fields);
    return said === undefined ? undefined : this.#entry(said.origin, said.text, line);
  }
}

function idAndText(text: string): Pick<LogEntry, "id" | "text"> {
  ID.lastIndex = 0;
  const id = ID.exec(text)?.[1];
  if (id !== undefined) return { id, text: text.slice(ID.lastIndex) };
  return { text: text.startsWith(NO_ID) ? text.slice(NO_ID.length) : text };
}

/** `{"time":"2026-11-20T18:56:32.000Z","host":"mail","program":"sendmail","pid":1,"id":"5AK...","message":"from=..."}` */
function ofOurs(fields: Readonly<Record<string, unknown>>, line: string): LogEntry | undefined {
  const { time, message, id } = fields;
  const at = typeof time === "string" ? Date.parse(time) : Number.NaN;
  if (Number.isNaN(at) || typeof message !== "string") return undefined;
  const origin = {
    time: at,
    host: textOf(fields["host"]),
    program: textOf(fields["program"]),
    ...pidOf(fields["pid"]),
  };
  return { origin, ...(typeof id === "string" && id !== "" && { id }), text: octets(message), line };
}

/** journald shows time in microseconds; a message that is no UTF-8 is an array of octets. */
function ofJournal(fields: Readonly<Record<string, unknown>>): { origin: Origin; text: string } | undefined {
  const { MESSAGE: message, __REALTIME_TIMESTAMP: stamp } = fields;
  const time = Math.floor(Number(stamp) / 1000);
  if (typeof stamp !== "string" || Number.isNaN(time)) return undefined;
  const text = Array.isArray(message) ? Buffer.from(message as number[]).toString("latin1") : octets(textOf(message));
  const program = textOf(fields["SYSLOG_IDENTIFIER"]);
  const origin = { time, host: textOf(fields["_HOSTNAME"]), program, ...pidOf(fields["_PID"] ?? fields["SYSLOG_PID"]) };
  return { origin, text };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function pidOf(value: unknown): { readonly pid?: number } {
  const pid = Number(value);
  return value === undefined || !Number.isInteger(pid) ? {} : { pid };
}

function octets(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
