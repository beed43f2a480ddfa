/**
 * Recipients that an attempt leaves in the queue although it could try them: of mailers with F=e when HoldExpensive is set, which
 * are for queue runs, and of mailers with F=%, which wait until somebody names their mail (-qI, -qR, -qS, ETRN).
 */
import type { Config } from "../config/config.ts";
import type { Recipient } from "../envelope/recipient.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import { matcherOf, type QueueFilter } from "../queue/filter.ts";
import type { QueueEntry } from "../queue/queue.ts";

/** How an attempt comes about. */
export interface Occasion {
  /** The message has just come; else it was queued. */
  readonly atOnce?: boolean;
  /** Somebody named this message, or mail like it. */
  readonly asked?: boolean;
}

export function isHeld({ mailers, options }: Config, { resolved }: Recipient, { atOnce, asked }: Occasion): boolean {
  const flags = resolved && mailers.get(resolved.mailer)?.flags;
  if (flags === undefined) return false;
  return (flags.has("%") && asked !== true) || (atOnce === true && flags.has("e") && options.flag("HoldExpensive"));
}

/** What the log says of them: nobody tried, so there is no code. */
export function heldStatus(at: number): RecipientStatus {
  return { action: "delayed", status: "", text: "queued", at };
}

/** What their sender hears when nobody asks for days. */
export function unaskedStatus(at: number): RecipientStatus {
  return { action: "delayed", status: "4.0.0", text: "Deferred: waits until somebody asks for it", at };
}

/** True when single messages are named, not the queue as a whole or a queue group. */
export function namesMail({ ids, id, recipient, sender, host }: QueueFilter): boolean {
  return [ids, id, recipient, sender, host].some((each) => each !== undefined && each.length > 0);
}

/** Remembered questions, and how long they count, ms: who asks has his mail tried once, soon. */
const MOST = 200;
const LASTS = 3_600_000;

/** What somebody has asked for since when. */
export class Demands {
  #all: readonly { readonly at: number; readonly matches: (entry: QueueEntry) => boolean }[] = [];

  add(filter: QueueFilter, at: number): void {
    this.#all = [...this.#all, { at, matches: matcherOf(filter) }].slice(-MOST);
  }

  /** Somebody has asked for this message since it was tried last. */
  isAsked(entry: QueueEntry, now: number): boolean {
    const { lastTry = 0 } = entry;
    if (this.#all.length === 0) return false;
    this.#all = this.#all.filter(({ at }) => at + LASTS > now);
    return this.#all.some(({ at, matches }) => lastTry < at && matches(entry));
  }
}
