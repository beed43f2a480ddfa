/**
 * What waits, by what it has in common: the first question of every bad morning. Plain data that travels over the control
 * socket.
 *
 *     412 recipients  398 messages  far.test   Connection refused by mx.far.test.
 *      31 recipients   31 messages  near.test  451 4.7.1 Greylisted for # seconds
 */
import { isOpen } from "../envelope/recipient.ts";
import { reasonOutline } from "../envelope/reason-outline.ts";
import { destinationHost } from "../queue/filter.ts";
import type { EntryOutline, OutlinedRecipient } from "../queue/outline.ts";

/** What recipients can be counted by. */
export const TOP_FIELDS = ["destination", "reason", "sender", "group"] as const;
export type TopField = (typeof TOP_FIELDS)[number];

export interface TopLine {
  /** The fields that were asked for. */
  readonly fields: Readonly<Partial<Record<TopField, string>>>;
  readonly recipients: number;
  readonly messages: number;
  /** Of their bodies. */
  readonly octets: number;
  /** Arrival of the oldest message, and when one of them is tried next, unless all are held; ms since the epoch. */
  readonly oldest: number;
  readonly nextTry?: number;
  /** The queue id of the oldest. */
  readonly example: string;
}

export interface Top {
  readonly messages: number;
  readonly recipients: number;
  readonly octets: number;
  /** Messages that are held. */
  readonly held: number;
  /** The largest first. */
  readonly lines: readonly TopLine[];
  /** Lines that are left out, and their recipients. */
  readonly others: { readonly lines: number; readonly recipients: number };
}

type Draft = { -readonly [Key in keyof TopLine]: TopLine[Key] };

/** Lines that are kept apart; what comes after so many is counted only in the sums. */
const MOST_LINES = 50_000;
/** Texts whose outlines are remembered: most messages wait for what others wait for, too. */
const MOST_OUTLINES = 10_000;

/** Counts messages, one after the other. */
export class TopCount {
  readonly #by: readonly TopField[];
  readonly #isMeant: (recipient: OutlinedRecipient) => boolean;
  readonly #lines = new Map<string, Draft>();
  /** What was said → its outline. */
  readonly #outlines = new Map<string, string>();
  #messages = 0;
  #recipients = 0;
  #octets = 0;
  #held = 0;

  /** @param isMeant which recipients count; those that are not open never do */
  constructor(by: readonly TopField[], isMeant: (recipient: OutlinedRecipient) => boolean = isOpen) {
    this.#by = by;
    this.#isMeant = isMeant;
  }

  /** @param waits why it is not tried now, when something particular holds it up */
  add(entry: EntryOutline, waits?: string): void {
    const { id, envelope, hold, nextTry } = entry;
    const { bodySize, arrived } = envelope;
    this.#messages++;
    this.#octets += bodySize;
    if (hold !== undefined) this.#held++;
    const counted = new Set<Draft>();
    for (const recipient of envelope.recipients) {
      if (!isOpen(recipient) || !this.#isMeant(recipient)) continue;
      this.#recipients++;
      const line = this.#lineOf(entry, recipient, waits);
      if (line === undefined) continue;
      line.recipients++;
      if (counted.has(line)) continue;
      counted.add(line);
      line.messages++;
      line.octets += bodySize;
      if (hold === undefined) line.nextTry = Math.min(line.nextTry ?? nextTry, nextTry);
      if (arrived >= line.oldest) continue;
      line.oldest = arrived;
      line.example = id;
    }
  }

  /** @param most lines */
  result(most: number): Top {
    const sorted = [...this.#lines.values()].toSorted((a, b) => b.recipients - a.recipients || a.oldest - b.oldest);
    const shown = sorted.slice(0, most);
    const recipients = shown.reduce((sum, line) => sum - line.recipients, this.#recipients);
    return {
      messages: this.#messages,
      recipients: this.#recipients,
      octets: this.#octets,
      held: this.#held,
      lines: shown,
      others: { lines: sorted.length - shown.length, recipients },
    };
  }

  #lineOf(entry: EntryOutline, recipient: OutlinedRecipient, waits: string | undefined): Draft | undefined {
    const values = this.#by.map((field) => this.#fieldOf(field, entry, recipient, waits));
    const key = values.join("\n");
    const known = this.#lines.get(key);
    if (known !== undefined || this.#lines.size >= MOST_LINES) return known;
    const fields = Object.fromEntries(this.#by.map((field, index) => [field, values[index]]));
    const line: Draft = {
      fields,
      recipients: 0,
      messages: 0,
      octets: 0,
      oldest: Infinity,
      example: "",
    };
    this.#lines.set(key, line);
    return line;
  }

  #fieldOf(field: TopField, entry: EntryOutline, recipient: OutlinedRecipient, waits: string | undefined): string {
    switch (field) {
      case "destination":
        return destinationName(recipient);
      case "reason":
        return this.#reasonOf(entry, recipient, waits);
      case "sender":
        return `<${entry.envelope.sender}>`;
      default:
        return entry.group;
    }
  }

  #reasonOf({ hold, attempts }: EntryOutline, { status }: OutlinedRecipient, waits: string | undefined): string {
    if (hold !== undefined) return `held: ${this.#outlineOf(hold)}`;
    if (waits !== undefined) return `waits: ${this.#outlineOf(waits)}`;
    if (status !== undefined) return this.#outlineOf(status.text.replace(/^Deferred: /, ""));
    return attempts === 0 ? "not tried yet" : "no outcome yet";
  }

  #outlineOf(text: string): string {
    let outline = this.#outlines.get(text);
    if (outline === undefined) {
      outline = reasonOutline(text);
      if (this.#outlines.size >= MOST_OUTLINES) this.#outlines.clear();
      this.#outlines.set(text, outline);
    }
    return outline;
  }
}

/** A host, else the mailer that delivers without one. */
function destinationName(recipient: OutlinedRecipient): string {
  const { resolved } = recipient;
  if (resolved !== undefined && resolved.host === "") return `mailer ${resolved.mailer}`;
  return destinationHost(recipient).toLowerCase().replace(/\.$/, "");
}
