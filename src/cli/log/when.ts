/** Times that people type: --since 2h, --since yesterday, --until 2026-12-01T18:00. */
import { duration } from "../duration.ts";

const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?)?$/;
const TIME = /^(\d\d):(\d\d)(?::(\d\d))?$/;

/**
 * @param text a length of time before now ("30m", "2h", "7d"), "today", "yesterday", a time of today, a date, or both; local time
 * @param now ms since the epoch, as is what is returned; undefined for what is none of these
 */
export function timeOf(text: string, now: number): number | undefined {
  const ago = duration(text);
  if (ago !== undefined) return now - ago;
  const today = new Date(now);
  const midnight = (daysAgo: number): number =>
    new Date(today.getFullYear(), today.getMonth(), today.getDate() - daysAgo).getTime();
  if (text === "today") return midnight(0);
  if (text === "yesterday") return midnight(1);
  const time = TIME.exec(text);
  if (time !== null) {
    const [, hour, minute, second = "0"] = time;
    return new Date(midnight(0)).setHours(Number(hour), Number(minute), Number(second));
  }
  const [, year, month, day, hour = "0", minute = "0", second = "0"] = DATE.exec(text) ?? [];
  if (year === undefined) return undefined;
  const at = new Date(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  return at.getMonth() === Number(month) - 1 ? at.getTime() : undefined;
}

const two = (number: number): string => String(number).padStart(2, "0");

/** "2026-12-01", local time. */
export function dateText(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** "18:56:32", local time. */
export function clockText(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}
