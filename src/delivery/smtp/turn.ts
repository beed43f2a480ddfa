/** The place that one job holds among those who talk to a destination: at most one at a time. */
import { destinationKey } from "../../envelope/destination.ts";
import type { Job } from "../agent.ts";
import type { DeliveryEnvironment } from "../environment.ts";
import type { Outcome } from "../outcome.ts";
import type { Destination, Later, Lease } from "./destination.ts";
import { wantsLess } from "./pace.ts";
import type { MailPlace } from "./socket.ts";

/** When a message returns for which its host had no connection left, ms. */
const COME_BACK = 1_000;

export class Turn {
  readonly #environment: DeliveryEnvironment;
  readonly #job: Job;
  #destination: Destination | undefined;
  #lease: Lease | undefined;

  constructor(environment: DeliveryEnvironment, job: Job) {
    this.#environment = environment;
    this.#job = job;
  }

  /** Waits for a place at this destination, unless the job has it already; says so when there is none to be had. */
  async enter({ destination: name, policy }: MailPlace): Promise<Later | undefined> {
    if (this.#destination?.name === name && this.#lease !== undefined) return undefined;
    const { mailer, host, signal } = this.#job;
    const { destinations, config } = this.#environment;
    // What the queue calls this job's destination leads to the first one that it finds.
    const isFirst = this.#destination === undefined;
    this.leave();
    const destination = isFirst ? destinations.find(name, destinationKey(mailer.name, host)) : destinations.named(name);
    this.#destination = destination;
    destination.limits = config.options.flag("SingleThreadDelivery") ? { ...policy, connections: 1 } : policy;
    const suspended = destinations.suspended(host, name);
    if (suspended !== undefined) return suspended;
    const entered = await destination.enter(signal);
    if (entered.kind === "later") return entered;
    this.#lease = entered;
    return undefined;
  }

  /** A host of it talks to others, and would not talk to us. Says when to come back. */
  oneTooMany(talking: number): number {
    this.#lease?.tooMany(talking);
    return this.#environment.clock.now() + COME_BACK;
  }

  /** @param worked there was a conversation, whatever it led to; @param reached somebody has taken a connection so far */
  ended(worked: boolean, reached: boolean): void {
    if (worked) this.#lease?.worked();
    else this.#lease?.failed();
    if (!worked && !reached) this.#destination?.isDown();
  }

  /** It has said that it wants less of us: by its policy it is left alone for a while. */
  heard(outcome: Outcome | undefined, { policy }: MailPlace): void {
    if (policy.backoff === undefined || outcome === undefined || !wantsLess(outcome)) return;
    const { clock } = this.#environment;
    const until = clock.now() + policy.backoff;
    const said = outcome.diagnostic?.text ?? outcome.text;
    this.#destination?.hold(until, `left alone until ${new Date(until).toISOString()}, it said: ${said}`);
  }

  leave(): void {
    this.#lease?.leave();
    this.#lease = undefined;
  }
}
