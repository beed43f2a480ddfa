/**
 * Hosts that are known to be down, so that a thousand messages for one do not each wait for the same timeout.
 *
 * In memory a failure that had to be waited for counts for Timeout.hoststatus; one that cost nothing (a refused connection)
 * for ten seconds, twice as long each time it comes again. With HostStatusDirectory both count for Timeout.hoststatus, other
 * processes see them and a restart does not forget them (host-status-files.ts). Mailers with F=W do not look here.
 */
import { resolve } from "node:path";
import type { Config } from "../../config/config.ts";
import { queueFolder } from "../../config/queue-folder.ts";
import type { Clock } from "../../sys/clock.ts";
import type { Outcome } from "../outcome.ts";
import { type HostRecord, outcomeOf, readHostRecord, recordOf, writeHostRecord } from "./host-status-files.ts";

/** A failure that took longer than this counts for the whole time, ms. */
const EXPENSIVE = 5_000;
/** How long another one counts when it comes for the first time, ms. */
const CHEAP = 10_000;
/** Bounds memory: the oldest entries go first. */
const MOST = 10_000;

export interface HostStatusSettings {
  /** Timeout.hoststatus, ms. */
  readonly lifetime: number;
  /** HostStatusDirectory, absolute; undefined: nothing is written. */
  readonly folder?: string;
  /** TempFileMode: of its files, which nobody else may write; default 0600. */
  readonly mode?: number;
}

export function hostStatusSettings(config: Config): HostStatusSettings {
  const folder = config.options.text("HostStatusDirectory");
  const lifetime = config.options.timeout("hoststatus");
  const mode = (config.options.number("TempFileMode") & 0o755) | 0o600;
  return { lifetime, ...(folder === "" ? {} : { mode, folder: resolve(queueFolder(config), folder) }) };
}

/** A host by its key in memory and its name on disk. */
export interface KnownHost {
  readonly key: string;
  readonly name: string;
}

/** How a host was found to be down. */
interface Failure {
  /** ms */
  readonly took: number;
  /** It was ready for mail, and broke off later. */
  readonly talked: boolean;
}

interface Entry {
  readonly until: number;
  /** Undefined: it works. */
  readonly outcome: Outcome | undefined;
  /** Failures one after the other. */
  readonly failures: number;
}

export class HostStatus {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  /** Conversations about a message, by key of the host. */
  readonly #talking = new Map<string, number>();
  /** What is to be written, by path: only the newest counts. */
  readonly #unwritten = new Map<
    string,
    { readonly folder: string; readonly name: string; readonly record: HostRecord; readonly mode: number }
  >();
  #writing: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Why this host cannot be reached, as far as that is still worth believing. */
  known(host: KnownHost, settings: HostStatusSettings): Outcome | undefined {
    const entry = this.#entries.get(host.key) ?? this.#fromDisk(host, settings);
    return entry !== undefined && this.#clock.now() < entry.until ? entry.outcome : undefined;
  }

  isDown(host: KnownHost, outcome: Outcome, { took, talked }: Failure, settings: HostStatusSettings): void {
    const { lifetime, folder } = settings;
    this.#write(host, recordOf(outcome, this.#clock.now()), settings);
    if (lifetime <= 0) return;
    const failures = (this.#entries.get(host.key)?.failures ?? 0) + 1;
    const long = took >= EXPENSIVE || (folder !== undefined && !talked);
    // It broke off quickly in the middle of a message: the next one may be more to its taste.
    if (talked && !long) return;
    const lasts = long ? lifetime : Math.min(lifetime, CHEAP * 2 ** Math.min(failures - 1, 20));
    this.#keep(host.key, { until: this.#clock.now() + lasts, outcome, failures });
  }

  /** @param said the last word of the server about a message, if it took one */
  isUp(host: KnownHost, said: Outcome | undefined, settings: HostStatusSettings): void {
    const now = this.#clock.now();
    if (settings.folder === undefined) this.#entries.delete(host.key);
    else {
      this.#keep(host.key, { until: now + settings.lifetime, outcome: undefined, failures: 0 });
      this.#write(host, recordOf(said, now), settings);
    }
  }

  /** It is being told a message; call the answer when that is over. */
  talk({ key }: KnownHost): () => void {
    this.#talking.set(key, (this.#talking.get(key) ?? 0) + 1);
    return () => {
      const left = (this.#talking.get(key) ?? 1) - 1;
      if (left > 0) this.#talking.set(key, left);
      else this.#talking.delete(key);
    };
  }

  /** How many talk to it: one that takes no further connection then is not down. */
  talking({ key }: KnownHost): number {
    return this.#talking.get(key) ?? 0;
  }

  /** Somebody wants it tried now: what is only in memory is forgotten. */
  forget(): void {
    this.#entries.clear();
  }

  /** Resolves when all is written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  #fromDisk({ key, name }: KnownHost, { folder, lifetime }: HostStatusSettings): Entry | undefined {
    if (folder === undefined) return undefined;
    const record = readHostRecord(folder, name);
    const outcome = record && outcomeOf(record, name);
    const now = this.#clock.now();
    const until = record === undefined ? 0 : record.at + lifetime;
    // Nothing on disk is looked for once only, too. What is from tomorrow was written by a clock that was wrong.
    const isNews = until > now && until <= now + 2 * lifetime;
    const entry: Entry = isNews ? { until, outcome, failures: 1 } : { until: 0, outcome: undefined, failures: 0 };
    this.#keep(key, entry);
    return entry;
  }

  #keep(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size <= MOST) return;
    const [oldest] = this.#entries.keys();
    this.#entries.delete(oldest);
  }

  #write({ name }: KnownHost, record: HostRecord, { folder, mode = 0o600 }: HostStatusSettings): void {
    if (folder === undefined) return;
    this.#unwritten.set(`${folder}\0${name}`, { folder, name, record, mode });
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    for (const [key, { folder, name, record, mode }] of this.#unwritten) {
      this.#unwritten.delete(key);
      // What cannot be written is known here all the same.
      await writeHostRecord(folder, name, record, mode).catch(() => undefined);
    }
    this.#writing = undefined;
  }
}
