/** Questions to the DNS that together may take so long and no longer, whatever name servers do. */
import type { DnsAnswer, RecordType, Resolver } from "../dns/resolver.ts";
import type { Clock } from "../sys/clock.ts";
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";

/** What checks of senders work with. */
export interface CheckEnvironment {
  readonly resolver: Resolver;
  readonly clock: Clock;
  /** Milliseconds for one check; then its result is temperror. */
  readonly timeLimit: number;
}

export class TimedResolver {
  readonly #resolver: Resolver;
  readonly #tooLate: string;
  readonly #clock: Clock;
  readonly #until: number;
  #late: Promise<DnsAnswer> | undefined;
  #cancel: (() => void) | undefined;

  constructor({ resolver, clock, timeLimit }: CheckEnvironment) {
    this.#resolver = resolver;
    this.#clock = clock;
    this.#until = clock.now() + timeLimit;
    this.#tooLate = `no answer within ${timeLimit / 1000} s`;
  }

  /** After the time is over each question that is not in the cache is answered "tempfail". */
  ask(name: string, type: RecordType): MaybePromise<DnsAnswer> {
    const answer = this.#resolver.query(name, type);
    return isPromise(answer) ? Promise.race([answer, this.#lateness()]) : answer;
  }

  close(): void {
    this.#cancel?.();
  }

  /** A timer only where somebody has to wait. */
  #lateness(): Promise<DnsAnswer> {
    return (this.#late ??= new Promise((resolve) => {
      const late = { kind: "tempfail", reason: this.#tooLate } as const;
      this.#cancel = this.#clock.after(Math.max(0, this.#until - this.#clock.now()), () => resolve(late));
    }));
  }
}
