/** Time values: "5d", "1h30m", "90" (in the unit of the option), "now". */
import { asShown, type ConfigMessages } from "../cf/messages.ts";

export type TimeUnit = "s" | "m" | "h" | "d" | "w";

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

export interface TimeReading {
  /** Milliseconds. */
  readonly value: number;
  /** Letters that are no unit, and where they stand. */
  readonly strangers: readonly Stranger[];
}

export interface Stranger {
  readonly letter: string;
  readonly index: number;
}

const NONE: readonly Stranger[] = [];

/** @param offset index of the time, counted from the focus of messages */
export function reportTime({ strangers }: TimeReading, messages: ConfigMessages, offset = 0): void {
  for (const { letter, index } of strangers) {
    messages.remark(`Invalid time unit \`${asShown(letter)}'`, { offset: offset + index });
  }
}

export function readTime(text: string, unit: TimeUnit): TimeReading {
  if (text.toLowerCase() === "now") return { value: 0, strangers: NONE };
  let seconds = 0;
  let strangers = NONE;
  const parts = /(-?[0-9]+|-?)([^0-9]?)/y;
  while (parts.lastIndex < text.length) {
    const at = parts.lastIndex;
    const found = parts.exec(text);
    if (!found || parts.lastIndex === at) break;
    const letter = found[2] === "" ? unit : found[2];
    const factor = SECONDS[letter];
    if (factor === undefined) strangers = [...strangers, { letter: found[2], index: at + found[1].length }];
    else seconds += Number.parseInt(found[1] || "0", 10) * factor;
  }
  return { value: seconds * 1000, strangers };
}
