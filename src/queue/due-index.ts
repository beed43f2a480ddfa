/**
 * When which message is due, for stores that keep that in memory: a heap of ids by time, then priority, then the order in
 * which they came. Some 100 octets a message; what else is known about it is elsewhere.
 */

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

export class DueIndex {
  readonly #heap = new Heap();
  readonly #nodes = new Map<string, Node>();
  readonly #watchers = new Set<() => void>();
  #order = 0;

  /** A message that waits, or waits until another time from now on. */
  put(id: string, due: number, priority: number): void {
    const earliest = this.next;
    const known = this.#nodes.get(id);
    if (known !== undefined) {
      known.due = due;
      known.priority = priority;
      this.#heap.moved(known);
    } else {
      const node: Node = { id, due, priority, order: this.#order++, at: 0 };
      this.#nodes.set(id, node);
      this.#heap.add(node);
    }
    if (earliest === undefined || due < earliest) this.#sooner();
  }

  /** It waits no more: claimed, held or gone. */
  drop(id: string): void {
    const node = this.#nodes.get(id);
    if (node === undefined) return;
    this.#nodes.delete(id);
    this.#heap.remove(node);
  }

  /** Takes out the first that is due. */
  take(now: number): string | undefined {
    const node = this.#heap.first;
    if (node === undefined || node.due > now) return undefined;
    this.drop(node.id);
    return node.id;
  }

  /** Makes an id due now. False: it does not wait. */
  hurry(id: string, now: number): boolean {
    const node = this.#nodes.get(id);
    if (node === undefined) return false;
    if (node.due > now) this.put(id, now, node.priority);
    return true;
  }

  /** When the first is due, ms since the epoch; undefined when none waits. */
  get next(): number | undefined {
    return this.#heap.first?.due;
  }

  /** Tells whenever something is due sooner than what was first before. */
  watch(sooner: () => void): () => void {
    this.#watchers.add(sooner);
    return () => void this.#watchers.delete(sooner);
  }

  #sooner(): void {
    for (const each of this.#watchers) each();
  }
}
