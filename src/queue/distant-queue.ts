/**
 * The queue as a thread sees it that only receives: it makes ids of its own and writes large bodies to files itself; what is
 * complete it hands over, and the thread that owns the queue accepts it (docs/decisions/0032-session-threads.md).
 */
import type { Clock } from "../sys/clock.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { DraftPlace } from "./draft.ts";
import { systemFiles } from "./file-operations.ts";
import { type BodyFiles, QueueUnavailableError } from "./queue.ts";
import { type LentIds, QueueIds } from "./queue-id.ts";
import { findPlaces, type GroupPath } from "./spool-places.ts";
import { SpooledBodies, SpoolStore } from "./spool-store.ts";

/** All that it has to know: plain data. */
export interface LentQueue {
  readonly directory: string;
  readonly groups: readonly GroupPath[];
  readonly fileMode?: number | undefined;
  readonly inlineLimit: number;
  readonly ids: LentIds;
}

export class DistantQueue implements DraftPlace {
  readonly bodies: BodyFiles;
  readonly #spool: SpoolStore;
  readonly #ids: QueueIds;
  readonly #ask: () => Promise<string>;
  /** The owner did not take the last message: it is asked whether it takes one before a client says all of it in vain. */
  #isDoubtful = false;

  /** @param ask for an id of the owner's own, who says there whether a message can be taken */
  constructor(lent: LentQueue, spool: SpoolStore, clock: Clock, ask: () => Promise<string>) {
    this.#spool = spool;
    this.#ask = ask;
    const { processNumber, after } = lent.ids;
    this.#ids = new QueueIds(clock, undefined, processNumber, after);
    this.bodies = new SpooledBodies(spool, lent.inlineLimit, (work) => void work.catch(() => undefined));
  }

  static async open(lent: LentQueue, clock: Clock, ask: () => Promise<string>): Promise<DistantQueue> {
    const { places } = await findPlaces(systemFiles, lent.directory, lent.groups, true);
    return new DistantQueue(lent, new SpoolStore(systemFiles, places, lent.fileMode), clock, ask);
  }

  newId(): MaybePromise<string> {
    return this.#isDoubtful ? this.#askFirst() : this.#ids.next();
  }

  /** How the owner has answered for a message. @param error absent: it is durable */
  answered(id: string, error?: unknown): void {
    this.#isDoubtful = error instanceof QueueUnavailableError;
    if (error === undefined) this.#spool.forget(id);
  }

  async #askFirst(): Promise<string> {
    const id = await this.#ask();
    this.#isDoubtful = false;
    return id;
  }
}
