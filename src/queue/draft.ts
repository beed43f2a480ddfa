/**
 * A message being received: small ones wait in memory for their one record in the journal, larger ones flow into a
 * df file as they come. Which of the two it is, nobody outside sees.
 */
import type { Envelope } from "../envelope/envelope.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import { reasonOf } from "./file-operations.ts";
import { type CommitOptions, type Draft, type QueueEntry, QueueUnavailableError } from "./queue.ts";
import type { SpoolStore, SpoolWriter } from "./spool-store.ts";

/** What a draft needs of its store. */
export interface DraftHome {
  readonly spool: SpoolStore;
  /** Bodies up to this size go into the journal. */
  readonly inlineLimit: number;
  commitToJournal(envelope: Envelope, options: CommitOptions | undefined, body: readonly Buffer[]): Promise<QueueEntry>;
  /** The body file is already there, durable. */
  commitToSpool(envelope: Envelope, options: CommitOptions | undefined): Promise<QueueEntry>;
  /** Lets something finish in the background; the store waits for it when it closes. */
  background(work: Promise<unknown>): void;
}

export function unavailable(error: unknown): QueueUnavailableError {
  if (error instanceof QueueUnavailableError) return error;
  return new QueueUnavailableError(`Cannot write to the queue: ${reasonOf(error)}`, { cause: error });
}

export class PendingDraft implements Draft {
  readonly id: string;
  size = 0;
  readonly #home: DraftHome;
  #chunks: Buffer[] = [];
  #state: "open" | "committing" | "done" = "open";
  /** Set once the body goes to a df file; each write follows the one before. */
  #spilling: Promise<SpoolWriter> | undefined;

  constructor(id: string, home: DraftHome) {
    this.id = id;
    this.#home = home;
  }

  write(chunk: Buffer): MaybePromise<void> {
    if (this.#state !== "open") throw new QueueUnavailableError(`Message ${this.id} is no longer open`);
    this.size += chunk.length;
    this.#chunks.push(chunk);
    if (this.#spilling || this.size > this.#home.inlineLimit) return this.#spill();
  }

  commit(envelope: Envelope, options?: CommitOptions): Promise<QueueEntry> {
    if (this.#state !== "open") {
      return Promise.reject(new QueueUnavailableError(`Message ${this.id} is no longer open`));
    }
    if (envelope.id !== this.id) return Promise.reject(new Error(`Envelope ${envelope.id} is not of ${this.id}`));
    this.#state = "committing";
    const exact = envelope.bodySize === this.size ? envelope : { ...envelope, bodySize: this.size };
    if (!this.#spilling && options?.hold === undefined) {
      this.#state = "done";
      const chunks = this.#chunks;
      this.#chunks = [];
      return this.#home.commitToJournal(exact, options, chunks);
    }
    return this.#commitFiles(exact, options);
  }

  discard(): void {
    if (this.#state !== "open") return;
    this.#state = "done";
    this.#chunks = [];
    if (this.#spilling) this.#home.background(this.#removeFiles());
  }

  async #spill(): Promise<void> {
    const chunks = this.#chunks;
    this.#chunks = [];
    const before = this.#spilling ?? this.#home.spool.begin(this.id);
    this.#spilling = before.then(async (writer) => {
      await writer.write(chunks);
      return writer;
    });
    try {
      await this.#spilling;
    } catch (error) {
      this.#state = "done";
      this.#home.background(this.#removeFiles());
      throw unavailable(error);
    }
  }

  async #commitFiles(envelope: Envelope, options: CommitOptions | undefined): Promise<QueueEntry> {
    try {
      if (!this.#spilling || this.#chunks.length > 0) await this.#spill();
      const writer = await this.#spilling!;
      await writer.finish();
      return await this.#home.commitToSpool(envelope, options);
    } catch (error) {
      await this.#removeFiles();
      throw unavailable(error);
    } finally {
      this.#state = "done";
    }
  }

  async #removeFiles(): Promise<void> {
    const writer = await this.#spilling?.catch(() => undefined);
    await writer?.close();
    // What cannot be removed now is found at the next start, without a control file.
    await this.#home.spool.remove(this.id).catch(() => undefined);
  }
}
