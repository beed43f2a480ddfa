/**
 * What came of an attempt so far. Who has the message, and of whom nobody has to hear, is written down while others are still
 * being served: a crash in the middle of a large list repeats little. All others are settled together, at the end.
 */
import type { Recipient, RecipientChange } from "../envelope/recipient.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import type { Clock } from "../sys/clock.ts";

/** Recipients that are written down in one record, and how long one waits for others, ms. */
const ENOUGH = 200;
const LONG = 2_000;
/** Of very large lists the part that is served at once: each record costs a look at all recipients. */
const PART = 1 / 50;

export class Outcomes {
  /** What is not written yet, by index. */
  readonly open = new Map<number, RecipientStatus>();
  readonly #clock: Clock;
  readonly #isTold: boolean;
  readonly #write: (changes: readonly RecipientChange[]) => Promise<void>;
  /** Those of `open` that can be written. */
  #done: { readonly index: number; readonly isNamed: boolean }[] = [];
  #noted = 0;
  #cancel: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();
  #fault: { readonly error: unknown } | undefined;

  /** @param isTold somebody may have to hear of those who have the message, too */
  constructor(clock: Clock, isTold: boolean, write: (changes: readonly RecipientChange[]) => Promise<void>) {
    this.#clock = clock;
    this.#isTold = isTold;
    this.#write = write;
  }

  note(index: number, { notify, parent }: Recipient, status: RecipientStatus): void {
    this.open.set(index, status);
    this.#noted++;
    if (status.action === "failed" || status.action === "delayed") return;
    if (this.#isTold || notify?.includes("SUCCESS") === true) return;
    this.#done.push({ index, isNamed: parent === undefined });
    if (this.#done.length >= Math.max(ENOUGH, this.#noted * PART)) this.#flush();
    else this.#cancel ??= this.#clock.after(LONG, () => this.#flush());
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
      .then(() => this.#write(changes))
      .catch((error: unknown) => void (this.#fault ??= { error }));
  }
}
