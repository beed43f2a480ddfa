/** -q in all its forms: when and how the queue is run, and which of its messages are meant. */
import type { QueueFilter, TextMatch } from "../queue/filter.ts";

/** One condition of -qI, -qR, -qS, -qQ: entries (not) holding the text. */
export interface QueueSelection {
  readonly field: "id" | "recipient" | "sender" | "reason";
  readonly text: string;
  readonly negated: boolean;
}

/** What all -q together ask for. */
export interface QueueRun {
  /** Milliseconds between runs; absent for a single run. */
  readonly interval?: number;
  /** -qp: one process that runs the queue again and again. */
  readonly persistent: boolean;
  readonly foreground: boolean;
  readonly group?: string;
  readonly selections: readonly QueueSelection[];
  /** Work on quarantined or on lost entries. */
  readonly set: "normal" | "quarantined" | "lost";
}

export const NO_RUN: QueueRun = { persistent: false, foreground: false, selections: [], set: "normal" };

/** What -qp waits between two runs when it does not say, ms. */
const PERSISTENT_INTERVAL = 1_000;

const SELECTED: Readonly<Record<string, QueueSelection["field"]>> = {
  I: "id",
  R: "recipient",
  S: "sender",
  Q: "reason",
};
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** One more -q with this value; or what is wrong with it, in sendmail's words. */
export function withQueueWord(run: QueueRun, value: string): QueueRun | string {
  const negated = value.startsWith("!");
  const text = negated ? value.slice(1) : value;
  const letter = text[0] ?? "";
  const rest = text.slice(1);
  const field = SELECTED[letter];
  if (text === "Q") return { ...run, set: "quarantined" };
  if (field !== undefined) {
    const set = field === "reason" ? "quarantined" : run.set;
    return { ...run, set, selections: [...run.selections, { field, text: rest, negated }] };
  }
  switch (letter) {
    case "L":
      return { ...run, set: "lost" };
    case "G":
      return run.group === undefined ? { ...run, group: rest } : "Can not use multiple -qG options";
    case "f":
      return { ...run, foreground: true };
    case "p":
      return withInterval({ ...run, persistent: true }, rest, PERSISTENT_INTERVAL);
    default:
      return withInterval(run, text, undefined);
  }
}

function withInterval(run: QueueRun, time: string, initial: number | undefined): QueueRun | string {
  const ms = time === "" ? initial : intervalOf(time);
  if (typeof ms === "string") return ms;
  // Every 0 seconds is once.
  return ms === undefined || ms === 0 ? run : { ...run, interval: ms };
}

/** "30m", "1h15m", "90" (minutes) in milliseconds; or what is wrong with it. */
function intervalOf(text: string): number | string {
  if (text.startsWith("-")) return "Invalid -q value";
  let seconds = 0;
  let read = 0;
  for (const [part, count, unit] of text.matchAll(/([0-9]+)([smhdw]?)/gy)) {
    seconds += Number(count) * SECONDS[unit || "m"];
    read += part.length;
  }
  return read < text.length ? `Invalid time unit \`${text[read]}'` : seconds * 1000;
}

/** Which messages -qI, -qR, -qS, -qQ and -qG select; without -qQ those that are not quarantined. */
export function filterOf(run: QueueRun = NO_RUN): QueueFilter {
  const filter: { -readonly [K in keyof QueueFilter]: QueueFilter[K] } = { held: run.set === "quarantined" };
  if (run.group !== undefined) filter.group = run.group;
  for (const { field, text, negated } of run.selections) {
    const condition: TextMatch = negated ? { text, not: true } : { text };
    filter[field] = [...(filter[field] ?? []), condition];
  }
  return filter;
}
