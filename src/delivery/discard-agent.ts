/** The mailer that accepts everything and delivers nothing: `$#discard $: discard`. */
import type { Clock } from "../sys/clock.ts";
import type { Agent, Job, Report } from "./agent.ts";
import { reportForAll } from "./outcome.ts";

export class DiscardAgent implements Agent {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  deliver(job: Job): Promise<Report> {
    const outcome = { action: "delivered", status: "2.0.0", text: "discarded" } as const;
    return Promise.resolve(reportForAll(job, outcome, this.#clock.now()));
  }
}
