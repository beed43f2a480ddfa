/**
 * Makes messages that come in durable: as a record of the journal, or as files when they are held, large, or have an envelope
 * that is too large for one record.
 */
import type { Envelope } from "../envelope/envelope.ts";
import type { Clock } from "../sys/clock.ts";
import { unavailable } from "./draft.ts";
import { newEntry } from "./entry.ts";
import type { Background, JournalPlace } from "./item.ts";
import type { Journal } from "./journal.ts";
import { encodeRecord, LONGEST_FACTS, type MessageFacts, RecordType } from "./journal-record.ts";
import type { PriorityFactors } from "./order.ts";
import type { AcceptOptions, Body, QueueEntry } from "./queue.ts";
import type { SpoolStore } from "./spool-store.ts";

/** Where a message stands in the journal, and its body, which was just written there. */
export interface AcceptedRecord {
  readonly place: JournalPlace;
  readonly body: readonly Buffer[];
  /** Of the whole record, octets. */
  readonly length: number;
}

export interface AcceptanceParts {
  readonly journal: Journal;
  readonly spool: SpoolStore;
  readonly clock: Clock;
  readonly factors: PriorityFactors;
  /** The queue is not closed before what is on its way into files is there, or is not. */
  readonly background: Background;
  /** Hears of every message as soon as it is durable; without a record it lies in the spool. */
  readonly accepted: (entry: QueueEntry, record?: AcceptedRecord) => void;
}

export class Acceptance {
  readonly #parts: AcceptanceParts;

  constructor(parts: AcceptanceParts) {
    this.#parts = parts;
  }

  /** Resolves when the message is durable; rejects with QueueUnavailableError, and then nothing of it is kept. */
  accept(envelope: Envelope, body: Body, options: AcceptOptions): Promise<QueueEntry> {
    if (body.kind === "file") {
      this.#parts.spool.begun(envelope.id);
      return this.#awaited(this.#asFiles(envelope, options));
    }
    const chunks = body.chunks.map(asBuffer);
    if (options.hold !== undefined) return this.#awaited(this.#intoSpool(envelope, options, chunks));
    return this.#intoJournal(envelope, options, chunks);
  }

  #awaited<T>(work: Promise<T>): Promise<T> {
    this.#parts.background.run(work);
    return work;
  }

  #intoJournal(envelope: Envelope, options: AcceptOptions, body: readonly Buffer[]): Promise<QueueEntry> {
    const { factors, clock, journal, accepted } = this.#parts;
    const entry = newEntry(envelope, options, factors, clock.now());
    const facts: MessageFacts = { group: entry.group, priority: entry.priority, nextTry: entry.nextTry, envelope };
    const record = encodeRecord(RecordType.message, entry.id, facts, body);
    if (record.bodyAt > LONGEST_FACTS / 2) return this.#awaited(this.#intoSpool(envelope, options, body));
    return new Promise((resolve, reject) => {
      journal.append(RecordType.message, record, (error, place) => {
        if (!place) {
          reject(error!);
          return;
        }
        const { length, bodyAt, parts } = record;
        const [first, ...rest] = parts;
        accepted(entry, {
          place: { ...place, bodyAt: place.at + bodyAt, bodyLength: length - bodyAt },
          body: rest.length === 0 ? [first.subarray(bodyAt)] : rest,
          length,
        });
        resolve(entry);
      });
    });
  }

  async #intoSpool(envelope: Envelope, options: AcceptOptions, body: readonly Buffer[]): Promise<QueueEntry> {
    const { spool } = this.#parts;
    try {
      await spool.writeBody(envelope.id, body);
      return await this.#asFiles(envelope, options);
    } catch (error) {
      await spool.remove(envelope.id).catch(() => undefined);
      throw unavailable(error);
    }
  }

  /** The body file is already there, durable. */
  async #asFiles(envelope: Envelope, options: AcceptOptions): Promise<QueueEntry> {
    const { factors, clock, spool, accepted } = this.#parts;
    const entry = newEntry(envelope, options, factors, clock.now());
    await spool.writeControl(entry);
    accepted(entry);
    return entry;
  }
}

function asBuffer(octets: Uint8Array): Buffer {
  return Buffer.isBuffer(octets) ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
}
