/**
 * When which message is due, for stores that keep that in memory: by time, then priority, then the order in which they
 * came. Messages of one lane (lane.ts) for one destination form a line, so that a destination that takes nothing more now can be
 * left out as a whole, however many wait for it; lanes are few, and looked at one by one. Of a line that is left out those come all
 * the same whose sender is to be told something: the line is looked through when that time comes, at most every ten seconds. Some 100 octets a message, and as much again for each destination; what else is known
 * is elsewhere.
 */

/** Something with a place in a heap, which it knows, so that it can be moved or removed in the middle. */
interface Placed {
  at: number;
}

interface Node extends Placed {
  readonly id: string;
  due: number;
  priority: number;
  /** Breaks ties: first in, first out. */
  readonly order: number;
  readonly line: Line;
  /** From then on it is not left out. */
  notice: number;
}

/** Where a message waits. */
export interface WaitingPlace {
  readonly destination: string;
  readonly lane: string;
  /** When its sender is to be told something, ms since the epoch. */
  readonly notice: number;
}

/** All of a lane that wait for one destination. While one waits it is in a heap of the lane. */
interface Line extends Placed {
  readonly destination: string;
  readonly lane: Lane;
  readonly nodes: Heap<Node>;
  /** Not before then has it to be looked through. */
  look: number;
  heap: Heap<Line> | undefined;
}

interface Lane {
  readonly name: string;
  /** Lines by their first message. */
  readonly going: Heap<Line>;
  /** Those whose destination is blocked, by when they are looked through. */
  readonly blocked: Heap<Line>;
  readonly lines: Map<string, Line>;
}

/** Not in a heap. */
const NOWHERE = -1;
/** No destination: the line of those that are not left out with their own. */
const NOTICES = "\0";
/** A line is not looked through more often, ms. */
const LOOK_AGAIN = 10_000;

function isBefore(a: Node, b: Node): boolean {
  if (a.due !== b.due) return a.due < b.due;
  return a.priority === b.priority ? a.order < b.order : a.priority < b.priority;
}

class Heap<T extends Placed> {
  readonly #members: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  constructor(before: (a: T, b: T) => boolean) {
    this.#isBefore = before;
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#members.values();
  }

  get first(): T | undefined {
    return this.#members[0];
  }

  get size(): number {
    return this.#members.length;
  }

  add(member: T): void {
    member.at = this.#members.length;
    this.#members.push(member);
    this.#up(member);
  }

  /** After the member's key has changed. */
  moved(member: T): void {
    this.#up(member);
    this.#down(member);
  }

  remove(member: T): void {
    const last = this.#members.pop()!;
    if (last !== member) {
      last.at = member.at;
      this.#members[last.at] = last;
      this.moved(last);
    }
    member.at = NOWHERE;
  }

  #swap(a: T, b: T): void {
    const place = a.at;
    a.at = b.at;
    b.at = place;
    this.#members[a.at] = a;
    this.#members[b.at] = b;
  }

  #up(member: T): void {
    while (member.at > 0) {
      const parent = this.#members[(member.at - 1) >> 1];
      if (!this.#isBefore(member, parent)) return;
      this.#swap(member, parent);
    }
  }

  #down(member: T): void {
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

/** When a message of a line that is left out comes all the same. */
function readyAt({ due, notice }: Node): number {
  return Math.max(due, notice);
}

export class DueIndex {
  readonly #lookAgain: number;
  readonly #lanes = new Map<string, Lane>();
  readonly #nodes = new Map<string, Node>();
  readonly #blocked = new Set<string>();
  readonly #watchers = new Set<() => void>();
  #order = 0;

  /** @param lookAgain how long a line is left alone after it was looked through, ms */
  constructor(lookAgain = LOOK_AGAIN) {
    this.#lookAgain = lookAgain;
  }

