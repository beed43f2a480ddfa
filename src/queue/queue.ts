/**
 * The queue as the rest of the server sees it: what is still to be done, kept on stable storage (decision D5).
 *
 * Life of a message: draft → commit (durable) → claim → record (the attempt) → settle → ... → gone.
 * Only dispatch/ calls this; delivery agents never see it.
 */
import type { Envelope } from "../envelope/envelope.ts";
import type { MessageReader } from "../envelope/message.ts";
import type { Recipient, RecipientChange } from "../envelope/recipient.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";

/** The queue cannot take (more of) a message now: disk full, read-only, failing. Answer 452 4.3.1 and keep nothing. */
export class QueueUnavailableError extends Error {
  override readonly name = "QueueUnavailableError";
}

/** A message on its way into the queue. Nothing of it survives a crash before `commit` has resolved. */
export interface Draft {
  /** Queue id, already unique; the Received: field and the log use it. */
  readonly id: string;
  /** Octets written so far. */
  readonly size: number;
  /**
   * Appends octets of the body (CRLF lines, no dot stuffing, without the header). Keeps the buffer: the caller must
   * not change it. A promise means: wait before writing more.
   * @throws QueueUnavailableError
   */
  write(chunk: Buffer): MaybePromise<void>;
  /**
   * Makes envelope and body durable; resolves after the data is on stable storage, never before.
   * `envelope.id` must be the draft's id. Rejects with QueueUnavailableError; then nothing is kept.
   */
  commit(envelope: Envelope, options?: CommitOptions): Promise<QueueEntry>;
  /** Drops everything. Harmless after commit or twice. */
  discard(): void;
}

export interface CommitOptions {
  /** Hold it under this reason: kept as qf/df files, never due until released. */
  readonly hold?: string;
  readonly group?: string;
  /** When it is due first, in ms since the epoch; default now. */
  readonly nextTry?: number;
}

export interface QueueEntry {
  readonly id: string;
  /** With recipients in their current state. */
  readonly envelope: Envelope;
  readonly group: string;
  /** Grows with every attempt (RetryFactor); smaller is sooner. */
  readonly priority: number;
  readonly attempts: number;
  /** Milliseconds since the epoch. */
  readonly lastTry?: number;
  readonly nextTry: number;
  readonly hold?: string;
}

/** An attempt, recorded before it starts so that a crash can repeat a delivery but never forget that it was tried. */
export interface Attempt {
  readonly at: number;
  /** Indexes into envelope.recipients. */
  readonly recipients: readonly number[];
}

export type { RecipientChange };

/** All that one attempt, one expansion or one decision changes, written as one record. */
export interface Changes {
  readonly recipients: readonly RecipientChange[];
  /** New recipients (children of an expanded one), appended at the end. */
  readonly added?: readonly Recipient[];
  /** When the rest is due again, ms since the epoch. */
  readonly nextTry?: number;
  readonly priority?: number;
  readonly warnedAt?: number;
}

/** Exclusive right to work on one message; it ends with `finish` or when the process dies. */
export interface Claim {
  readonly entry: QueueEntry;
  /** Grows with every claim of any message; a store that is shared refuses an older one. */
  readonly lease: number;
  message(): MessageReader;
}

export interface QueueFilter {
  /** Substring of the queue id, of a recipient, of the sender (-qI, -qR, -qS); all that are given must match. */
  readonly id?: string;
  readonly recipient?: string;
  readonly sender?: string;
  readonly group?: string;
  /** true: only held messages; false: only others; absent: all. */
  readonly held?: boolean;
}

export interface QueueStore {
  /** @throws QueueUnavailableError when the queue directory is full or not writable. */
  draft(): MaybePromise<Draft>;
  /**
   * The claim, or undefined when the message is gone, held or claimed by somebody else.
   * Rejects with QueueUnavailableError when it cannot be worked on now (unreadable, or an expansion is not durable yet).
   */
  claim(id: string): MaybePromise<Claim | undefined>;
  /** Notes an attempt, which adds RetryFactor to the priority; does not wait for its own sync. */
  record(claim: Claim, attempt: Attempt): void;
  /**
   * Applies changes and returns the entry as it is then. When no recipient is left in state todo or deferred the
   * message is finished and leaves the queue. The promise resolves when the change is durable; only an expansion
   * has to wait for that.
   */
  settle(claim: Claim, changes: Changes): { readonly entry: QueueEntry; readonly durable: Promise<void> };
  /** Gives a claim back. */
  finish(claim: Claim): void;
  /**
   * Entries that are not claimed may come without their header (`envelope.headers` empty): a store need not keep that
   * in memory. A claim has it.
   */
  get(id: string): QueueEntry | undefined;
  list(filter?: QueueFilter): readonly QueueEntry[];
  hold(id: string, reason: string): Promise<boolean>;
  release(id: string): Promise<boolean>;
  remove(id: string): Promise<boolean>;
  /** True while this message is claimed (the `*` of mailq). */
  isClaimed(id: string): boolean;
  /** Syncs and closes; drafts that are not committed are dropped. */
  close(): Promise<void>;
}
