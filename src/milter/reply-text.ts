/**
 * SMFIR_REPLYCODE: the reply of SMTP that a filter wants given, as text.
 *
 *     550 5.7.1 Not here
 *     550-5.7.1 Not here,\r\n550 5.7.1 and not there
 *
 * Read as sendmail reads it: a `%` stands twice, for the text was a format once.
 */
import type { FilterReply } from "./filter.ts";

const ENHANCED = /^([245]\.\d{1,3}\.\d{1,3})[ \t]/;

/** The reply; undefined when it is no 4xx or 5xx, or a `%` stands alone: then sendmail takes it as a plain refusal. */
export function parseReply(text: string): FilterReply | undefined {
  const code = /^[45]\d\d(?!\d)/.exec(text)?.[0];
  if (code === undefined || /%/.test(text.replaceAll("%%", ""))) return undefined;
  let enhanced: string | undefined;
  const lines = text
    .replaceAll("%%", "%")
    .replace(/(?:\r?\n)+$/, "")
    .split(/\r\n|\r|\n/)
    .map((line, index) => {
      const rest = line.replace(index === 0 ? /^...[ -]?/ : /^[45]\d\d(?:[ -]|$)/, "");
      const found = ENHANCED.exec(rest);
      if (index === 0) enhanced = found?.[1];
      return found ? rest.slice(found[0].length) : rest;
    });
  return { kind: "reply", code: Number(code), ...(enhanced !== undefined && { enhanced }), lines };
}
