/**
 * Counts what reports will say: results of DMARC (RFC 7489) and sessions with and without TLS (RFC 8460), day by day (UTC), in files
 * of a folder. What is counted is on disk some minutes later, written piece by piece while mail goes on; a server that is killed forgets
 * what came since.
 *
 *     reports/2026-12-01.counts    rows with their counts: day-bucket.ts
 *     reports/2026-12-01.sent      domains that have their report of that day: outgoing.ts
 *
 * Space is bounded: so many rows a day, so many days.
 */
import { existsSync, readdirSync, readFileSync, unlinkSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../sys/clock.ts";
import { replaceFile } from "../../sys/replace-file.ts";
import type { SenderEvidence } from "../evidence.ts";
import { type Counted, DAY, DayBucket, dayOf } from "./day-bucket.ts";
import { countOf } from "./evidence-row.ts";
import type { TlsEventSink, TlsSessionEvent } from "./tls-events.ts";

export interface CollectorOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** Rows of a day. */
  readonly mostRows: number;
  /** Hears what is wrong. */
  readonly report: (text: string) => void;
}

/** What was counted is on disk after so many ms. */
const DELAY = 300_000;
/** Days that are kept: a report that cannot be sent is tried for some days. */
const DAYS_KEPT = 7;
/** Characters of what other servers say of themselves. */
const LONGEST_TEXT = 255;
const COUNTS = /^(\d{4}-\d\d-\d\d)\.counts$/;
/** What a crash has left aside, too. */
const OF_DAY = /^\.?(\d{4}-\d\d-\d\d)\.(?:counts|sent)(?:\.\w+)?$/;

export class ReportCollector implements TlsEventSink {
  readonly #options: CollectorOptions;
  #day = "";
  #bucket: DayBucket | undefined;
  #cancel: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** What is being written, by its day: the file is older. */
  readonly #unwritten = new Map<string, { readonly bucket: DayBucket }>();
  #problem: string | undefined;

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /** Counts a message; those whose domains want no report are not counted. Never throws. */
  dmarc(evidence: SenderEvidence, at: Date): void {
    const row = countOf(evidence);
    if (row !== undefined) this.#count(row, at.getTime());
  }

  /** Counts a session. Never throws. */
  tls({ at, domain, policy, failure, receivingMx, receivingHelo, receivingIp, sendingIp }: TlsSessionEvent): void {
    const texts = Object.entries({ sendingIp, receivingMx, receivingHelo, receivingIp, reason: failure?.reason });
    const known = texts.flatMap(([name, text]) => (text === undefined ? [] : [[name, text.slice(0, LONGEST_TEXT)]]));
    const detail = failure && { type: failure.type, ...Object.fromEntries(known) };
    this.#count({ kind: "tls", domain, policy, ...(detail && { detail }) }, at);
  }

  /** Days that are over and have counts, the oldest first. */
  finished(): readonly string[] {
    const today = dayOf(this.#options.clock.now());
    return this.#days().filter((day) => day < today);
  }

  /** What was counted on a day. */
  countsOf(day: string): DayBucket {
    if (day === this.#day && this.#bucket !== undefined) return this.#bucket;
    return this.#unwritten.get(day)?.bucket ?? this.#read(day);
  }

  /** Writes what is not yet on disk. */
  async flush(): Promise<void> {
    this.#write();
    await this.#writing;
  }

  #count(row: Counted, at: number): void {
    const day = dayOf(at);
    // A day is closed by the first event of the next one; what belongs to it and comes later counts for the next.
    if (this.#bucket === undefined || day > this.#day) this.#begin(day);
    this.#bucket!.add(row);
    this.#cancel ??= this.#options.clock.after(DELAY, () => this.#write());
  }

  #begin(day: string): void {
    this.#write();
    this.#day = day;
    this.#bucket = this.#read(day);
    this.#writing = this.#writing.then(() => this.#forget(day));
  }

  #read(day: string): DayBucket {
    const bucket = new DayBucket(this.#options.mostRows);
    const path = this.#path(day);
    try {
      if (!existsSync(path)) return bucket;
      const damaged = bucket.restore(readFileSync(path, "utf8"));
      if (damaged > 0) this.#tell(`${path}: ${damaged} damaged lines are passed over`);
    } catch (error) {
      this.#tell(`${path}: cannot read counts for reports: ${(error as Error).message}`);
    }
    return bucket;
  }

  #write(): void {
    const [day, bucket] = [this.#day, this.#bucket];
    if (this.#cancel === undefined || bucket === undefined) return;
    this.#cancel();
    // What is counted from now on is for the next time.
    this.#cancel = undefined;
    const unwritten = { bucket };
    this.#unwritten.set(day, unwritten);
    this.#writing = this.#writing.then(async () => {
      await this.#save(this.#path(day), day, bucket);
      if (this.#unwritten.get(day) === unwritten) this.#unwritten.delete(day);
    });
  }

  async #save(path: string, day: string, bucket: DayBucket): Promise<void> {
    try {
      await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
      await replaceFile(path, bucket.pieces());
      if (bucket.leftOut === 0) this.#problem = undefined;
      else this.#tell(`reports of ${day}: no room for more rows: some messages or sessions are left out`);
    } catch (error) {
      this.#tell(`${path}: cannot write counts for reports: ${(error as Error).message}`);
    }
  }

  /** Removes what is older than anybody wants to hear of. */
  #forget(today: string): void {
    const oldest = dayOf(Date.parse(today) - DAYS_KEPT * DAY);
    for (const name of this.#names()) {
      const day = OF_DAY.exec(name)?.[1];
      if (day === undefined || day >= oldest) continue;
      try {
        unlinkSync(join(this.#options.folder, name));
      } catch (error) {
        this.#tell(`${join(this.#options.folder, name)}: ${(error as Error).message}`);
      }
    }
  }

  #days(): readonly string[] {
    const written = this.#names().flatMap((name) => COUNTS.exec(name)?.[1] ?? []);
    const here = this.#bucket === undefined ? [] : [this.#day];
    return [...new Set([...written, ...this.#unwritten.keys(), ...here])].toSorted();
  }

  #names(): readonly string[] {
    try {
      return readdirSync(this.#options.folder);
    } catch {
      return [];
    }
  }

  #path(day: string): string {
    return join(this.#options.folder, `${day}.counts`);
  }

  /** Once for each thing that is wrong. */
  #tell(text: string): void {
    if (text === this.#problem) return;
    this.#problem = text;
    this.#options.report(text);
  }
}
