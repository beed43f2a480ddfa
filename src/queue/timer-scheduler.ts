/**
 * The scheduler of one process: a heap of ids by time, one timer for the earliest. It forgets an id when it has
 * given it out; whoever got it says `update` (again, later) or nothing (finished).
 */
import type { Clock } from "../sys/clock.ts";
import type { QueueEntry, QueueFilter } from "./queue.ts";
import type { Scheduler } from "./scheduler.ts";

interface Node {
  readonly id: string;
  due: number;
  priority: number;
  /** Breaks ties: first in, first out. */
  order: number;
  /** Its place in the heap. */
  at: number;
}

function isBefore(a: Node, b: Node): boolean {
  if (a.due !== b.due) return a.due < b.due;
  return a.priority === b.priority ? a.order < b.order : a.priority < b.priority;
}

/** A binary heap whose members know their places, so that one can be moved or removed in the middle. */
class Heap {
  readonly #nodes: Node[] = [];

  get first(): Node | undefined {
    return this.#nodes[0];
  }

  add(node: Node): void {
    node.at = this.#nodes.length;
    this.#nodes.push(node);
    this.#up(node);
  }

  /** After the node's key has changed. */
  moved(node: Node): void {
    this.#up(node);
    this.#down(node);
  }

  remove(node: Node): void {
    const last = this.#nodes.pop()!;
    if (last === node) return;
    last.at = node.at;
    this.#nodes[last.at] = last;
    this.moved(last);
  }

  #swap(a: Node, b: Node): void {
    const place = a.at;
    a.at = b.at;
    b.at = place;
    this.#nodes[a.at] = a;
    this.#nodes[b.at] = b;
  }

  #up(node: Node): void {
    while (node.at > 0) {
      const parent = this.#nodes[(node.at - 1) >> 1];
      if (!isBefore(node, parent)) return;
      this.#swap(node, parent);
    }
  }

  #down(node: Node): void {
    for (;;) {
      const left = this.#nodes[2 * node.at + 1];
      const right = this.#nodes[2 * node.at + 2];
      if (left === undefined) return;
      const child = right !== undefined && isBefore(right, left) ? right : left;
      if (!isBefore(child, node)) return;
      this.#swap(child, node);
    }
  }
}

export class TimerScheduler implements Scheduler {
  readonly #clock: Clock;
  readonly #select: (filter: QueueFilter) => Iterable<QueueEntry>;
  readonly #heap = new Heap();
  readonly #nodes = new Map<string, Node>();
  #order = 0;
  /** Somebody waits for the next id. */
  #waiting: ((result: IteratorResult<string, undefined>) => void) | undefined;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;
  #closed = false;

  /** @param select the entries that match a filter: `(filter) => store.list(filter)` */
  constructor(clock: Clock, select: (filter: QueueFilter) => Iterable<QueueEntry>) {
    this.#clock = clock;
    this.#select = select;
  }

  add(entry: QueueEntry): void {
    if (entry.hold !== undefined || this.#closed) return;
    const known = this.#nodes.get(entry.id);
    if (known) {
      known.due = entry.nextTry;
      known.priority = entry.priority;
      this.#heap.moved(known);
    } else {
      const { id, nextTry: due, priority } = entry;
      const node: Node = { id, due, priority, order: this.#order++, at: 0 };
      this.#nodes.set(id, node);
      this.#heap.add(node);
    }
    this.#wake();
  }

  update(entry: QueueEntry): void {
    this.add(entry);
  }

  forget(id: string): void {
    const node = this.#nodes.get(id);
    if (!node) return;
    this.#nodes.delete(id);
    this.#heap.remove(node);
  }

  now(filter: QueueFilter = {}): number {
    const now = this.#clock.now();
    let count = 0;
    for (const { id } of this.#select(filter)) {
      const node = this.#nodes.get(id);
      // Not here: it is being worked on, or held.
      if (!node) continue;
      count++;
      if (node.due <= now) continue;
      node.due = now;
      this.#heap.moved(node);
    }
    this.#wake();
    return count;
  }

  due(): AsyncIterable<string> {
    return { [Symbol.asyncIterator]: () => ({ next: () => this.#next(), return: () => this.#return() }) };
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  #next(): Promise<IteratorResult<string, undefined>> {
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    const id = this.#take();
    if (id !== undefined) return Promise.resolve({ done: false, value: id });
    return new Promise((resolve) => {
      if (this.#waiting) throw new Error("Only one reader may wait for due messages");
      this.#waiting = resolve;
      this.#setTimer();
    });
  }

  #return(): Promise<IteratorResult<string, undefined>> {
    this.#timer?.cancel();
    this.#timer = undefined;
    return Promise.resolve({ done: true, value: undefined });
  }

  #take(): string | undefined {
    const node = this.#heap.first;
    if (!node || node.due > this.#clock.now()) return undefined;
    this.forget(node.id);
    return node.id;
  }

  /** Gives the first id to whoever waits, if it is due; else waits for it. */
  #wake(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    const id = this.#take();
    if (id === undefined) {
      this.#setTimer();
      return;
    }
    this.#waiting = undefined;
    this.#timer?.cancel();
    this.#timer = undefined;
    waiting({ done: false, value: id });
  }

  #setTimer(): void {
    const node = this.#heap.first;
    if (!node || this.#timer?.at === node.due) return;
    this.#timer?.cancel();
    const cancel = this.#clock.after(node.due - this.#clock.now(), () => {
      this.#timer = undefined;
      this.#wake();
    });
    this.#timer = { at: node.due, cancel };
  }
}
