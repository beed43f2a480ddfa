/** What -o, -O, -e and -v on the command line say about one submission. Options beside these are the server's. */
import type { CommandLineSetting } from "../config/environment.ts";
import type { SendmailArguments } from "./arguments.ts";

/** The value of an option as the command line last gave it, by its letter or its long name; "" without a value. */
function lastValue(settings: readonly CommandLineSetting[], letter: string, name: string): string | undefined {
  let value: string | undefined;
  for (const { kind, text } of settings) {
    if (kind !== "option") continue;
    const long = /^\s+([A-Za-z]+)\s*(?:=\s*([^]*))?$/.exec(text);
    if (long?.[1].toLowerCase() === name.toLowerCase()) value = long[2] ?? "";
    else if (long === null && text.startsWith(letter)) value = text.slice(letter.length);
  }
  return value?.trim();
}

/** Options without a value are true. */
function lastFlag(settings: readonly CommandLineSetting[], letter: string, name: string): boolean | undefined {
  const value = lastValue(settings, letter, name);
  return value === undefined ? undefined : value === "" || /^[ty]/i.test(value);
}

/** Options that a submission reads itself. */
const OF_SUBMISSION = /^(?:[dievo]|\s+(?:DeliveryMode|IgnoreDots|ErrorMode|Verbose|OldStyleHeaders)\s*(?:=|$))/i;

/** Something is set beside what every submission knows: whether it is an option at all takes a longer look. */
export function isUnusual(settings: readonly CommandLineSetting[]): boolean {
  return settings.some(({ kind, text }) => kind === "option" && !OF_SUBMISSION.test(text));
}

/** How the message came to the caller: -p, -Mr and -Ms. Other macros are the server's. */
export function givenOrigin({ protocol, protocolHost, settings }: SendmailArguments): {
  readonly protocol?: string;
  readonly protocolHost?: string;
} {
  const macro = (letter: string): string | undefined =>
    settings.findLast(({ kind, text }) => kind === "macro" && text.startsWith(letter))?.text.slice(1);
  const [how, host] = [protocol ?? macro("r"), protocolHost ?? macro("s")];
  return { ...(how === undefined ? {} : { protocol: how }), ...(host === undefined ? {} : { protocolHost: host }) };
}

export interface SubmissionOptions {
  readonly ignoreDots: boolean;
  readonly verbose: boolean;
  readonly oldStyle?: boolean;
  /** First letter of DeliveryMode; -v always waits for the delivery. */
  readonly deliveryMode?: string;
  /** First letter of ErrorMode. */
  readonly errorMode?: "p" | "q" | "m" | "w" | "e";
  /** A value that there is not, in sendmail's words. */
  readonly problem?: string;
}

export function submissionOptions({ settings, ignoreDots }: SendmailArguments): SubmissionOptions {
  const delivery = lastValue(settings, "d", "DeliveryMode")?.charAt(0).toLowerCase();
  const errors = lastValue(settings, "e", "ErrorMode")?.charAt(0).toLowerCase();
  const oldStyle = lastFlag(settings, "o", "OldStyleHeaders");
  const errorMode = (["p", "q", "m", "w", "e"] as const).find((each) => each === errors);
  const verbose = lastFlag(settings, "v", "Verbose") ?? false;
  const deliveryMode = verbose ? "i" : delivery || undefined;
  const unknown = delivery !== undefined && delivery !== "" && !"bidq".includes(delivery);
  return {
    ignoreDots: ignoreDots || (lastFlag(settings, "i", "IgnoreDots") ?? false),
    verbose,
    ...(oldStyle === undefined ? {} : { oldStyle }),
    ...(deliveryMode === undefined ? {} : { deliveryMode }),
    ...(errorMode === undefined ? {} : { errorMode }),
    ...(unknown ? { problem: `Unknown delivery mode ${delivery}` } : {}),
  };
}
