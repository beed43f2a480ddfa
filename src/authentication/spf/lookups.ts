/**
 * Questions that one check of SPF asks the DNS, and their limits (RFC 7208 §4.6.4): 10 terms that ask, 2 that find nothing,
 * an amount of time for all. What stops a check is thrown as `Stopped`, and caught where the check began.
 */
import type { DnsAnswer, RecordType } from "../../dns/resolver.ts";
import { type CheckEnvironment, TimedResolver } from "../timed-resolver.ts";

const MOST_TERMS = 10;
const MOST_VOID = 2;

/** The check ends here, with this result. */
export class Stopped extends Error {
  readonly result: "temperror" | "permerror";

  constructor(result: "temperror" | "permerror", reason: string) {
    super(reason);
    this.result = result;
  }
}

export class Lookups {
  readonly #resolver: TimedResolver;
  #terms = 0;
  #void = 0;

  constructor(environment: CheckEnvironment) {
    this.#resolver = new TimedResolver(environment);
  }

  close(): void {
    this.#resolver.close();
  }

  /** A term is evaluated that asks the DNS. */
  countTerm(): void {
    if (++this.#terms > MOST_TERMS) throw new Stopped("permerror", `more than ${MOST_TERMS} terms that ask the DNS`);
  }

  /** A question for a term found nothing. */
  #countVoid(): void {
    if (++this.#void > MOST_VOID) throw new Stopped("permerror", `more than ${MOST_VOID} questions to the DNS in vain`);
  }

  /** Whatever the answer is; a failure is one. */
  async ask(name: string, type: RecordType): Promise<DnsAnswer> {
    return this.#resolver.ask(name, type);
  }

  /** For a term: data of the records; none counts as asked in vain, a failure ends the check. */
  async find(name: string, type: RecordType): Promise<readonly string[]> {
    const answer = await this.ask(name, type);
    if (answer.kind === "tempfail") throw new Stopped("temperror", `${type} ${name}: ${answer.reason}`);
    if (answer.kind === "found") return answer.records.map(({ data }) => data);
    this.#countVoid();
    return [];
  }
}
