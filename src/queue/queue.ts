/**
 * The queue as the rest of the server sees it: what is still to be done, kept on stable storage (decision D5).
 *
 * Life of a message: accept (durable) → claim → record (the attempt) → settle → flush → finish → ... → gone.
 *
 * Everything that goes through these interfaces is plain data, and whatever a store may have to think about is a
 * MaybePromise: the store in memory answers at once, one in another thread or in a database when it can. The contract
 * suite runs all of them.
 */
import type { Envelope } from "../envelope/envelope.ts";
import type { MessageReader } from "../envelope/message.ts";
import type { Recipient, RecipientChange } from "../envelope/recipient.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { QueueFilter } from "./filter.ts";
import type { EntryOutline } from "./outline.ts";

/** The queue cannot take (more of) a message now: disk full, read-only, failing. Answer 452 4.3.1 and keep nothing. */
export class QueueUnavailableError extends Error {
  override readonly name = "QueueUnavailableError";
}

/** A body, CRLF lines, without header and separating line: octets, or a body file that was written under the queue id. */
export type Body = { readonly kind: "octets"; readonly chunks: readonly Uint8Array[] } | { readonly kind: "file" };

/** A body file on its way. Nothing of it counts before the message is accepted. */
export interface BodyFile {
  write(chunks: readonly Buffer[]): Promise<void>;
  /** What was written so far, for whoever looks at a message before it is accepted. Nothing is written meanwhile. */
  read(): AsyncIterable<Buffer>;
  /** Forgets what was written: another body comes in its place. */
  restart(): Promise<void>;
  /** Everything to stable storage. */
  finish(): Promise<void>;
  /** Closes and removes it, in the background: its message was not accepted. */
  drop(): void;
}

/** Where bodies go that are too large to be handed over as octets. */
export interface BodyFiles {
  /** Bodies up to so many octets are handed over as octets. */
  readonly inlineLimit: number;
  begin(id: string): Promise<BodyFile>;
}

export interface AcceptOptions {
  /** Hold it under this reason: kept as qf/df files, never due until released. */
  readonly hold?: string;
  /** Its queue group; default "mqueue". */
  readonly group?: string;
  /** When it is due first, in ms since the epoch; default now. */
  readonly nextTry?: number;
}

/** All that reception sees of the queue. */
export interface QueueEntrance {
  readonly bodies: BodyFiles;
  /**
   * A queue id that nothing else has; the Received: field and the log use it before the message is accepted.
   * @throws QueueUnavailableError (or rejects with it) when no message can be taken now
   */
  newId(): MaybePromise<string>;
  /**
   * Makes envelope and body durable under `envelope.id`; resolves after they are on stable storage, never before.
   * Rejects with QueueUnavailableError; then nothing is kept.
   */
  accept(envelope: Envelope, body: Body, options?: AcceptOptions): Promise<QueueEntry>;
}

export interface QueueEntry {
  readonly id: string;
  /** With recipients in their current state. */
  readonly envelope: Envelope;
  /** Its queue group. */
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

/** A lease: the exclusive right to work on one message. It ends with `finish`, or when the store gives it to another. */
export interface Claim {
  /** As it is now: settled changes show here. */
  readonly entry: QueueEntry;
  /** Grows with every claim of any message; what comes with an older number than the newest is refused. */
  readonly lease: number;
  message(): MessageReader;
}

/** A part of a list: what comes after this id, which need not be there any more; at most so many. */
export interface Page {
  readonly after?: string;
  readonly most?: number;
}

/** All that the scheduler sees of the queue. */
export interface DueQueue {
  /**
   * Claims what is due at this time (ms since the epoch), the earliest and most urgent first, at most so many: of one lane
   * (lane.ts: a queue group, or mail that has just come), or of all.
   */
  claimDue(now: number, most: number, lane?: string): MaybePromise<readonly Claim[]>;
  /**
   * While a destination (envelope/destination.ts) is blocked, `claimDue` leaves its messages where they are and `nextDue`
   * does not count them: it takes nothing more now. Only for whoever asks, and not longer than this process lives. A message
   * that is due comes all the same, and soon enough, when the time of its notice is over (`finish`, notice.ts).
   */
  block(destination: string, blocked: boolean): MaybePromise<void>;
  /**
   * When the next message, of one lane or of all, is due that nobody has claimed and that is not blocked; undefined when none
   * waits.
   */
  nextDue(lane?: string): MaybePromise<number | undefined>;
  /** The lanes that messages wait in, blocked ones included. */
  lanes(): MaybePromise<readonly string[]>;
  /** Tells whenever something of a lane may be due sooner than was said. Returns how to stop that. */
  watch(sooner: () => void): () => void;
}

export interface QueueStore extends QueueEntrance, DueQueue {
  /**
   * The claim, or undefined when the message is gone, held or claimed by somebody else.
   * Rejects with QueueUnavailableError when it cannot be worked on now (unreadable, or an expansion is not durable yet).
   * @param which "held too": for an operator's decision about it; it stays held
   */
  claim(id: string, which?: "held too"): MaybePromise<Claim | undefined>;
  /** Notes an attempt, which adds RetryFactor to the priority; does not wait for its own sync. */
  record(claim: Claim, attempt: Attempt): MaybePromise<void>;
  /**
   * Applies changes and returns the entry as it is then; undefined when the lease is no longer valid, and nothing was
   * changed. When no recipient is left in state todo or deferred the message is finished and leaves the queue.
   */
  settle(claim: Claim, changes: Changes): MaybePromise<QueueEntry | undefined>;
  /** Resolves when all that was settled under this claim is durable; only an expansion has to wait for that. */
  flush(claim: Claim): Promise<void>;
  /**
   * Gives a claim back; the message is due again at its nextTry.
   * @param notice when its sender is to be told something, ms since the epoch: then it is not left alone for its destination
   */
  finish(claim: Claim, notice?: number): MaybePromise<void>;
  /**
   * Entries that are not claimed may come without their header (`envelope.headers` empty): a store need not keep that
   * in memory. A claim has it.
   */
  get(id: string): MaybePromise<QueueEntry | undefined>;
  /**
   * A whole message, to look at or to export, whoever has claimed it; undefined when there is none of that id.
   * Rejects with QueueUnavailableError when it cannot be read.
   */
  inspect(id: string): Promise<{ readonly entry: QueueEntry; readonly body: MessageReader } | undefined>;
  /** In the order of ids, which begin with the time. Ask for pages: a million entries do not fit into memory. */
  list(filter?: QueueFilter, page?: Page): MaybePromise<readonly QueueEntry[]>;
  /** The same without reading what a store has in memory of it. Recipients that are not open may be left out. */
  outlines(filter?: QueueFilter, page?: Page): MaybePromise<readonly EntryOutline[]>;
  /** Without conditions: at once, with what is known so far of a queue that is still being read. */
  count(filter?: QueueFilter): MaybePromise<number>;
  /**
   * Makes matching messages due (a queue run on demand); how many wait and match.
   * @param since from when, ms since the epoch: who was due earlier is given out earlier; default now
   */
  hurry(filter?: QueueFilter, since?: number): MaybePromise<number>;
  hold(id: string, reason: string): Promise<boolean>;
  release(id: string): Promise<boolean>;
  remove(id: string): Promise<boolean>;
  /** Ids of the messages that are worked on now (the `*` of mailq). */
  claimedIds(): MaybePromise<ReadonlySet<string>>;
  /** Syncs and closes. */
  close(): Promise<void>;
}
