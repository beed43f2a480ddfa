/** Where the lines come from: the server's own log with its rotated siblings, files that are named, standard input. */
import { createReadStream, openSync, closeSync, readdirSync, statSync, writeSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createGunzip } from "node:zlib";
import { homeFolder } from "../../daemon/home.ts";
import { EntryReader, type LogEntry } from "../../log/read-entry.ts";
import { errorText } from "../../sys/safe-file.ts";
import { EX } from "../../sys/sysexits.ts";
import type { CommandStreams } from "../command-streams.ts";
import { CommandError } from "../database-target.ts";

export interface Source {
  /** For messages. */
  readonly name: string;
  /** No line is younger: ms since the epoch. */
  readonly newest: number;
  readonly read: () => AsyncIterable<Uint8Array>;
}

/** The log that the server writes: daemon/server-log.ts. */
export function ownLog(): string {
  return join(homeFolder().folder, "log");
}

/**
 * @param named files of --file, "-" for standard input; none: the server's own log, rotated ones first
 * @param since files that were last written before hold nothing of interest
 * @throws CommandError 66 when one is not there or must not be read
 */
export function sourcesOf(named: readonly string[], streams: CommandStreams, now: number, since = 0): Source[] {
  if (named.length > 0) return named.map((path) => (path === "-" ? standardInput(streams, now) : fileSource(path)));
  const own = ownLog();
  const files = rotated(own).filter((path) => statSync(path).mtimeMs >= since);
  return [...files, own].map(fileSource);
}

function standardInput({ input }: CommandStreams, now: number): Source {
  return { name: "standard input", newest: now, read: () => input };
}

function fileSource(path: string): Source {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) throw new Error("it is a folder");
    closeSync(openSync(path, "r"));
    return { name: path, newest: stats.mtimeMs, read: () => octetsOf(path) };
  } catch (error) {
    const advice = path === ownLog() ? "; name another log: --file FILE" : "";
    throw new CommandError(`rulemail log: ${path}: ${errorText(error)}${advice}`, EX.NOINPUT);
  }
}

/** `log.2.gz`, `log.1`, `log-20261201`: the oldest first. */
function rotated(path: string): string[] {
  const name = basename(path);
  const folder = dirname(path);
  const ending = /^(?:\.\d{1,4}|-\d{8}(?:-\d+)?)(?:\.gz)?$/;
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return []; // that it cannot be read is told of the log itself
  }
  return names
    .filter((each) => each.startsWith(name) && ending.test(each.slice(name.length)))
    .map((each) => join(folder, each))
    .toSorted((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
}

function octetsOf(path: string): AsyncIterable<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  if (!path.endsWith(".gz")) return file;
  const plain = createGunzip();
  file.on("error", (error) => plain.destroy(error));
  return file.pipe(plain);
}

/** The longest line that is looked at; what is longer is cut. */
const LONGEST_LINE = 65_536;
const LINE_END = 0x0a;

/** Takes octets as they come and gives whole lines, each bounded. */
export class LineCutter {
  #rest = "";

  /** @returns the lines that the octets complete, without their ends */
  take(octets: Uint8Array): string[] {
    const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
    const lines: string[] = [];
    let from = 0;
    // Each line is a string of its own: a part of it that is kept does not keep all the octets.
    for (let end = buffer.indexOf(LINE_END); end !== -1; end = buffer.indexOf(LINE_END, from)) {
      lines.push(this.#rest + buffer.toString("latin1", from, Math.min(end, from + LONGEST_LINE)));
      this.#rest = "";
      from = end + 1;
    }
    if (this.#rest.length < LONGEST_LINE) {
      this.#rest += buffer.toString("latin1", from, Math.min(buffer.length, from + LONGEST_LINE));
    }
    return lines;
  }

  /** @returns what is left without a line end */
  end(): string[] {
    const rest = this.#rest;
    this.#rest = "";
    return rest === "" ? [] : [rest];
  }
}

/**
 * The entries of a source, some at once. Lines that are none of a log are left out.
 * @throws CommandError 66 when reading fails on the way
 */
export async function* entriesOf({ name, newest, read }: Source): AsyncGenerator<LogEntry[]> {
  const reader = new EntryReader(() => newest);
  const cutter = new LineCutter();
  try {
    for await (const octets of read()) yield entries(reader, cutter.take(octets));
    yield entries(reader, cutter.end());
  } catch (error) {
    if (error instanceof CommandError || (error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new CommandError(`rulemail log: ${name}: ${errorText(error)}`, EX.NOINPUT);
  }
}

function entries(reader: EntryReader, lines: readonly string[]): LogEntry[] {
  const found: LogEntry[] = [];
  for (const line of lines) {
    const entry = reader.read(line.endsWith("\r") ? line.slice(0, -1) : line);
    if (entry !== undefined) found.push(entry);
  }
  return found;
}

/** Works with sources that can be read more than once: standard input lies in a file meanwhile. */
export async function withLasting<T>(
  sources: readonly Source[],
  work: (lasting: readonly Source[]) => Promise<T>,
): Promise<T> {
  if (sources.every(({ name }) => name !== "standard input")) return work(sources);
  const folder = mkdtempSync(join(tmpdir(), "rulemail-log-"));
  try {
    const path = join(folder, "lines");
    const fd = openSync(path, "wx", 0o600);
    try {
      for (const { name, read } of sources) {
        if (name !== "standard input") continue;
        for await (const octets of read())
          for (let done = 0; done < octets.length;) done += writeSync(fd, octets, done);
      }
    } finally {
      closeSync(fd);
    }
    const kept = fileSource(path);
    return await work(sources.map((each) => (each.name === "standard input" ? { ...each, read: kept.read } : each)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
