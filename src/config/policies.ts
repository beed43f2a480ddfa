/** Options whose text is a list of words or the first letter of one: read in one place, the same for everybody. */
import type { Options } from "./config.ts";

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

export function deliveryModeOf(options: Pick<Options, "text">): DeliveryMode {
  return readDeliveryMode(options.text("DeliveryMode"));
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.split(/[\s,]+/).filter((word) => word !== ""));
}
