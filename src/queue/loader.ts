/**
 * Finds out what is in the queue while the server accepts mail already: first the journal is read, then the names of the files
 * in the spool, and from then on every message is known; its control file is read behind that, and what is read is due.
 *
 * Nothing of the journal counts before all of it was read, and the names of the spool: a later record may say that a message is
 * finished, and files that it was moved. What is in the spool and the journal is the spool's.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../sys/clock.ts";
import { FIRST_ROWS, moreRows, withRoom } from "./columns.ts";
import { unavailable } from "./draft.ts";
import { entryOfMessage, entryOfState } from "./entry-reader.ts";
import { type FileOperations, reasonOf } from "./file-operations.ts";
import { NONE } from "./id-table.ts";
import { encodeRecord, type MessageFacts, RecordType, type StateFacts } from "./journal-record.ts";
import type { Journal } from "./journal.ts";
import { placeOf } from "./lane.ts";
import type { LiveItems } from "./live-items.ts";
import { Flag, type MessageIndex } from "./message-index.ts";
import type { Mover } from "./mover.ts";
import type { QueueEntry } from "./queue.ts";
import type { QueueIds } from "./queue-id.ts";
import { type OpenedJournal, type Replayed, replayJournal, type ReplayTarget } from "./recover.ts";
import type { Segment } from "./segment.ts";
import { type FileKind, hasControl, type SpoolStore } from "./spool-store.ts";

export interface LoaderParts {
  readonly files: FileOperations;
  /** Of the journal. */
  readonly folder: string;
  readonly opened: OpenedJournal;
  readonly journal: Journal;
  readonly spool: SpoolStore;
  readonly index: MessageIndex;
  readonly clock: Clock;
  /** Changes that stand behind what the journal says of a message, by row: for whoever reads it. */
  readonly later: Map<number, ((entry: QueueEntry) => QueueEntry)[]>;
  /** No message that is found waits longer than until then, ms since the epoch. */
  readonly latest: number;
  /** Tell which ids this process has given out, and which messages are in memory. */
  readonly ids: QueueIds;
  readonly items: LiveItems;
  /** Starts when every message is known. */
  readonly mover: Mover;
  readonly report: (text: string) => void;
}

export interface Loaded {
  /** How many messages there were. */
  readonly messages: number;
  /** What was found damaged or half-made. */
  readonly reports: readonly string[];
}

/** Until a journal that cannot be read is tried again, ms. */
const TRY_AGAIN = 60_000;
/** Rows done between two turns of the event loop. */
const AT_ONCE = 2_000;
/** Messages read at the same time. */
const READS = 8;

/** When the messages of the journal will be due, until that counts. */
class Schedule {
  #due = new Float64Array(FIRST_ROWS);
  #priority = new Float64Array(FIRST_ROWS);
  #notice = new Float64Array(FIRST_ROWS);
  /** Number of destination and lane. */
  #line = new Uint32Array(FIRST_ROWS);
  readonly #lines: { readonly destination: string; readonly lane: string }[] = [];
  readonly #numbers = new Map<string, number>();

