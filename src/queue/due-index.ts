/**
 * When which message is due, for stores that keep that in memory: by time, then priority, then the order in which they
 * came. Messages for one destination form a line, so that a destination that takes nothing more now can be left out as a
 * whole, however many wait for it. Some 100 octets a message, and as much again for each destination; what else is known
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

/** All that wait for one destination. In the heap of lines while one waits and the destination is not blocked. */
interface Line extends Placed {
  readonly destination: string;
  readonly nodes: Heap<Node>;
  blocked: boolean;
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
  /** Lines by their first message. */
  readonly #heap = new Heap<Line>((a, b) => isBefore(a.nodes.first!, b.nodes.first!));
  readonly #lines = new Map<string, Line>();
  readonly #nodes = new Map<string, Node>();
  readonly #watchers = new Set<() => void>();
  #order = 0;

  /** A message that waits, or waits until another time from now on. */
  put(id: string, due: number, priority: number, destination: string): void {
    const earliest = this.next;
    const known = this.#nodes.get(id);
    if (known?.line.destination === destination) {
      known.due = due;
      known.priority = priority;
      known.line.nodes.moved(known);
      this.#place(known.line);
    } else {
      const order = known?.order ?? this.#order++;
      this.drop(id);
      const line = this.#line(destination);
      const node: Node = { id, due, priority, order, line, at: NOWHERE };
      this.#nodes.set(id, node);
      line.nodes.add(node);
      this.#place(line);
    }
    this.#tell(earliest);
  }

  /** It waits no more: claimed, held or gone. */
  drop(id: string): void {
    const node = this.#nodes.get(id);
    if (node === undefined) return;
    this.#nodes.delete(id);
    const { line } = node;
    // A line in the heap always has a first message: that is what it is compared by.
    if (line.nodes.size === 1 && line.at !== NOWHERE) this.#heap.remove(line);
    line.nodes.remove(node);
    this.#place(line);
  }

  /** Takes out the first that is due and may go. */
  take(now: number): string | undefined {
    const node = this.#heap.first?.nodes.first;
    if (node === undefined || node.due > now) return undefined;
    this.drop(node.id);
    return node.id;
  }

  /** Makes an id due now. False: it does not wait. */
  hurry(id: string, now: number): boolean {
    const node = this.#nodes.get(id);
    if (node === undefined) return false;
    if (node.due > now) this.put(id, now, node.priority, node.line.destination);
    return true;
  }

  /** Nothing for this destination is taken or counted as due, until that is taken back. */
  block(destination: string, blocked: boolean): void {
    const earliest = this.next;
    const line = this.#line(destination);
    line.blocked = blocked;
    this.#place(line);
    this.#tell(earliest);
  }

  /** When the first is due that may go, ms since the epoch; undefined when none waits. */
  get next(): number | undefined {
    return this.#heap.first?.nodes.first?.due;
  }

  /** Tells whenever something is due sooner than what was first before. */
  watch(sooner: () => void): () => void {
    this.#watchers.add(sooner);
    return () => void this.#watchers.delete(sooner);
  }

  #line(destination: string): Line {
    let line = this.#lines.get(destination);
    if (line === undefined) {
      line = { destination, nodes: new Heap(isBefore), blocked: false, at: NOWHERE };
      this.#lines.set(destination, line);
    }
    return line;
  }

  /** Puts a line where it belongs now; one that is of no use any more is forgotten. */
  #place(line: Line): void {
    const goes = !line.blocked && line.nodes.first !== undefined;
    if (goes) {
      if (line.at === NOWHERE) this.#heap.add(line);
      else this.#heap.moved(line);
      return;
    }
    if (line.at !== NOWHERE) this.#heap.remove(line);
    if (!line.blocked && line.nodes.first === undefined) this.#lines.delete(line.destination);
  }

  #tell(earliest: number | undefined): void {
    const { next } = this;
    if (next === undefined || (earliest !== undefined && next >= earliest)) return;
    for (const each of this.#watchers) each();
  }
}
