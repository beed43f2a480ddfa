/**
 * What was counted on one day: rows that are unlike each other, each with how often it came. A file of the day keeps them, one JSON
 * object a line; it is replaced as a whole, so that a crash leaves the old counts or the new ones.
 *
 *     {"kind":"dmarc","row":{...},"count":12}
 *
 * There is room for so many rows. What comes then and is like none of them is counted as left out.
 */
import type { DmarcRow, PublishedPolicy } from "./dmarc-report.ts";
import type { TlsFailureDetail } from "./tls-report.ts";

/** A message that was looked at, for the domain whose policy it was. */
export interface DmarcCount {
  readonly kind: "dmarc";
  readonly policy: PublishedPolicy;
  readonly row: Omit<DmarcRow, "count">;
}

/** A session; without a detail it was as the policy wants it. */
export interface TlsCount {
  readonly kind: "tls";
  /** Whose report it is: the next hop. */
  readonly domain: string;
  readonly policy: {
    readonly type: string;
    readonly strings: readonly string[];
    readonly domain: string;
    readonly mxHosts: readonly string[];
  };
  readonly detail?: Omit<TlsFailureDetail, "sessions">;
}

export type Counted = DmarcCount | TlsCount;

export interface Entry {
  readonly what: Counted;
  count: number;
}

/** Of all rows: names that strangers choose may be long. */
const MOST_OCTETS = 16 * 1024 * 1024;

/** Characters that are made at once: a millisecond's work. */
const PIECE = 64 * 1024;

export class DayBucket {
  readonly #rows = new Map<string, Entry>();
  readonly #most: number;
  #octets = 0;
  /** Messages and sessions for which there was no room. */
  leftOut = 0;

  /** @param most rows */
  constructor(most: number) {
    this.#most = most;
  }

  /** @returns false when there was no room */
  add(what: Counted, count = 1): boolean {
    const key = JSON.stringify(what);
    const known = this.#rows.get(key);
    if (known !== undefined) {
      known.count += count;
      return true;
    }
    if (this.#rows.size >= this.#most || this.#octets + key.length > MOST_OCTETS) {
      this.leftOut += count;
      return false;
    }
    this.#octets += key.length;
    this.#rows.set(key, { what, count });
    return true;
  }

  get entries(): Iterable<Entry> {
    return this.#rows.values();
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Its file, in pieces: what is counted between two of them may be in it, or not. */
  *pieces(): Generator<string> {
    let text = `${JSON.stringify({ leftOut: this.leftOut })}\n`;
    for (const entry of this.#rows.values()) {
      text += `${JSON.stringify(entry)}\n`;
      if (text.length < PIECE) continue;
      yield text;
      text = "";
    }
    yield text;
  }

  /** Adds what a file says; lines that make no sense are passed over. @returns how many these were */
  restore(text: string): number {
    let damaged = 0;
    for (const line of text.split("\n")) {
      if (line === "") continue;
      const entry = readLine(line);
      if (entry === undefined) damaged++;
      else if ("leftOut" in entry) this.leftOut += entry.leftOut;
      else this.add(entry.what, entry.count);
    }
    return damaged;
  }
}

/** The file is ours: that its lines are whole is all there is to find out. */
function readLine(line: string): Entry | { readonly leftOut: number } | undefined {
  try {
    const value = JSON.parse(line) as Partial<Entry> & { readonly leftOut?: number };
    if (typeof value.leftOut === "number") return { leftOut: value.leftOut };
    const { what, count } = value;
    const isKnown = what?.kind === "dmarc" || what?.kind === "tls";
    return isKnown && typeof count === "number" ? { what, count } : undefined;
  } catch {
    return undefined;
  }
}

/** "2026-12-01" */
export function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}

export const DAY = 86_400_000;

/** Milliseconds since the epoch at which a day begins (UTC, as reports count them). */
export function beginOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}
