/** What sessions need of the options, read once for each site and not for each session. */
import type { Config } from "../config/config.ts";
import { macroValue } from "../rewriting/macro-value.ts";

export interface SessionSettings {
  /** $j. */
  readonly hostName: string;
  /** PrivacyOptions in lower case, `goaway` spelt out. */
  readonly privacy: ReadonlySet<string>;
  /** Accepted mail only waits in the queue; RCPT replies say so. */
  readonly queuesOnly: boolean;
  /** Milliseconds; 0 for no end. */
  readonly commandTimeout: number;
  readonly dataTimeout: number;
  readonly tlsConfigured: boolean;
}

export function readSessionSettings(config: Config): SessionSettings {
  const { options } = config;
  return {
    hostName: macroValue("j", config.macros.child()),
    privacy: privacyOf(options.text("PrivacyOptions")),
    queuesOnly: /^[qd]/i.test(options.text("DeliveryMode")),
    commandTimeout: options.timeout("command"),
    dataTimeout: options.timeout("datablock"),
    tlsConfigured: options.text("ServerCertFile") !== "" && options.text("ServerKeyFile") !== "",
  };
}

const goaway = ["novrfy", "noexpn", "noverb", "needmailhelo", "needexpnhelo", "needvrfyhelo", "nobodyreturn"];

function privacyOf(text: string): ReadonlySet<string> {
  const words = text.toLowerCase().split(/[\s,]+/);
  return new Set(words.includes("goaway") ? [...words, ...goaway] : words);
}
