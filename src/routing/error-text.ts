/**
 * What `$#error $@ CODE $: TEXT` says: an SMTP reply.
 *
 * The text may begin with a reply code and an enhanced code ("550 5.1.1 User unknown"); CODE is an enhanced code, a
 * number or a word of sysexits.
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

/** What `$@` may hold beside an enhanced code: words of sysexits. */
const WORDS: Readonly<Record<string, ExitCode>> = {
  USAGE: EX.USAGE,
  NOUSER: EX.NOUSER,
  NOHOST: EX.NOHOST,
  UNAVAILABLE: EX.UNAVAILABLE,
  SOFTWARE: EX.SOFTWARE,
  TEMPFAIL: EX.TEMPFAIL,
  PROTOCOL: EX.PROTOCOL,
  CONFIG: EX.CONFIG,
};
const ENHANCED = /^[245]\.[0-9]{1,3}\.[0-9]{1,3}$/;

/**
 * The reply for `$#error $@ host $: user`. A text without a code of its own is 553 5.3.0, whatever the host part says;
 * only a temporary failure stays temporary.
 */
export function errorReply(host: string, user: string): Reply {
  return { ...smtpReply(host, user), exit: errorExit(host) };
}

function smtpReply(host: string, user: string): Reply {
  const { code, enhanced, text } = readErrorText(user);
  const given = ENHANCED.test(host) ? host : undefined;
  if (code !== undefined) return reply(code, enhanced ?? given ?? `${Math.trunc(code / 100)}.0.0`, text);
  if (!host.startsWith("5.") && errorExit(host) === EX.TEMPFAIL) return reply(451, given ?? "4.0.0", text);
  return reply(553, "5.3.0", text);
}

/** True for replies that name the address in front of the text: `550 5.1.1 <joe@example.org>... User unknown`. */
export function namesAddress(code: number | undefined): boolean {
  return code === undefined || code === 553 || (code % 100 === 50 && code !== 350);
}

/** The exit status that the host part of `$#error` stands for. */
export function errorExit(host: string): ExitCode {
  const word = WORDS[host.toUpperCase()];
  if (word !== undefined) return word;
  if (/^[1-9][0-9]{0,2}$/.test(host)) return (Number(host) & 255) as ExitCode;
  if (/^2\.[0-9]+\.[0-9]+$/.test(host)) return EX.USAGE;
  if (/^4\.[0-9]+\.[0-9]+$/.test(host)) return EX.TEMPFAIL;
  const [, subject = "", detail = ""] = /^5\.([0-9]+)\.([0-9]+)$/.exec(host) ?? [];
  const exits = EXITS[subject];
  return exits?.[detail] ?? exits?.[""] ?? EX.UNAVAILABLE;
}

/** Subject of an enhanced code → what its details stand for; "" for those without a word of their own. */
const EXITS: Readonly<Record<string, Readonly<Record<string, ExitCode>>>> = {
  "1": {
    "0": EX.DATAERR,
    "1": EX.NOUSER,
    "2": EX.NOHOST,
    "3": EX.USAGE,
    "5": EX.CONFIG,
    "6": EX.NOUSER,
    "7": EX.USAGE,
    "8": EX.NOHOST,
  },
  "2": { "3": EX.DATAERR },
  "3": { "": EX.OSERR },
  "4": {
    "0": EX.IOERR,
    "1": EX.TEMPFAIL,
    "2": EX.IOERR,
    "3": EX.TEMPFAIL,
    "4": EX.PROTOCOL,
    "5": EX.TEMPFAIL,
    "6": EX.CONFIG,
  },
  "5": { "": EX.PROTOCOL },
  "7": { "": EX.DATAERR },
};
