/**
 * The lines of a log joined to messages, in bounded memory. A message is handed out when it has ended and many younger ones
 * have come, or at the end; one that still waits is kept longer. When a line comes after that, the message begins anew,
 * without what is gone.
 */
import type { FromFacts, Facts, Outcome, ToFacts } from "./read-facts.ts";
import type { LogEntry } from "./read-entry.ts";

export interface LoggedRecipient {
  readonly to: string;
  /** Of the last attempt. */
  readonly last: Omit<ToFacts, "kind" | "to">;
  readonly time: number;
  /** Attempts that the log shows. */
  readonly attempts: number;
}

/** What a ruleset or a mail filter did not let in. */
export interface Refusal {
  readonly time: number;
  /** check_rcpt ..., or the name of the filter. */
  readonly by: string;
  readonly about: string;
  readonly relay: string;
  readonly verdict: "reject" | "discard" | "quarantine";
  readonly text: string;
}

export interface LoggedMessage {
  /** Absent: refused before there was one. */
  readonly id?: string;
  /** Times of the first line and the last: ms since the epoch. */
  readonly first: number;
  readonly last: number;
  readonly from?: FromFacts;
  readonly recipients: ReadonlyMap<string, LoggedRecipient>;
  readonly refusals: readonly Refusal[];
  readonly isDiscarded: boolean;
  readonly quarantine?: string;
  /** Some of its recipients are another message's now. */
  readonly hasParts: boolean;
}

type Draft = { -readonly [Key in keyof LoggedMessage]: LoggedMessage[Key] } & {
  readonly recipients: Map<string, LoggedRecipient>;
  readonly refusals: Refusal[];
};

/** Messages of one generation; two of them are held. */
const MOST_RECENT = 10_000;
/** Older ones that have recipients left. */
const MOST_WAITING = 20_000;
/** Of one message; more are counted by nobody here. */
const MOST_RECIPIENTS = 1_000;
const MOST_REFUSALS = 100;

/** Whether all recipients that the log knows of have a final outcome. */
export function hasEnded({ id, from, recipients, isDiscarded, refusals, hasParts }: LoggedMessage): boolean {
  if (id === undefined || isDiscarded) return true;
  if (recipients.size === 0) return from === undefined && refusals.length > 0;
  let done = 0;
  for (const { last } of recipients.values()) {
    if (last.outcome !== "sent" && last.outcome !== "bounced") return false;
    done++;
  }
  return from === undefined || hasParts || done >= Math.min(from.nrcpts, MOST_RECIPIENTS);
}

export interface IndexLimits {
  readonly recent: number;
  readonly waiting: number;
}

export class MessageIndex {
  readonly #give: (message: LoggedMessage) => void;
  readonly #limits: IndexLimits;
  /** By generations: taking the oldest one by one out of a large map would cost more and more. */
  #young = new Map<string, Draft>();
  #old = new Map<string, Draft>();
  #waiting = new Map<string, Draft>();
  #withoutId = 0;

  /** @param give gets each message once, the first to come first where memory is enough for all */
  constructor(
    give: (message: LoggedMessage) => void,
    limits: IndexLimits = { recent: MOST_RECENT, waiting: MOST_WAITING },
  ) {
    this.#give = give;
    this.#limits = limits;
  }

  /** @returns the message as it is now; undefined when the line is about none */
  add({ id, origin: { time } }: LogEntry, facts: Facts): LoggedMessage | undefined {
    if (id === undefined && facts.kind !== "ruleset" && facts.kind !== "filter") return undefined;
    const key = id ?? `#${this.#withoutId++}`;
    const known = this.#find(key);
    // Words alone begin no message: a child process may speak of one that is long over.
    if (known === undefined && facts.kind === "other") return undefined;
    const message: Draft = known ?? newMessage(id, time);
    if (known === undefined) this.#young.set(key, message);
    message.last = Math.max(message.last, time);
    note(message, facts, time);
    this.#makeRoom();
    return message;
  }

  /** Hands out one message now, and forgets it. */
  finish({ id }: LoggedMessage): void {
    if (id === undefined) return;
    const message = this.#find(id);
    for (const messages of [this.#young, this.#old, this.#waiting]) messages.delete(id);
    if (message !== undefined) this.#give(message);
  }

  /** Hands out all that is left. */
  end(): void {
    const left = [this.#waiting, this.#old, this.#young].flatMap((messages) => [...messages.values()]);
    for (const messages of [this.#waiting, this.#old, this.#young]) messages.clear();
    for (const message of left.toSorted((a, b) => a.first - b.first)) this.#give(message);
  }

  #find(key: string): Draft | undefined {
    return this.#young.get(key) ?? this.#old.get(key) ?? this.#waiting.get(key);
  }

  #makeRoom(): void {
    if (this.#young.size <= this.#limits.recent) return;
    for (const [key, message] of this.#old) {
      if (hasEnded(message)) this.#give(message);
      else this.#waiting.set(key, message);
    }
    this.#old = this.#young;
    this.#young = new Map();
    let most = this.#waiting.size - this.#limits.waiting;
    if (most <= 0) return;
    const kept = new Map<string, Draft>();
    for (const [key, message] of this.#waiting) {
      if (hasEnded(message) || most > 0) this.#give(message);
      else kept.set(key, message);
      most--;
    }
    this.#waiting = kept;
  }
}

/** One of which the log has said nothing yet. @param time ms since the epoch */
export function newMessage(id: string | undefined, time: number) {
  const about = { recipients: new Map<string, LoggedRecipient>(), refusals: [] as Refusal[] };
  return { ...(id !== undefined && { id }), first: time, last: time, ...about, isDiscarded: false, hasParts: false };
}

function note(message: Draft, facts: Facts, time: number): void {
  switch (facts.kind) {
    case "from":
      message.from = facts;
      return;
    case "to":
      for (const to of facts.to) noteRecipient(message, to, facts, time);
      return;
    case "ruleset":
    case "filter": {
      if (message.refusals.length < MOST_REFUSALS) message.refusals.push(refusalOf(facts, time));
      return;
    }
    case "quarantine":
      message.quarantine = facts.reason;
      return;
    case "discarded":
      message.isDiscarded = true;
      return;
    case "link":
      if (facts.how === "part") message.hasParts = true;
  }
}

function noteRecipient({ recipients }: Draft, to: string, facts: ToFacts, time: number): void {
  const known = recipients.get(to);
  if (known === undefined && recipients.size >= MOST_RECIPIENTS) return;
  const { kind: _kind, to: _to, ...last } = facts;
  recipients.set(to, { to, last, time, attempts: (known?.attempts ?? 0) + (isAttempt(facts.outcome) ? 1 : 0) });
}

function isAttempt(outcome: Outcome): boolean {
  return outcome !== "queued";
}

/** A line about a refusal in the words of the index. */
export function refusalOf(facts: Extract<Facts, { kind: "ruleset" | "filter" }>, time: number): Refusal {
  if (facts.kind === "filter") {
    const { filter = "", text } = facts;
    return {
      time,
      by: filter === "" ? "mail filter" : `mail filter ${filter}`,
      about: "",
      relay: "",
      verdict: "reject",
      text,
    };
  }
  const { ruleset, arg1, arg2, relay, verdict, text } = facts;
  return { time, by: ruleset, about: arg2 === undefined ? arg1 : `${arg1} ${arg2}`, relay, verdict, text };
}
