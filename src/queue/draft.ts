/**
 * A message being received: what is small waits in memory and is handed over as octets, what is larger flows into a body
 * file as it comes. Which of the two it is, nobody outside sees. Nothing of it survives a crash before `commit` (or `hand`) resolves.
 */
import type { Envelope } from "../envelope/envelope.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import { whenReady } from "../sys/maybe-promise.ts";
import { reasonOf } from "./file-operations.ts";
import {
  type AcceptOptions,
  type Body,
  type BodyFile,
  type QueueEntrance,
  type QueueEntry,
  QueueUnavailableError,
} from "./queue.ts";

export function unavailable(error: unknown): QueueUnavailableError {
  if (error instanceof QueueUnavailableError) return error;
  return new QueueUnavailableError(`Cannot write to the queue: ${reasonOf(error)}`, { cause: error });
}

/** What a message needs while it comes in; the queue that takes it in the end may be elsewhere. */
export type DraftPlace = Pick<QueueEntrance, "bodies" | "newId">;

/** @throws QueueUnavailableError when the queue cannot take a message now */
export function openDraft(queue: QueueEntrance): MaybePromise<QueueDraft> {
  return whenReady(queue.newId(), (id) => new QueueDraft(id, queue));
}

/**
 * @param reserved a queue id that was asked for before
 * @throws QueueUnavailableError when the queue cannot take a message now
 */
export function openDraftAt(place: DraftPlace, reserved?: string): MaybePromise<Draft> {
  // Asked for all the same: a queue that takes nothing now says so here.
  return whenReady(place.newId(), (id) => new Draft(reserved ?? id, place));
}

export class Draft {
  /** Queue id, already unique. */
  readonly id: string;
  /** Octets written so far. */
  size = 0;
  readonly #place: DraftPlace;
  #chunks: Buffer[] = [];
  #state: "open" | "committing" | "done" = "open";
  /** Set once the body goes to a file. */
  #file: Promise<BodyFile> | undefined;
  /** Each write follows the one before. */
  #written: Promise<void> = Promise.resolve();

  constructor(id: string, place: DraftPlace) {
    this.id = id;
    this.#place = place;
  }

  /**
   * Appends octets of the body (CRLF lines, no dot stuffing, without the header). Keeps the buffer: the caller must
   * not change it. A promise means: wait before writing more.
   * @throws QueueUnavailableError
   */
  write(chunk: Buffer): MaybePromise<void> {
    if (this.#state !== "open") throw new QueueUnavailableError(`Message ${this.id} is no longer open`);
    this.size += chunk.length;
    this.#chunks.push(chunk);
    if (this.#file || this.size > this.#place.bodies.inlineLimit) return this.#spill();
  }

  /** The body so far: for filters, which look at a message before it is accepted. */
  contents(): Iterable<Buffer> | AsyncIterable<Buffer> {
    return this.#file === undefined ? this.#chunks : this.#fileContents(this.#file);
  }

  async *#fileContents(file: Promise<BodyFile>): AsyncGenerator<Buffer> {
    await this.#written;
    yield* (await file).read();
    yield* this.#chunks;
  }

  /**
   * Forgets the body: another one is written in its place.
   * @throws QueueUnavailableError
   */
  async restart(): Promise<void> {
    this.#chunks = [];
    this.size = 0;
    if (this.#file === undefined) return;
    try {
      await this.#written;
      await (await this.#file).restart();
    } catch (error) {
      this.discard();
      throw unavailable(error);
    }
  }

  /**
   * Gives it away. `envelope.id` must be the draft's id. Rejects with QueueUnavailableError; then nothing is kept.
   * @param give resolves after envelope and body are on stable storage, never before; when it rejects nothing of them is kept
   */
  hand<T>(envelope: Envelope, give: (envelope: Envelope, body: Body) => Promise<T>): Promise<T> {
    if (this.#state !== "open") {
      return Promise.reject(new QueueUnavailableError(`Message ${this.id} is no longer open`));
    }
    if (envelope.id !== this.id) return Promise.reject(new Error(`Envelope ${envelope.id} is not of ${this.id}`));
    this.#state = "committing";
    const exact = envelope.bodySize === this.size ? envelope : { ...envelope, bodySize: this.size };
    if (this.#file) return this.#handFile(exact, give);
    this.#state = "done";
    const chunks = this.#chunks;
    this.#chunks = [];
    return give(exact, { kind: "octets", chunks });
  }

  /** Drops everything. Harmless after commit or twice. */
  discard(): void {
    if (this.#state !== "open") return;
    this.#state = "done";
    this.#chunks = [];
    this.#dropFile();
  }

  async #spill(): Promise<void> {
    const chunks = this.#chunks;
    this.#chunks = [];
    const file = (this.#file ??= this.#place.bodies.begin(this.id));
    this.#written = this.#written.then(async () => (await file).write(chunks));
    try {
      await this.#written;
    } catch (error) {
      this.#state = "done";
      this.#dropFile();
      throw unavailable(error);
    }
  }

  async #handFile<T>(envelope: Envelope, give: (envelope: Envelope, body: Body) => Promise<T>): Promise<T> {
    try {
      if (this.#chunks.length > 0) await this.#spill();
      const file = await this.#file!;
      await this.#written;
      await file.finish();
      return await give(envelope, { kind: "file" });
    } catch (error) {
      this.#dropFile();
      throw unavailable(error);
    } finally {
      this.#state = "done";
    }
  }

  #dropFile(): void {
    void this.#file?.then(
      (file) => file.drop(),
      () => undefined,
    );
  }
}

/** A draft of the queue that takes it. */
export class QueueDraft extends Draft {
  readonly #queue: QueueEntrance;

  constructor(id: string, queue: QueueEntrance) {
    super(id, queue);
    this.#queue = queue;
  }

  /** Makes envelope and body durable, as `hand` does it. */
  commit(envelope: Envelope, options?: AcceptOptions): Promise<QueueEntry> {
    return this.hand(envelope, (exact, body) => this.#queue.accept(exact, body, options));
  }
}
