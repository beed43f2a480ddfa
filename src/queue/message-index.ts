/**
 * All that is kept in memory of a message that nobody works on: its id, when it is due, where on the disk the rest lies, and what
 * questions are about (outlines.ts). Some 95 octets of columns, an outline and, for each destination, a line (due-index.ts);
 * entries are read when somebody needs them.
 */
import { FIRST_ROWS, moreRows, withRoom } from "./columns.ts";
import { DueIndex } from "./due-index.ts";
import { IdTable } from "./id-table.ts";
import type { EntryOutline } from "./outline.ts";
import { Outlines } from "./outlines.ts";
import { placeOf } from "./lane.ts";
import type { QueueEntry } from "./queue.ts";

/** Where a record begins. */
export interface RecordPlace {
  /** Number of the segment. */
  readonly segment: number;
  readonly at: number;
}

/** What the journal has of a message. */
export interface JournalRecords {
  readonly message: RecordPlace;
  /** Its newest state record; undefined: what the message record says still holds. */
  readonly state: RecordPlace | undefined;
}

/** What a row says in one bit each. */
export const Flag = {
  held: 1,
  /** Found at the start; whether the journal still has it is not known before all of it is read. */
  unsure: 2,
  /** Found at the start, as files; its control file was not read yet. */
  unread: 4,
  /** That was tried, and failed: lists show it, and read it when that works again. */
  unreadable: 8,
} as const;

export interface AwaitOptions {
  /** Other than the entry's nextTry. */
  readonly due?: number;
  /** Other than what is usual for such a message (notice.ts). */
  readonly notice?: number | undefined;
}

/** No segment has this number. */
const NO_SEGMENT = 0;

export class MessageIndex {
  readonly ids = new IdTable();
  readonly due = new DueIndex(this.ids);
  readonly outlines = new Outlines();
  #segment = new Uint32Array(FIRST_ROWS);
  #at = new Uint32Array(FIRST_ROWS);
  #stateSegment = new Uint32Array(FIRST_ROWS);
  #stateAt = new Uint32Array(FIRST_ROWS);
  #tried = new Float64Array(FIRST_ROWS);
  #flags = new Uint8Array(FIRST_ROWS);
  /** How many rows have each flag. */
  readonly #counts = new Map<number, number>();

  /** How many messages have this flag. */
  count(flag: number): number {
    return this.#counts.get(flag) ?? 0;
  }

  /** A new row, of a message in the spool until `setMessage` says otherwise. */
  add(id: string): number {
    const row = this.ids.add(id);
    if (row >= this.#segment.length) this.#grow(moreRows(row));
    this.setSpooled(row);
    this.setTried(row);
    this.#flags[row] = 0;
    return row;
  }

  drop(row: number): void {
    this.due.drop(row);
    this.outlines.drop(row);
    this.#segment[row] = NO_SEGMENT;
    for (const flag of Object.values(Flag)) this.set(row, flag, false);
    this.ids.drop(row);
  }

  setMessage(row: number, { segment, at }: RecordPlace): void {
    this.#segment[row] = segment;
    this.#at[row] = at;
    this.#stateSegment[row] = NO_SEGMENT;
  }

  setState(row: number, { segment, at }: RecordPlace): void {
    this.#stateSegment[row] = segment;
    this.#stateAt[row] = at;
  }

  setSpooled(row: number): void {
    this.#segment[row] = NO_SEGMENT;
    this.#stateSegment[row] = NO_SEGMENT;
  }

  /** Undefined: it lies in the spool. */
  records(row: number): JournalRecords | undefined {
    const segment = this.#segment[row];
    if (segment === NO_SEGMENT) return undefined;
    const state = this.#stateSegment[row];
    return {
      message: { segment, at: this.#at[row] },
      state: state === NO_SEGMENT ? undefined : { segment: state, at: this.#stateAt[row] },
    };
  }

  isIn(row: number, segment: number): boolean {
    return this.#segment[row] === segment;
  }

  /** Rows of the messages in a segment. */
  rowsIn(segment: number): number[] {
    const rows: number[] = [];
    for (let row = 0; row < this.ids.end; row++) if (this.#segment[row] === segment) rows.push(row);
    return rows;
  }

  has(row: number, flag: number): boolean {
    return (this.#flags[row] & flag) !== 0;
  }

  set(row: number, flag: number, on: boolean): void {
    if (this.has(row, flag) === on) return;
    this.#flags[row] ^= flag;
    this.#counts.set(flag, this.count(flag) + (on ? 1 : -1));
  }

  /** When it was tried last, ms since the epoch; -Infinity: never. Not known of what is unread. */
  tried(row: number): number {
    return this.#tried[row];
  }

  setTried(row: number, at = -Infinity): void {
    this.#tried[row] = at;
  }

  /** As it was when nobody worked on it any more; undefined: it has to be read. */
  outline(row: number): EntryOutline | undefined {
    return this.outlines.get(row, this.ids.id(row), this.#tried[row]);
  }

  /** What is to be known of a message that nobody works on; held ones are never due. Times in ms since the epoch. */
  await(row: number, entry: QueueEntry, { due = entry.nextTry, notice }: AwaitOptions = {}): void {
    const isHeld = entry.hold !== undefined;
    this.set(row, Flag.held, isHeld);
    this.setTried(row, entry.lastTry);
    this.outlines.set(row, entry);
    if (isHeld) this.due.drop(row);
    else this.due.put(row, due, entry.priority, placeOf(entry, notice));
  }

  #grow(rows: number): void {
    this.#segment = withRoom(this.#segment, rows);
    this.#at = withRoom(this.#at, rows);
    this.#stateSegment = withRoom(this.#stateSegment, rows);
    this.#stateAt = withRoom(this.#stateAt, rows);
    this.#tried = withRoom(this.#tried, rows);
    this.#flags = withRoom(this.#flags, rows);
  }
}
