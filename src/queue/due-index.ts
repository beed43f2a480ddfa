/**
 * When which message is due, for stores that keep that in memory: by time, then priority, then in the order of their ids.
 * Messages of one lane (lane.ts) for one destination form a line, so that a destination that takes nothing more now can be
 * left out as a whole, however many wait for it; lanes are few, and looked at one by one. Of a line that is left out those come
 * all the same whose sender is to be told something: the line is looked through when that time comes, at most every ten seconds.
 *
 * Some 45 octets a message, in columns beside those of the id table whose rows they are, and 200 for each destination; what else
 * is known is elsewhere.
 */
import { FIRST_ROWS, moreRows, withRoom } from "./columns.ts";
import type { IdTable } from "./id-table.ts";
import { LineHeap } from "./line-heap.ts";

/** Where a message waits. */
export interface WaitingPlace {
  readonly destination: string;
  readonly lane: string;
  /** When its sender is to be told something, ms since the epoch. */
  readonly notice: number;
}

/** All of a lane that wait for one destination. While one waits it is in a heap of the lane. */
interface Line {
  readonly number: number;
  readonly destination: string;
  readonly lane: Lane;
  /** Node of the first message (LineHeap); 0 for none. */
  first: number;
  /** Not before then has it to be looked through. */
  look: number;
  heap: Heap | undefined;
  /** Place in the heap, which it knows, so that it can be moved or removed in the middle. */
  at: number;
}

interface Lane {
  readonly name: string;
  /** Lines by their first message. */
  readonly going: Heap;
  /** Those whose destination is blocked, by when they are looked through. */
  readonly blocked: Heap;
  readonly lines: Map<string, Line>;
}

/** Not in a heap. */
const NOWHERE = -1;
/** No destination: the line of those that are not left out with their own. */
const NOTICES = "\0";
/** A line is not looked through more often, ms. */
const LOOK_AGAIN = 10_000;

class Heap {
  readonly #members: Line[] = [];
  readonly #isBefore: (a: Line, b: Line) => boolean;

  constructor(isBefore: (a: Line, b: Line) => boolean) {
    this.#isBefore = isBefore;
  }

  get first(): Line | undefined {
    return this.#members[0];
  }

  add(member: Line): void {
    member.at = this.#members.length;
    this.#members.push(member);
    this.#up(member);
  }

  /** After what it is compared by has changed. */
  moved(member: Line): void {
    this.#up(member);
    this.#down(member);
  }

  remove(member: Line): void {
    const last = this.#members.pop()!;
    if (last !== member) {
      last.at = member.at;
      this.#members[last.at] = last;
      this.moved(last);
    }
    member.at = NOWHERE;
  }

  #swap(a: Line, b: Line): void {
    const place = a.at;
    a.at = b.at;
    b.at = place;
    this.#members[a.at] = a;
    this.#members[b.at] = b;
  }

  #up(member: Line): void {
    while (member.at > 0) {
      const parent = this.#members[(member.at - 1) >> 1];
      if (!this.#isBefore(member, parent)) return;
      this.#swap(member, parent);
    }
  }

  #down(member: Line): void {
    for (;;) {
      const left = this.#members[2 * member.at + 1];
      const right = this.#members[2 * member.at + 2];
      if (left === undefined) return;
      const child = right !== undefined && this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(child, member)) return;
      this.#swap(child, member);
    }
  }
}

export class DueIndex {
  readonly #ids: IdTable;
  readonly #lookAgain: number;
  readonly #lanes = new Map<string, Lane>();
  readonly #blocked = new Set<string>();
  readonly #watchers = new Set<() => void>();
  /** By number; 0 is no line. */
  readonly #lines: (Line | undefined)[] = [undefined];
  readonly #freeLines: number[] = [];
  /** By node, which is the row counted from 1: when it is due, its priority and notice, and the number of its line. */
  #due = new Float64Array(FIRST_ROWS);
  #priority = new Float64Array(FIRST_ROWS);
  #notice = new Float64Array(FIRST_ROWS);
  #line = new Uint32Array(FIRST_ROWS);
  readonly #heap = new LineHeap((a, b) => this.#isBefore(a, b));

  /** @param lookAgain how long a line is left alone after it was looked through, ms */
  constructor(ids: IdTable, lookAgain = LOOK_AGAIN) {
    this.#ids = ids;
    this.#lookAgain = lookAgain;
  }

  /** A message that waits, or waits until another time from now on. */
  put(row: number, due: number, priority: number, { destination, lane, notice }: WaitingPlace): void {
    const earliest = this.next(lane);
    this.drop(row);
    const node = row + 1;
    this.#reserve(node);
    this.#due[node] = due;
    this.#priority[node] = priority;
    this.#notice[node] = notice;
    this.#add(node, this.#lineFor(lane, destination));
    this.#tell(lane, earliest);
  }

  /** It waits no more: claimed, held or gone. */
  drop(row: number): void {
    const node = row + 1;
    const line = this.#lineOf(node);
    if (line === undefined) return;
    const first = this.#heap.remove(line.first, node);
    // A line in a heap always has a first message: that is what it is compared by.
    if (first === 0) this.#move(line, undefined);
    line.first = first;
    this.#line[node] = 0;
    this.#place(line);
  }

