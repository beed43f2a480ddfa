/**
 * What came of an attempt so far. Who has the message, and of whom nobody has to hear, is written down while others are still
 * being served: a crash in the middle of a large list repeats little (CheckpointInterval). All others are settled together, at
 * the end.
 */
import type { Recipient, RecipientChange } from "../envelope/recipient.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import type { Clock } from "../sys/clock.ts";

/** How long one who has the message waits for others, while somebody else is still being served, ms. */
const LONG = 2_000;

export interface OutcomesParts {
  readonly clock: Clock;
  /** CheckpointInterval: so many who have the message are written down at once; none are before the end when it is 0 or less. */
  readonly interval: number;
  /** Somebody may have to hear of those who have the message, too. */
  readonly isTold: boolean;
  readonly write: (changes: readonly RecipientChange[]) => Promise<void>;
}

export class Outcomes {
  /** What is not written yet, by index. */
  readonly open = new Map<number, RecipientStatus>();
  readonly #parts: OutcomesParts;
  /** Those of `open` that can be written. */
  #done: { readonly index: number; readonly isNamed: boolean }[] = [];
  #cancel: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();
  #fault: { readonly error: unknown } | undefined;

  constructor(parts: OutcomesParts) {
    this.#parts = parts;
  }

  note(index: number, { notify, parent }: Recipient, status: RecipientStatus): void {
    this.open.set(index, status);
    if (status.action === "failed" || status.action === "delayed") return;
    if (this.#parts.isTold || notify?.includes("SUCCESS") === true) return;
    this.#done.push({ index, isNamed: parent === undefined });
  }

  /** Call when a transaction is over: what it has brought is one record, not several. */
  checkpoint(): void {
    const { interval, clock } = this.#parts;
    if (interval <= 0 || this.#done.length === 0) return;
    if (this.#done.length >= interval) this.#flush();
    else this.#cancel ??= clock.after(LONG, () => this.#flush());
  }

  /** Call when no more outcomes come: waits for what is being written. @throws what a write has failed with */
  async idle(): Promise<void> {
    this.#cancel?.();
    await this.#writing;
    if (this.#fault !== undefined) throw this.#fault.error;
  }

  /** Writes at least down who has the message, after an accident. */
  async keep(): Promise<void> {
    this.#flush();
    await this.idle().catch(() => undefined);
  }

  #flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#done.length === 0 || this.#fault !== undefined) return;
    const changes = this.#done.map(({ index, isNamed }): RecipientChange => {
      const status = this.open.get(index);
      this.open.delete(index);
      // Of members of lists nobody asks later how they were served.
      return isNamed ? { index, state: "delivered", status } : { index, state: "delivered" };
    });
    this.#done = [];
    this.#writing = this.#writing
      .then(() => this.#parts.write(changes))
      .catch((error: unknown) => void (this.#fault ??= { error }));
  }
}
