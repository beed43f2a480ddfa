/**
 * Answers by name and type until their time to live ends. Failures are not kept: who asks again may have more luck.
 * Bounded; of the type with most answers the one that has been kept longest goes first.
 */
import type { Clock } from "../sys/clock.ts";
import type { DnsAnswer, RecordType } from "./resolver.ts";

/** Longest time that an answer is believed, in seconds: for positive and for negative ones (RFC 2308 §5). */
const LONGEST = { found: 86_400, negative: 3_600 } as const;

export class AnswerCache {
  readonly #clock: Clock;
  readonly #most: number;
  /** A map for each type: names are looked up as they come, several times for each message. */
  readonly #kept = new Map<RecordType, Map<string, { readonly answer: DnsAnswer; readonly until: number }>>();
  #size = 0;

  constructor(clock: Clock, most = 20_000) {
    this.#clock = clock;
    this.#most = most;
  }

  /** `name` in lower case. */
  get(name: string, type: RecordType): DnsAnswer | undefined {
    const ofType = this.#kept.get(type);
    const kept = ofType?.get(name);
    if (kept === undefined) return undefined;
    if (kept.until > this.#clock.now()) return kept.answer;
    ofType!.delete(name);
    this.#size--;
    return undefined;
  }

  /** @param ttl seconds; nothing is kept for 0 */
  put(name: string, type: RecordType, answer: DnsAnswer, ttl: number): void {
    const seconds = Math.min(ttl, answer.kind === "found" ? LONGEST.found : LONGEST.negative);
    if (seconds <= 0 || answer.kind === "tempfail") return;
    let ofType = this.#kept.get(type);
    if (ofType === undefined) this.#kept.set(type, (ofType = new Map()));
    if (ofType.delete(name)) this.#size--;
    if (this.#size >= this.#most) this.#forgetOne();
    ofType.set(name, { answer, until: this.#clock.now() + seconds * 1000 });
    this.#size++;
  }

  /** Of the type with most answers, the one that has been kept longest. */
  #forgetOne(): void {
    let largest: Map<string, unknown> | undefined;
    for (const each of this.#kept.values()) if (each.size > (largest?.size ?? 0)) largest = each;
    const oldest = largest?.keys().next();
    if (oldest?.done !== false) return;
    largest!.delete(oldest.value);
    this.#size--;
  }

  clear(): void {
    this.#kept.clear();
    this.#size = 0;
  }

  get size(): number {
    return this.#size;
  }
}
