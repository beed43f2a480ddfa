/**
 * What `$#error $@ CODE $: TEXT` says: an SMTP reply.
 *
 * The text may begin with a reply code and an enhanced code ("550 5.1.1 User unknown"); CODE is an enhanced code, a
 * number or a word of sysexits. What one does not tell follows from the other.
 */
import { reply, type Reply } from "../mail/reply.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";

export interface ErrorText {
  /** Reply code at the start of the text. */
  readonly code: number | undefined;
  /** Enhanced code after it. */
  readonly enhanced: string | undefined;
  readonly text: string;
}

/** @param text the user part of `$#error`, still with its quotes */
export function readErrorText(text: string): ErrorText {
  const plain = withoutQuotes(text);
  const found = /^([0-9]{3}) (?:([245]\.[0-9]{1,3}\.[0-9]{1,3}) )?([^]*)$/.exec(plain);
  if (!found) return { code: undefined, enhanced: undefined, text: plain };
  return { code: Number(found[1]), enhanced: found[2], text: found[3] };
}

/** Quotes that a backslash does not protect disappear. */
function withoutQuotes(text: string): string {
  return text.includes('"') ? text.replace(/\\([^])|"/g, (whole) => (whole === '"' ? "" : whole)) : text;
}

/** Word or number after `$@` → what it means. The numbers are those of sysexits.h. */
const MEANINGS: Readonly<Record<string, { readonly code: number; readonly enhanced: string }>> = {
  USAGE: { code: 553, enhanced: "5.5.4" },
  NOUSER: { code: 550, enhanced: "5.1.1" },
  NOHOST: { code: 550, enhanced: "5.1.2" },
  UNAVAILABLE: { code: 553, enhanced: "5.0.0" },
  SOFTWARE: { code: 553, enhanced: "5.3.0" },
  TEMPFAIL: { code: 450, enhanced: "4.0.0" },
  PROTOCOL: { code: 553, enhanced: "5.5.0" },
  CONFIG: { code: 553, enhanced: "5.3.5" },
};
const WORD_OF_NUMBER = new Map<number, string>([
  [EX.USAGE, "USAGE"],
  [EX.NOUSER, "NOUSER"],
  [EX.NOHOST, "NOHOST"],
  [EX.UNAVAILABLE, "UNAVAILABLE"],
  [EX.SOFTWARE, "SOFTWARE"],
  [EX.TEMPFAIL, "TEMPFAIL"],
  [EX.PROTOCOL, "PROTOCOL"],
  [EX.CONFIG, "CONFIG"],
]);

/** The reply for `$#error $@ host $: user`. */
export function errorReply(host: string, user: string): Reply {
  const { code, enhanced, text } = readErrorText(user);
  const given = /^[245]\.[0-9]{1,3}\.[0-9]{1,3}$/.test(host) ? host : undefined;
  const word = /^[0-9]+$/.test(host) ? WORD_OF_NUMBER.get(Number(host)) : host.toUpperCase();
  const meaning = word === undefined ? undefined : MEANINGS[word];
  const status = enhanced ?? given ?? (code === undefined ? meaning?.enhanced : undefined);
  const number = code ?? meaning?.code ?? (status?.startsWith("4") ? 451 : 553);
  return reply(number, status ?? defaultStatus(number), text);
}

function defaultStatus(code: number): string {
  return code >= 400 && code < 500 ? "4.0.0" : "5.0.0";
}

/** The exit status that goes with a refusal. */
export function exitOf({ code, enhanced = "" }: Reply): ExitCode {
  if (code < 500) return EX.TEMPFAIL;
  return EXITS[enhanced] ?? EX.UNAVAILABLE;
}

const EXITS: Readonly<Record<string, ExitCode>> = {
  "5.1.1": EX.NOUSER,
  "5.1.2": EX.NOHOST,
  "5.1.3": EX.DATAERR,
  "5.3.0": EX.SOFTWARE,
  "5.3.5": EX.CONFIG,
  "5.5.0": EX.PROTOCOL,
  "5.5.4": EX.USAGE,
};
