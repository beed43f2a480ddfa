/** Options whose text is a list of words or the first letter of one: read in one place, the same for everybody. */
import { type MimeLimits, readMimeLimits } from "../mail/mime-limits.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { Config, Options } from "./config.ts";

/** DontBlameSendmail: the names in force, as written; who compares them does so in any letter case. */
export function dontBlameOf(options: Pick<Options, "text">): ReadonlySet<string> {
  return wordsOf(options.text("DontBlameSendmail"));
}

const GOAWAY = ["novrfy", "noexpn", "noverb", "needmailhelo", "needexpnhelo", "needvrfyhelo", "nobodyreturn"];

/** PrivacyOptions in lower case, `goaway` spelt out (manual §5.6). */
export function privacyOf(options: Pick<Options, "text">): ReadonlySet<string> {
  const words = wordsOf(options.text("PrivacyOptions").toLowerCase());
  return words.has("goaway") ? new Set([...words, ...GOAWAY]) : words;
}

/** b: delivered at once, i: while the client waits, q and d: by the next queue run, d without look-ups before. */
export type DeliveryMode = "b" | "i" | "q" | "d";

/** @param text of DeliveryMode, in any letter case; what is none of the four means background */
export function readDeliveryMode(text: string): DeliveryMode {
  const letter = text.charAt(0).toLowerCase();
  return letter === "i" || letter === "q" || letter === "d" ? letter : "b";
}

function deliveryModeOf(options: Pick<Options, "text">): DeliveryMode {
  return readDeliveryMode(options.text("DeliveryMode"));
}

/**
 * The mode of a session, a message or an attempt: what {deliveryMode} says there (a port with D=, `-od` of a submission, a
 * queue run), else that of the configuration.
 */
export function deliveryModeIn(
  { options, macros }: Pick<Config, "options" | "macros">,
  scope: MacroScope,
): DeliveryMode {
  const said = scope.get("deliveryMode");
  // Test mode has the macro of its command line, but no mode applies to it.
  return said === undefined || said === macros.get("deliveryMode") ? deliveryModeOf(options) : readDeliveryMode(said);
}

/** MaxMimeHeaderLength, and the classes that say which fields it is about. */
export function mimeLimitsOf({ options, classWords }: Pick<Config, "options" | "classWords">): MimeLimits {
  const text = classWords("checkMIMETextHeaders");
  const structured = classWords("checkMIMEHeaders");
  const parameters = classWords("checkMIMEFieldHeaders");
  return {
    ...readMimeLimits(options.text("MaxMimeHeaderLength")),
    isText: (name) => text.hasFolded(name),
    isStructured: (name) => structured.hasFolded(name),
    hasParameters: (name) => parameters.hasFolded(name),
  };
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.split(/[\s,]+/).filter((word) => word !== ""));
}