  /** A message that waits, or waits until another time from now on. */
  put(id: string, due: number, priority: number, { destination, lane, notice }: WaitingPlace): void {
    const earliest = this.next(lane);
    const known = this.#nodes.get(id);
    if (known?.line.destination === destination && known.line.lane.name === lane) {
      known.due = due;
      known.priority = priority;
      known.notice = notice;
      known.line.nodes.moved(known);
      this.#joined(known);
    } else {
      const order = known?.order ?? this.#order++;
      this.drop(id);
      this.#add({ id, due, priority, order, notice, line: this.#line(lane, destination), at: NOWHERE });
    }
    this.#tell(lane, earliest);
  }

  /** It waits no more: claimed, held or gone. */
  drop(id: string): void {
    const node = this.#nodes.get(id);
    if (node === undefined) return;
    this.#nodes.delete(id);
    const { line } = node;
    // A line in a heap always has a first message: that is what it is compared by.
    if (line.nodes.size === 1) this.#move(line, undefined);
    line.nodes.remove(node);
    this.#place(line);
  }

  /** Takes out the first that is due and may go, of one lane or of all. */
  take(now: number, lane?: string): string | undefined {
    for (const each of this.#select(lane)) {
      for (let line = each.blocked.first; line !== undefined && line.look <= now; line = each.blocked.first) {
        this.#lookThrough(line, now);
      }
    }
    const node = this.#first(lane);
    if (node === undefined || node.due > now) return undefined;
    this.drop(node.id);
    return node.id;
  }

  /** Makes an id due then, or sooner if it is. False: it does not wait. */
  hurry(id: string, since: number): boolean {
    const node = this.#nodes.get(id);
    if (node === undefined) return false;
    const { priority, notice, line } = node;
    if (node.due > since)
      this.put(id, since, priority, { destination: line.destination, lane: line.lane.name, notice });
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
      next = Math.min(next, going.first?.nodes.first?.due ?? Infinity, blocked.first?.look ?? Infinity);
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

  #select(name: string | undefined): Iterable<Lane> {
    if (name === undefined) return this.#lanes.values();
    const lane = this.#lanes.get(name);
    return lane === undefined ? [] : [lane];
  }

  #first(lane: string | undefined): Node | undefined {
    let first: Node | undefined;
    for (const { going } of this.#select(lane)) {
      const node = going.first?.nodes.first;
      if (node !== undefined && (first === undefined || isBefore(node, first))) first = node;
    }
    return first;
  }

  /** Those whose notice is due leave a line whose destination is blocked. */
  #lookThrough(line: Line, now: number): void {
    let later = Infinity;
    const ready: Node[] = [];
    for (const node of line.nodes) {
      const at = readyAt(node);
      if (at <= now) ready.push(node);
      else later = Math.min(later, at);
    }
    line.look = Math.max(later, now + this.#lookAgain);
    this.#place(line);
    for (const node of ready) {
      this.drop(node.id);
      this.#add({ ...node, line: this.#line(line.lane.name, NOTICES), at: NOWHERE });
    }
  }

  #add(node: Node): void {
    this.#nodes.set(node.id, node);
    node.line.nodes.add(node);
    this.#joined(node);
  }

  #joined(node: Node): void {
    node.line.look = Math.min(node.line.look, readyAt(node));
    this.#place(node.line);
  }

  #line(name: string, destination: string): Line {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      const going = new Heap<Line>((a, b) => isBefore(a.nodes.first!, b.nodes.first!));
      lane = { name, going, blocked: new Heap((a, b) => a.look < b.look), lines: new Map() };
      this.#lanes.set(name, lane);
    }
    let line = lane.lines.get(destination);
    if (line === undefined) {
      line = { destination, lane, nodes: new Heap(isBefore), look: Infinity, heap: undefined, at: NOWHERE };
      lane.lines.set(destination, line);
    }
    return line;
  }

  /** Puts a line where it belongs now; one that is empty is forgotten, and its lane with the last. */
  #place(line: Line): void {
    const { going, blocked, lines, name } = line.lane;
    if (line.nodes.first !== undefined) {
      this.#move(line, this.#blocked.has(line.destination) ? blocked : going);
      return;
    }
    this.#move(line, undefined);
    lines.delete(line.destination);
    if (lines.size === 0) this.#lanes.delete(name);
  }

  #move(line: Line, heap: Heap<Line> | undefined): void {
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
