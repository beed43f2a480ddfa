/** What is published about the line to one host: DANE first; where it has nothing, MTA-STS (RFC 8461 §2). */
import { type MaybePromise, whenReady } from "../../sys/maybe-promise.ts";
import { askDane } from "./dane.ts";
import type { LineAnswer, LinePolicies, LineQuestion } from "./line-policy.ts";
import type { LineParts, LineSettings } from "./open-line.ts";

const NONE: LineAnswer = { kind: "none" };

export class PublishedPolicies implements LinePolicies {
  readonly #parts: LineParts;
  readonly #settings: LineSettings;

  constructor(parts: LineParts, settings: LineSettings) {
    this.#parts = parts;
    this.#settings = settings;
  }

  ask(question: LineQuestion): MaybePromise<LineAnswer> {
    if (!this.#settings.dane || question.without.dane) return this.#askSts(question);
    return whenReady(askDane(this.#parts.resolver, question), (answer): MaybePromise<LineAnswer> => {
      if (answer.kind === "policy") return answer;
      if (answer.kind === "none") return this.#askSts(question);
      return this.#unanswered(question, answer.reason);
    });
  }

  #askSts(_question: LineQuestion): MaybePromise<LineAnswer> {
    return NONE;
  }

  /** Forged, or kept away from us: nothing goes to this host until it is known what it has published. */
  #unanswered({ host, nextHop = host }: LineQuestion, reason: string): LineAnswer {
    const { events, clock } = this.#parts;
    events?.tls({
      at: clock.now(),
      domain: nextHop.toLowerCase(),
      policy: { type: "tlsa", strings: [], domain: host.toLowerCase(), mxHosts: [] },
      failure: { type: "dnssec-invalid", reason },
      receivingMx: host,
    });
    return { kind: "closed", status: "4.7.5", reason: `${host}: TLSA records cannot be looked up (${reason})` };
  }
}
