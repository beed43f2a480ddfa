/**
 * When which message is due, for stores that keep that in memory: by time, then priority, then the order in which they
 * came. Messages of one lane (lane.ts) for one destination form a line, so that a destination that takes nothing more now can be
 * left out as a whole, however many wait for it; lanes are few, and looked at one by one. Some 100 octets a message, and as much again for each destination; what else is known
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
}

/** All of a lane that wait for one destination. In the heap of the lane while one waits and the destination is not blocked. */
interface Line extends Placed {
  readonly destination: string;
  readonly lane: Lane;
  readonly nodes: Heap<Node>;
}

interface Lane {
  readonly name: string;
  /** Lines by their first message. */
  readonly heap: Heap<Line>;
  readonly lines: Map<string, Line>;
}

/** Not in a heap. */
const NOWHERE = -1;

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

export class DueIndex {
  readonly #lanes = new Map<string, Lane>();
  readonly #nodes = new Map<string, Node>();
  readonly #blocked = new Set<string>();
  readonly #watchers = new Set<() => void>();
  #order = 0;

  /** A message that waits, or waits until another time from now on. */
  put(id: string, due: number, priority: number, destination: string, lane = ""): void {
    const earliest = this.next(lane);
    const known = this.#nodes.get(id);
    if (known?.line.destination === destination && known.line.lane.name === lane) {
      known.due = due;
      known.priority = priority;
      known.line.nodes.moved(known);
      this.#place(known.line);
    } else {
      const order = known?.order ?? this.#order++;
      this.drop(id);
      const line = this.#line(lane, destination);
      const node: Node = { id, due, priority, order, line, at: NOWHERE };
      this.#nodes.set(id, node);
      line.nodes.add(node);
      this.#place(line);
    }
    this.#tell(lane, earliest);
  }

  /** It waits no more: claimed, held or gone. */
  drop(id: string): void {
    const node = this.#nodes.get(id);
    if (node === undefined) return;
    this.#nodes.delete(id);
    const { line } = node;
    // A line in the heap always has a first message: that is what it is compared by.
    if (line.nodes.size === 1 && line.at !== NOWHERE) line.lane.heap.remove(line);
    line.nodes.remove(node);
    this.#place(line);
  }

  /** Takes out the first that is due and may go, of one lane or of all. */
  take(now: number, lane?: string): string | undefined {
    const node = this.#first(lane);
    if (node === undefined || node.due > now) return undefined;
    this.drop(node.id);
    return node.id;
  }

  /** Makes an id due now. False: it does not wait. */
  hurry(id: string, now: number): boolean {
    const node = this.#nodes.get(id);
    if (node === undefined) return false;
    const { destination, lane } = node.line;
    if (node.due > now) this.put(id, now, node.priority, destination, lane.name);
    return true;
  }

  /** Nothing for this destination is taken or counted as due, until that is taken back. */
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

  /** When the first is due that may go, of one lane or of all, ms since the epoch; undefined when none waits. */
  next(lane?: string): number | undefined {
    return this.#first(lane)?.due;
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

  #first(name: string | undefined): Node | undefined {
    if (name !== undefined) return this.#lanes.get(name)?.heap.first?.nodes.first;
    let first: Node | undefined;
    for (const { heap } of this.#lanes.values()) {
      const node = heap.first?.nodes.first;
      if (node !== undefined && (first === undefined || isBefore(node, first))) first = node;
    }
    return first;
  }

  #line(name: string, destination: string): Line {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = { name, heap: new Heap((a, b) => isBefore(a.nodes.first!, b.nodes.first!)), lines: new Map() };
      this.#lanes.set(name, lane);
    }
    let line = lane.lines.get(destination);
    if (line === undefined) {
      line = { destination, lane, nodes: new Heap(isBefore), at: NOWHERE };
      lane.lines.set(destination, line);
    }
    return line;
  }

  /** Puts a line where it belongs now; one that is empty is forgotten, and its lane with the last. */
  #place(line: Line): void {
    const { heap, lines, name } = line.lane;
    const isEmpty = line.nodes.first === undefined;
    if (!isEmpty && !this.#blocked.has(line.destination)) {
      if (line.at === NOWHERE) heap.add(line);
      else heap.moved(line);
      return;
    }
    if (line.at !== NOWHERE) heap.remove(line);
    if (isEmpty) lines.delete(line.destination);
    if (lines.size === 0) this.#lanes.delete(name);
  }

  #tell(lane: string, earliest: number | undefined): void {
    const next = this.next(lane);
    if (next === undefined || (earliest !== undefined && next >= earliest)) return;
    for (const each of this.#watchers) each();
  }
}
