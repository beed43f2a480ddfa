/**
 * Answers by name and type until their time to live ends. Failures are not kept: who asks again may have more luck.
 * Bounded; the answer that has been kept longest goes first.
 */
import type { Clock } from "../sys/clock.ts";
import type { DnsAnswer, RecordType } from "./resolver.ts";

/** Longest time that an answer is believed, in seconds: for positive and for negative ones (RFC 2308 §5). */
const LONGEST = { found: 86_400, negative: 3_600 } as const;

export class AnswerCache {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #kept = new Map<string, { readonly answer: DnsAnswer; readonly until: number }>();

  constructor(clock: Clock, most = 20_000) {
    this.#clock = clock;
    this.#most = most;
  }

  /** `name` in lower case. */
  get(name: string, type: RecordType): DnsAnswer | undefined {
    const key = `${type} ${name}`;
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    if (kept.until > this.#clock.now()) return kept.answer;
    this.#kept.delete(key);
    return undefined;
  }

  /** @param ttl seconds; nothing is kept for 0 */
  put(name: string, type: RecordType, answer: DnsAnswer, ttl: number): void {
    const seconds = Math.min(ttl, answer.kind === "found" ? LONGEST.found : LONGEST.negative);
    if (seconds <= 0 || answer.kind === "tempfail") return;
    const key = `${type} ${name}`;
    this.#kept.delete(key);
    if (this.#kept.size >= this.#most) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(key, { answer, until: this.#clock.now() + seconds * 1000 });
  }

  clear(): void {
    this.#kept.clear();
  }

  get size(): number {
    return this.#kept.size;
  }
}
