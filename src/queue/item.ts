/** One message as the store on disk keeps it in memory, and what all parts of that store share. */
import type { QueueEntry } from "./queue.ts";
import type { Segment } from "./segment.ts";

/** Where the body of a message in the journal lies. */
export interface JournalPlace {
  readonly segment: Segment;
  /** Where the record begins, and the body in it. */
  readonly at: number;
  readonly bodyAt: number;
  readonly bodyLength: number;
}

export interface Item {
  entry: QueueEntry;
  /** The entry is without its header, which is on disk (item-header.ts). */
  slim: boolean;
  /** Undefined: it lies in the spool. */
  journal: JournalPlace | undefined;
  /** The body, kept from its arrival for the first attempt, and the octets that this keeps in memory. */
  fresh: readonly Buffer[] | undefined;
  freshOctets: number;
  /** Number of the claim, 0 while nobody has it. */
  lease: number;
  /** Changes that must be durable before the next claim and are not yet. */
  unsafe: number;
  /** On its way to the spool. */
  moving: Promise<void> | undefined;
  /** Its control file is being rewritten; `dirty`: and must be once more. */
  writing: Promise<void> | undefined;
  dirty: boolean;
  /** Finished or removed. */
  gone: boolean;
}

export function newItem(entry: QueueEntry, journal: JournalPlace | undefined): Item {
  return {
    entry,
    slim: false,
    journal,
    fresh: undefined,
    freshOctets: 0,
    lease: 0,
    unsafe: 0,
    moving: undefined,
    writing: undefined,
    dirty: false,
    gone: false,
  };
}

/** Bodies of fresh messages, kept for their first attempt as long as all together are not too much. */
export class FreshBodies {
  readonly #limit: number;
  #octets = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param octets what keeping it costs */
  keep(item: Item, body: readonly Buffer[], octets: number): void {
    if (this.#octets + octets > this.#limit) return;
    item.fresh = body;
    item.freshOctets = octets;
    this.#octets += octets;
  }

  drop(item: Item): void {
    this.#octets -= item.freshOctets;
    item.freshOctets = 0;
    item.fresh = undefined;
  }
}

/** Work that nobody waits for until the store closes. */
export class Background {
  readonly #running = new Set<Promise<unknown>>();

  /** Failures are the business of whoever starts the work; here they end silently. */
  run(work: Promise<unknown>): void {
    const settled = work
      .catch(() => undefined)
      .finally(() => {
        this.#running.delete(settled);
      });
    this.#running.add(settled);
  }

  /** Resolves when nothing is running any more. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
