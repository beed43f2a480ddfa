/**
 * What the world outside a queue knows for sure, event by event, and what it may expect of the queue after a crash. The
 * events are plain data: a process that is killed says them on its standard output.
 *
 * Promises (docs/architecture.md): what was acknowledged is there until it is delivered or removed; what was refused is not;
 * what is durable stays done. A recipient gets a message twice only when the crash came after the delivery and before its
 * settlement was on the disk.
 */
import type { QueueEntry } from "../../src/queue/queue.ts";

export type Event =
  /** A client is at the end of its message and waits for the answer. */
  | { readonly kind: "accepting"; readonly id: string; readonly number: number; readonly hold: boolean }
  /** It was told 250, or 452. */
  | { readonly kind: "accepted" | "refused"; readonly id: string }
  /** Somebody works on it. */
  | { readonly kind: "claimed"; readonly id: string }
  /** A next hop, or a mailbox, has the message for this recipient. */
  | { readonly kind: "delivered"; readonly id: string; readonly given: string }
  /** The store was told of that. */
  | { readonly kind: "settled"; readonly id: string; readonly given: string }
  /** All that was settled of the message is on the disk, as the store says. */
  | { readonly kind: "durable"; readonly id: string }
  /** The same of an expansion, before a child is tried. */
  | { readonly kind: "expanded"; readonly id: string; readonly given: string }
  /** An operator's command has begun, and has been answered with success. */
  | { readonly kind: "holding" | "held" | "releasing" | "released" | "removing" | "removed"; readonly id: string }
  /** The store was closed without a failure: everything is on the disk. */
  | { readonly kind: "closed" };

interface Delivery {
  readonly life: number;
  settled: boolean;
  durable: boolean;
}

interface Known {
  readonly number: number;
  answer: "none" | "accepted" | "refused";
  readonly refusedIn: number;
  /** "unsure": a command was under way. */
  hold: "held" | "free" | "unsure";
  removal: "no" | "asked" | "done";
  readonly deliveries: Map<string, Delivery[]>;
  readonly expanded: Set<string>;
}

export interface Counts {
  accepted: number;
  refused: number;
  /** Not answered when the crash came, and there afterwards: their clients will come again. */
  unanswered: number;
  /** Refused, and brought back by a crash. */
  ghosts: number;
  deliveries: number;
  /** Second deliveries: the crash fell between delivery and settlement, or between that and its way to the disk. */
  beforeSettle: number;
  beforeDisk: number;
  lost: number;
  /** Second deliveries without such a reason. */
  doubled: number;
}

export function noCounts(): Counts {
  return {
    accepted: 0,
    refused: 0,
    unanswered: 0,
    ghosts: 0,
    deliveries: 0,
    beforeSettle: 0,
    beforeDisk: 0,
    lost: 0,
    doubled: 0,
  };
}

export function addCounts(total: Counts, more: Counts): void {
  for (const key of Object.keys(total) as (keyof Counts)[]) total[key] += more[key];
}

/** Recipients of the message of this number; those that begin with "list" have two children each. */
export function recipientsOf(number: number): readonly string[] {
  const lists = number % 3 === 0 ? [`list@l${number % 2}.test`] : [];
  return [...lists, ...Array.from({ length: 1 + (number % 2) }, (_, index) => `r${index}@d${number % 5}.test`)];
}

export function childrenOf(list: string): readonly string[] {
  return [`one.${list.slice("list".length)}`, `two.${list.slice("list".length)}`];
}

/** Those who have to get it in the end. */
function leavesOf(number: number): readonly string[] {
  return recipientsOf(number).flatMap((given) => (given.startsWith("list") ? childrenOf(given) : [given]));
}

/** Body of the message of this number: some stay in the journal, some become files. */
export function bodyOfNumber(number: number): string {
  const count = [0, 3, 12, 40, 90][number % 5];
  return Array.from({ length: count }, (_, line) => `line ${line} of message ${number}\r\n`).join("");
}

export class Ledger {
  readonly problems: string[] = [];
  readonly counts: Counts = noCounts();
  readonly #known = new Map<string, Known>();
  #life = 0;

  get ids(): readonly string[] {
    return [...this.#known.keys()];
  }

  apply(event: Event): void {
    if (event.kind === "closed") {
      for (const known of this.#known.values()) markDurable(known, this.#life);
      return;
    }
    if (event.kind === "accepting") {
      this.#known.set(event.id, {
        number: event.number,
        answer: "none",
        refusedIn: this.#life,
        hold: event.hold ? "held" : "free",
        removal: "no",
        deliveries: new Map(),
        expanded: new Set(),
      });
      return;
    }
    const known = this.#known.get(event.id);
    if (known === undefined) {
      this.problems.push(`${event.id} is ${event.kind} and nobody sent it`);
      return;
    }
    if (event.kind === "accepted" || event.kind === "refused") {
      known.answer = event.kind;
      this.counts[event.kind]++;
    } else if (event.kind === "claimed") this.#claimed(event.id, known);
    else if (event.kind === "delivered") this.#delivered(event.id, known, event.given);
    else if (event.kind === "settled") last(known, event.given)!.settled = true;
    else if (event.kind === "durable") markDurable(known, this.#life);
    else if (event.kind === "expanded") known.expanded.add(event.given);
    else command(known, event.kind);
  }

  /** The process is gone, or was closed; what follows is the next one. */
  newLife(): void {
    this.#life++;
  }

  #claimed(id: string, known: Known): void {
    const refused = known.answer === "refused" && known.refusedIn === this.#life;
    if (refused) this.problems.push(`${id} was refused and is worked on`);
    // One that was claimed before the operator's command is delivered as if the command had come later.
    if (known.removal === "done") this.problems.push(`${id} was removed and is worked on`);
  }

