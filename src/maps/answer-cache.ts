/** Answers of a service that is asked over a network, for as long as they are good; who asks the same at once shares one question. */
import type { Clock } from "../sys/clock.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { BareResult } from "./map-class.ts";

/** Answers kept; the oldest goes first. */
const MOST = 10_000;

interface Kept {
  readonly key: string;
  readonly until: number;
  readonly result: BareResult;
}

export class AnswerCache {
  readonly #clock: Clock;
  readonly #fresh: number;
  /** By all words of the question, the oldest first. */
  readonly #answers = new Map<string, Kept>();
  readonly #asked = new Map<string, Promise<BareResult>>();
  /** Grows with everything that is forgotten: what was asked before is not kept. */
  #forgotten = 0;

  /** @param fresh milliseconds that an answer is good for; 0: none is kept */
  constructor(clock: Clock, fresh: number) {
    this.#clock = clock;
    this.#fresh = fresh;
  }

  /** @param words all that the answer depends on; the key is among them or not */
  ask(key: string, words: readonly string[], question: () => Promise<BareResult>): MaybePromise<BareResult> {
    const name = JSON.stringify(words);
    const kept = this.#answers.get(name);
    const now = this.#clock.now();
    if (kept !== undefined && now < kept.until && kept.until - now <= this.#fresh) return kept.result;
    const asked = this.#asked.get(name);
    if (asked !== undefined) return asked;
    const before = this.#forgotten;
    const answer = question()
      .then((result) => {
        if (before === this.#forgotten) this.#keep(name, key, result);
        return result;
      })
      .finally(() => this.#asked.delete(name));
    this.#asked.set(name, answer);
    return answer;
  }

  /** @param key whose answers; "" or undefined: all */
  forget(key: string | undefined): void {
    this.#forgotten++;
    this.#asked.clear();
    if (key === undefined || key === "") this.#answers.clear();
    else for (const [name, kept] of this.#answers) if (kept.key === key) this.#answers.delete(name);
  }

  #keep(name: string, key: string, result: BareResult): void {
    this.#answers.delete(name);
    if (this.#fresh === 0 || result.kind === "tempfail") return;
    this.#answers.set(name, { key, until: this.#clock.now() + this.#fresh, result });
    if (this.#answers.size > MOST) this.#answers.delete(this.#answers.keys().next().value!);
  }
}
