/** Delivers with another mailer than the configuration names (config/stand-in.ts says when). */
import type { Mailer } from "../config/mailer.ts";
import type { Agent, Job, Report } from "./agent.ts";

/** Gives the jobs of one mailer to the agent of another. */
export class StandInAgent implements Agent {
  readonly #agent: Agent;
  readonly #mailer: Mailer;

  constructor(agent: Agent, mailer: Mailer) {
    this.#agent = agent;
    this.#mailer = mailer;
  }

  deliver(job: Job): Promise<Report> {
    return this.#agent.deliver({ ...job, mailer: this.#mailer });
  }
}