  #delivered(id: string, known: Known, given: string): void {
    this.counts.deliveries++;
    const before = last(known, given);
    if (before !== undefined) {
      if (before.durable || before.life === this.#life) {
        this.counts.doubled++;
        this.problems.push(`${id} goes to ${given} twice: ${before.durable ? "that was on the disk" : "in one life"}`);
      } else if (before.settled) this.counts.beforeDisk++;
      else this.counts.beforeSettle++;
    }
    const all = known.deliveries.get(given) ?? [];
    all.push({ life: this.#life, settled: false, durable: false });
    known.deliveries.set(given, all);
  }

  /** Compares what the next process finds with what it has to. */
  audit(found: readonly { readonly entry: QueueEntry; readonly body: string }[]): void {
    const there = new Map(found.map((each) => [each.entry.id, each]));
    if (there.size !== found.length) this.problems.push("a message is there twice");
    for (const [id, { entry, body }] of there) {
      const known = this.#known.get(id);
      if (known === undefined) this.problems.push(`${id} is there and nobody sent it`);
      else for (const problem of this.#differences(known, entry, body)) this.problems.push(`${id} ${problem}`);
    }
    for (const [id, known] of this.#known) {
      if (there.has(id)) continue;
      // What is no longer there is over, or was never promised.
      if (known.answer === "accepted" && known.removal === "no" && !allDelivered(known)) {
        this.counts.lost++;
        this.problems.push(`${id} was accepted and is lost`);
        known.removal = "asked";
      }
    }
  }

  *#differences(known: Known, entry: QueueEntry, body: string): Generator<string> {
    if (known.answer === "refused") {
      this.counts.ghosts++;
      known.answer = "none";
    } else if (known.answer === "none") this.counts.unanswered++;
    if (known.removal === "done") yield "was removed and is back";
    const { headers, recipients } = entry.envelope;
    const expected = bodyOfNumber(known.number);
    if (body !== expected) yield `has another body: ${JSON.stringify(body.slice(0, 80))}, not that of ${known.number}`;
    if (headers.length !== 3) yield "has no header";
    if (known.hold === "held" && entry.hold === undefined) yield "was held and is free";
    if (known.hold === "free" && entry.hold !== undefined) yield "was released and is held";
    const original = recipientsOf(known.number);
    const lists = original.filter((_, index) => recipients[index]?.state === "expanded");
    for (const list of known.expanded) if (!lists.includes(list)) yield `has forgotten that ${list} was expanded`;
    const addresses = [...original, ...lists.flatMap(childrenOf)];
    if (addresses.join(" ") !== recipients.map(({ given }) => given).join(" ")) yield "has other recipients";
    for (const { given, state } of recipients) {
      const delivery = last(known, given);
      if (delivery?.durable === true && state !== "delivered") yield `has forgotten the delivery to ${given}`;
      if (delivery !== undefined && state === "delivered") delivery.durable = true;
      if (delivery === undefined && state === "delivered") yield `was never delivered to ${given} and says so`;
    }
  }

  /** When everything was delivered that is left: whoever has not got his message has lost it. */
  judge(): void {
    for (const [id, known] of this.#known) {
      if (known.answer !== "accepted" || known.removal !== "no") continue;
      for (const given of leavesOf(known.number)) {
        if (known.deliveries.has(given)) continue;
        this.counts.lost++;
        this.problems.push(`${id} never reached ${given}`);
      }
    }
  }
}

function last(known: Known, given: string): Delivery | undefined {
  return known.deliveries.get(given)?.at(-1);
}

/** What was settled in an earlier life is there or was lost: the audit says which. */
function markDurable(known: Known, life: number): void {
  for (const deliveries of known.deliveries.values()) {
    for (const delivery of deliveries) if (delivery.settled && delivery.life === life) delivery.durable = true;
  }
}

function allDelivered(known: Known): boolean {
  return leavesOf(known.number).every((given) => last(known, given)?.settled === true);
}

function command(known: Known, kind: "holding" | "held" | "releasing" | "released" | "removing" | "removed"): void {
  if (kind === "removing") known.removal = "asked";
  else if (kind === "removed") known.removal = "done";
  else if (kind === "held") known.hold = "held";
  else if (kind === "released") known.hold = "free";
  else known.hold = "unsure";
}
