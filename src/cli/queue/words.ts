/** Times, sizes and addresses as the queue commands write them for people. */
import { ctimeDate } from "../../mail/date.ts";

/** A time so far away means: when somebody asks for a queue run. */
const FAR = 100 * 365 * 86_400_000;

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
] as const;

/** "3d", "2h", "12m", "5s": how long. @param ms milliseconds; less than nothing is nothing */
export function age(ms: number): string {
  const [unit, length] = UNITS.find(([, each]) => ms >= each) ?? ["s", 1000];
  return `${Math.floor(Math.max(0, ms) / length)}${unit}`;
}

/** "now", "in 12m", "when asked". @param at milliseconds since the epoch, as is `now` */
export function nextTime(at: number, now: number): string {
  if (at - now > FAR) return "when asked";
  return at <= now ? "now" : `in ${age(at - now)}`;
}

/** "812", "1.2K", "34M": octets. */
export function size(octets: number): string {
  let left = octets;
  for (const unit of ["", "K", "M", "G"]) {
    if (left < 1000 || unit === "G") return left < 10 && unit !== "" ? left.toFixed(1) + unit : Math.round(left) + unit;
    left /= 1024;
  }
  return String(octets);
}

/** "Fri Nov 20 18:56": local time, to the minute. @param ms milliseconds since the epoch */
export function moment(ms: number): string {
  return ctimeDate(ms).slice(0, 16);
}

/** "1 message", "2 messages". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** In angle brackets, unless it is the name of a user, a program or a file. */
export function address(given: string): string {
  return given.includes("@") && !/^(?:[<|/:]|"[|/:])/.test(given) ? `<${given}>` : given;
}

/** "a, b, c and 12 more". */
export function some(texts: readonly string[], most: number): string {
  const more = texts.length - most;
  return more > 0 ? `${texts.slice(0, most).join(", ")} and ${more} more` : texts.join(", ");
}
