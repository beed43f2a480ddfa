/** BY= of MAIL, and what EHLO says about it (RFC 2852 §4; O DeliverByMin). */
import type { Options } from "../config/config.ts";
import { type DeliverBy, LONGEST_BY } from "../envelope/deliver-by.ts";
import { type Reply, reply } from "../mail/reply.ts";

/** Seconds; undefined: a negative DeliverByMin takes the extension away. */
function least(options: Pick<Options, "time">): number | undefined {
  const time = options.time("DeliverByMin");
  return time < 0 ? undefined : Math.floor(time / 1000);
}

/** The keyword of EHLO, with the shortest time that BY= with R may ask for; undefined: not offered. */
export function deliverByKeyword(options: Pick<Options, "time">): string | undefined {
  const seconds = least(options);
  if (seconds === undefined) return undefined;
  return seconds === 0 ? "DELIVERBY" : `DELIVERBY ${seconds}`;
}

const syntax = (text: string): Reply => reply(501, "5.5.2", text);

/**
 * Reads "120;R", "-5;NT".
 * @returns undefined when the extension is not offered, or the reply that refuses the value
 */
export function readDeliverBy(value: string | null, options: Pick<Options, "time">): DeliverBy | Reply | undefined {
  const shortest = least(options);
  if (shortest === undefined) return undefined;
  if (value === null) return syntax("BY= requires a value");
  const [, digits = "", rest] = /^([+-]?\d+)?(.*)$/s.exec(value)!;
  const seconds = Number.parseInt(digits, 10) || 0;
  if (Math.abs(seconds) > LONGEST_BY) return syntax(`BY=${value} out of range`);
  if (!rest.startsWith(";")) return syntax("BY= missing ';'");
  const mode = rest.charAt(1).toUpperCase();
  if (mode !== "R" && mode !== "N") return syntax(`illegal by-mode '${rest.charAt(1) || "?"}'`);
  if (mode === "R" && seconds <= 0) return reply(501, "5.5.4", "mode R requires BY time > 0");
  if (mode === "R" && seconds < shortest) return reply(555, "5.5.2", `time ${seconds} less than ${shortest}`);
  // What follows the T is passed over, as by sendmail.
  const trace = rest.charAt(2);
  if (trace !== "" && trace.toUpperCase() !== "T") return syntax(`illegal by-trace '${trace}'`);
  return { seconds, mode: mode === "R" ? "return" : "notify", trace: trace !== "" };
}