  /** Takes out the first that is due and may go, of one lane or of all. */
  take(now: number, lane?: string): number | undefined {
    for (const each of this.#select(lane)) {
      for (let line = each.blocked.first; line !== undefined && line.look <= now; line = each.blocked.first) {
        this.#lookThrough(line, now);
      }
    }
    const node = this.#first(lane);
    if (node === 0 || this.#due[node] > now) return undefined;
    this.drop(node - 1);
    return node - 1;
  }

  /** Makes a message due then, or sooner if it is. False: it does not wait. */
  hurry(row: number, since: number): boolean {
    const node = row + 1;
    const line = this.#lineOf(node);
    if (line === undefined) return false;
    const place = { destination: line.destination, lane: line.lane.name, notice: this.#notice[node] };
    if (this.#due[node] > since) this.put(row, since, this.#priority[node], place);
    return true;
  }

  /** Nothing for this destination is taken or counted as due before its notice, until that is taken back. */
  block(destination: string, blocked: boolean): void {
    if (blocked) this.#blocked.add(destination);
    else this.#blocked.delete(destination);
    for (const lane of this.#lanes.values()) {
      const line = lane.lines.get(destination);
      if (line === undefined) continue;
      const earliest = this.next(lane.name);
      this.#place(line);
      this.#tell(lane.name, earliest);
    }
  }

  /** When to ask for the next one, of one lane or of all, ms since the epoch; undefined when nothing may come. */
  next(lane?: string): number | undefined {
    let next = Infinity;
    for (const { going, blocked } of this.#select(lane)) {
      const due = going.first === undefined ? Infinity : this.#due[going.first.first];
      next = Math.min(next, due, blocked.first?.look ?? Infinity);
    }
    return next === Infinity ? undefined : next;
  }

  /** The lanes that messages wait in. */
  get lanes(): readonly string[] {
    return [...this.#lanes.keys()];
  }

  /** Tells whenever something of a lane is due sooner than what was first in it before. */
  watch(sooner: () => void): () => void {
    this.#watchers.add(sooner);
    return () => void this.#watchers.delete(sooner);
  }

  #isBefore(a: number, b: number): boolean {
    if (this.#due[a] !== this.#due[b]) return this.#due[a] < this.#due[b];
    if (this.#priority[a] !== this.#priority[b]) return this.#priority[a] < this.#priority[b];
    return this.#ids.compareRows(a - 1, b - 1) < 0;
  }

  #reserve(node: number): void {
    this.#heap.reserve(node);
    if (node < this.#due.length) return;
    this.#due = withRoom(this.#due, moreRows(node));
    this.#priority = withRoom(this.#priority, moreRows(node));
    this.#notice = withRoom(this.#notice, moreRows(node));
    this.#line = withRoom(this.#line, moreRows(node));
  }

  #lineOf(node: number): Line | undefined {
    return node < this.#line.length ? this.#lines[this.#line[node]] : undefined;
  }

  #select(name: string | undefined): Iterable<Lane> {
    if (name === undefined) return this.#lanes.values();
    const lane = this.#lanes.get(name);
    return lane === undefined ? [] : [lane];
  }

  #first(lane: string | undefined): number {
    let first = 0;
    for (const { going } of this.#select(lane)) {
      const node = going.first?.first ?? 0;
      if (node !== 0 && (first === 0 || this.#isBefore(node, first))) first = node;
    }
    return first;
  }

  /** Those whose notice is due leave a line whose destination is blocked. */
  #lookThrough(line: Line, now: number): void {
    let later = Infinity;
    const ready: number[] = [];
    for (const node of this.#heap.rows(line.first)) {
      const at = this.#readyAt(node);
      if (at <= now) ready.push(node);
      else later = Math.min(later, at);
    }
    line.look = Math.max(later, now + this.#lookAgain);
    this.#place(line);
    for (const node of ready) {
      this.drop(node - 1);
      this.#add(node, this.#lineFor(line.lane.name, NOTICES));
    }
  }

  /** When a message of a line that is left out comes all the same. */
  #readyAt(node: number): number {
    return Math.max(this.#due[node], this.#notice[node]);
  }

  #add(node: number, line: Line): void {
    this.#line[node] = line.number;
    line.first = this.#heap.add(line.first, node);
    line.look = Math.min(line.look, this.#readyAt(node));
    this.#place(line);
  }

  #lineFor(name: string, destination: string): Line {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      const going = new Heap((a, b) => this.#isBefore(a.first, b.first));
      lane = { name, going, blocked: new Heap((a, b) => a.look < b.look), lines: new Map() };
      this.#lanes.set(name, lane);
    }
    let line = lane.lines.get(destination);
    if (line === undefined) {
      const number = this.#freeLines.pop() ?? this.#lines.length;
      line = { number, destination, lane, first: 0, look: Infinity, heap: undefined, at: NOWHERE };
      this.#lines[number] = line;
      lane.lines.set(destination, line);
    }
    return line;
  }

  /** Puts a line where it belongs now; one that is empty is forgotten, and its lane with the last. */
  #place(line: Line): void {
    const { going, blocked, lines, name } = line.lane;
    if (line.first !== 0) {
      this.#move(line, this.#blocked.has(line.destination) ? blocked : going);
      return;
    }
    this.#move(line, undefined);
    lines.delete(line.destination);
    this.#lines[line.number] = undefined;
    this.#freeLines.push(line.number);
    if (lines.size === 0) this.#lanes.delete(name);
  }

  #move(line: Line, heap: Heap | undefined): void {
    if (line.heap === heap) {
      heap?.moved(line);
      return;
    }
    line.heap?.remove(line);
    line.heap = heap;
    heap?.add(line);
  }

  #tell(lane: string, earliest: number | undefined): void {
    const next = this.next(lane);
    if (next === undefined || (earliest !== undefined && next >= earliest)) return;
    for (const each of this.#watchers) each();
  }
}