  note(row: number, entry: QueueEntry): void {
    if (row >= this.#due.length) {
      this.#due = withRoom(this.#due, moreRows(row));
      this.#priority = withRoom(this.#priority, moreRows(row));
      this.#notice = withRoom(this.#notice, moreRows(row));
      this.#line = withRoom(this.#line, moreRows(row));
    }
    const { destination, lane, notice } = placeOf(entry);
    const key = `${lane}\n${destination}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#lines.push({ destination, lane }) - 1;
      this.#numbers.set(key, number);
    }
    this.#due[row] = entry.nextTry;
    this.#priority[row] = entry.priority;
    this.#notice[row] = notice;
    this.#line[row] = number;
  }

  apply(row: number, index: MessageIndex, latest: number): void {
    const place = { ...this.#lines[this.#line[row]], notice: this.#notice[row] };
    index.due.put(row, Math.min(this.#due[row], latest), this.#priority[row], place);
  }
}

/** Fills the index from the journal. */
class JournalTarget implements ReplayTarget {
  readonly #index: MessageIndex;
  readonly #later: LoaderParts["later"];
  readonly #latest: number;
  readonly #segments: Map<number, Segment>;
  readonly schedule = new Schedule();

  constructor({ index, later, latest, opened }: LoaderParts) {
    this.#index = index;
    this.#later = later;
    this.#latest = latest;
    this.#segments = new Map(opened.segments.map((segment) => [segment.number, segment]));
  }

  message(id: string, facts: MessageFacts, { segment, at }: Replayed): void {
    this.gone(id);
    const row = this.#index.add(id);
    this.#index.setMessage(row, { segment: segment.number, at });
    this.#index.set(row, Flag.unsure, true);
    segment.live++;
    this.#note(row, entryOfMessage(id, facts));
  }

  state(id: string, facts: StateFacts, { segment, at }: Replayed): void {
    const row = this.#index.ids.find(id);
    if (row === NONE) return;
    this.#index.setState(row, { segment: segment.number, at });
    this.#index.set(row, Flag.held, facts.hold !== undefined);
    this.#index.setTried(row, facts.lastTry);
    this.#later.delete(row);
    this.#note(row, entryOfState(id, facts));
  }

  #note(row: number, entry: QueueEntry): void {
    this.schedule.note(row, entry);
    this.#index.outlines.set(row, { ...entry, nextTry: Math.min(entry.nextTry, this.#latest) });
  }

  change(id: string, apply: (entry: QueueEntry) => QueueEntry): void {
    const row = this.#index.ids.find(id);
    if (row === NONE) return;
    this.#index.outlines.drop(row);
    const changes = this.#later.get(row);
    if (changes) changes.push(apply);
    else this.#later.set(row, [apply]);
  }

  gone(id: string): void {
    const row = this.#index.ids.find(id);
    if (row === NONE) return;
    this.leaveJournal(row);
    this.#index.drop(row);
  }

  leaveJournal(row: number): void {
    const records = this.#index.records(row);
    const segment = records && this.#segments.get(records.message.segment);
    if (segment) segment.live--;
    this.#later.delete(row);
    this.#index.outlines.drop(row);
    this.#index.setSpooled(row);
  }
}

/** The kinds of files as bits, in the order of this list. */
const KINDS: readonly FileKind[] = ["qf", "hf", "Qf", "df", "tf", "xf"];

const NO_FILES: ReadonlySet<FileKind> = new Set();

function kindsOf(bits: number): ReadonlySet<FileKind> {
  if (bits === 0) return NO_FILES;
  return new Set(KINDS.filter((_, bit) => (bits & (1 << bit)) !== 0));
}

export class Loader {
  readonly #parts: LoaderParts;
  readonly #reports: string[] = [];
  /** By row: the kinds of files that a message has. */
  #files = new Uint8Array(FIRST_ROWS);
  #found = 0;
  /** The journal was told of messages that had moved to the spool. */
  #hasMoved = false;
  #isStopped = false;
  #wake: (() => void) | undefined;
  /** False until every message that was there is known. */
  isComplete = false;
  #known = Promise.withResolvers<void>();
  /** All of it was read, and waits. */
  readonly loaded: Promise<Loaded>;

  constructor(parts: LoaderParts) {
    this.#parts = parts;
    const changed = this.#know();
    changed.then(
      () => this.#known.resolve(),
      (error: unknown) => {
        parts.report(`Cannot read the queue: ${reasonOf(error)}`);
        this.#fail(error);
      },
    );
    this.loaded = changed.then((rows) => this.#readRest(rows));
  }

  /**
   * Resolves when every message that was there is known, or the queue is closed before; rejects with QueueUnavailableError when
   * the queue cannot be read now.
   */
  get known(): Promise<void> {
    return this.#known.promise;
  }

  /** What the journal knows of the message of this row, or of an id without one, may stand in a later record, or in a file. */
  isUnsure(row: number): boolean {
    return !this.isComplete && (row === NONE || this.#parts.index.has(row, Flag.unsure));
  }

  /** Resolves when it is known whether there is such a message; its row may be another one's at the next await. */
  async sure(id: string): Promise<void> {
    if (this.isUnsure(this.#parts.index.ids.find(id))) await this.known;
  }

  /** Reads no more. */
  stop(): void {
    this.#isStopped = true;
    this.#wake?.();
  }

  /** @returns rows of messages that later records have changed */
  async #know(): Promise<readonly number[]> {
    const { index, journal, opened, later, latest } = this.#parts;
    await turn();
    const target = new JournalTarget(this.#parts);
    await this.#untilDone("read the journal", () => this.#replay(target));
    await this.#untilDone("list the files of the queue", () => this.#list(target));
    // Before anybody may finish in the spool what the journal would bring back.
    if (this.#hasMoved) await this.#untilDone("write to the journal", () => this.#parts.journal.sync());
    if (this.#isStopped) return [];
    this.isComplete = true;
    for (const segment of opened.segments) journal.release(segment);
    const changed: number[] = [];
    for (const row of this.#rows(Flag.unsure)) {
      if (row % AT_ONCE === 0) await turn();
      index.set(row, Flag.unsure, false);
      this.#found++;
      if (later.has(row)) changed.push(row);
      else if (!index.has(row, Flag.held) && !index.has(row, Flag.unread)) target.schedule.apply(row, index, latest);
    }
    this.#parts.mover.start();
    return changed;
  }

  /** Whoever waits, or asks from now on, hears of it. */
  #fail(error: unknown): void {
    this.#known.promise.catch(() => undefined);
    this.#known.reject(unavailable(error));
  }

  async #replay(target: JournalTarget): Promise<void> {
    const { files, folder, opened } = this.#parts;
    this.#reports.push(...(await replayJournal(files, folder, opened, target)));
  }

  /** Tries again what fails; returns after `stop`, too. */
  async #untilDone(what: string, work: () => Promise<void>): Promise<void> {
    const { folder, clock, report } = this.#parts;
    while (!this.#isStopped) {
      try {
        return await work();
      } catch (error) {
        report(`Cannot ${what} (${folder}); nothing that was queued is tried until that works: ${reasonOf(error)}`);
        this.#fail(error);
        await new Promise<void>((resolve) => {
          const cancel = clock.after(TRY_AGAIN, resolve);
          this.#wake = () => {
            cancel();
            resolve();
          };
        });
        this.#known = Promise.withResolvers();
      }
    }
  }

  /** Gives every message in the spool a row, and removes what a crash left there half-made. */
  async #list(target: JournalTarget): Promise<void> {
    const { index, spool, journal, ids } = this.#parts;
    await spool.names((kind, id) => {
      let row = index.ids.find(id);
      if (row === NONE) {
        // A message that is just coming in.
        if (ids.isOurs(id)) return;
        row = index.add(id);
        index.set(row, Flag.unsure, true);
        index.set(row, Flag.unread, true);
      } else if (!index.has(row, Flag.unsure)) return;
      if (row >= this.#files.length) this.#files = withRoom(this.#files, moreRows(row));
      this.#files[row] |= 1 << KINDS.indexOf(kind);
    });
    for (const row of this.#rows(Flag.unsure)) {
      if (row % AT_ONCE === 0) await turn();
      const found = kindsOf(this.#files[row] ?? 0);
      const id = index.ids.id(row);
      if (found.size > 0 && !hasControl(found)) await this.#tidy(id, found);
      if (index.records(row) === undefined) {
        if (!hasControl(found)) index.drop(row);
      } else if (hasControl(found)) {
        // Moved to the spool, and the journal's note of it was lost: the files are right.
        target.leaveJournal(row);
        index.set(row, Flag.unread, true);
        this.#hasMoved = true;
        journal.note(RecordType.gone, encodeRecord(RecordType.gone, id, { why: "moved" }));
      }
    }
  }

  async #tidy(id: string, found: ReadonlySet<FileKind>): Promise<void> {
    try {
      this.#reports.push(...(await this.#parts.spool.tidy(id, found, Infinity)));
    } catch (error) {
      this.#reports.push(`Cannot remove what is left of ${id}: ${reasonOf(error)}`);
    }
  }

  async #readRest(changed: readonly number[]): Promise<Loaded> {
    await this.#each(changed.values(), async (row) => void (await this.#parts.items.bring(row)));
    await this.#each(this.#rows(Flag.unread), (row) => this.#examine(row));
    return { messages: this.#found, reports: this.#reports };
  }

  /** A message whose files nobody has looked at before. */
  async #examine(row: number): Promise<void> {
    const { index, spool, latest, items } = this.#parts;
    const id = index.ids.id(row);
    const read = await spool.examine(id, kindsOf(this.#files[row]), true);
    // Somebody needed it, or removed it, meanwhile.
    if (!index.has(row, Flag.unread) || index.ids.find(id) !== row || items.get(row)) return;
    if (read !== undefined && read.entry === undefined) this.#reports.push(read.report);
    // Lists show it; whoever names it reads it again.
    if (read?.stays !== undefined) return index.set(row, Flag.unreadable, true);
    index.set(row, Flag.unread, false);
    if (read?.entry === undefined) index.drop(row);
    else index.await(row, { ...read.entry, nextTry: Math.min(read.entry.nextTry, latest) });
  }

  /** Some at the same time, until there are no more or the queue closes. */
  async #each(rows: Iterator<number>, action: (row: number) => Promise<void>): Promise<void> {
    const workers = Array.from({ length: READS }, async () => {
      for (let next = rows.next(); !next.done && !this.#isStopped; next = rows.next()) {
        try {
          await action(next.value);
        } catch (error) {
          this.#parts.report(reasonOf(error));
        }
      }
    });
    await Promise.all(workers);
  }

  *#rows(flag: number): Generator<number, void, undefined> {
    const { index } = this.#parts;
    for (let row = 0; row < index.ids.end; row++) if (index.has(row, flag)) yield row;
  }
}
