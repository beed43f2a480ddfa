/**
 * What each host of an attempt had to say: the outcome is that of one of them, and who asks why mail waits wants to hear of all.
 *
 *     mx1.b.test. [192.0.2.1]: Connection refused by mx1.b.test.
 */
import type { RecipientStatus } from "../../envelope/status.ts";
import type { Outcome } from "../outcome.ts";

/** Hosts that are kept of an attempt, and octets of each. */
const MOST = 5;
const LONGEST = 200;
/** A job with more recipients keeps only what counts. */
const MANY_RECIPIENTS = 100;

export class HeardHosts {
  readonly #byRecipient = new Map<number, string[]>();
  readonly #isKept: boolean;

  constructor(recipients: number) {
    this.#isKept = recipients <= MANY_RECIPIENTS;
  }

  /** @param index of the recipient */
  add(index: number, outcome: Outcome): void {
    if (!this.#isKept) return;
    const text = textOf(outcome);
    const heard = this.#byRecipient.get(index);
    if (heard === undefined) this.#byRecipient.set(index, [text]);
    else if (!heard.includes(text)) heard.push(text);
  }

  /** All but the one that the attempt came to, in their order; nothing when there was no other. */
  others(index: number, last: Outcome): Pick<RecipientStatus, "others"> {
    const one = textOf(last);
    const others = (this.#byRecipient.get(index) ?? []).filter((text) => text !== one).slice(0, MOST);
    return others.length === 0 ? {} : { others };
  }
}

function textOf({ relay = "", text, diagnostic }: Outcome): string {
  const said = diagnostic?.text ?? text.replace(/^Deferred: /, "");
  return `${relay === "" ? "" : `${relay}: `}${said}`.slice(0, LONGEST);
}
