/**
 * The help file (O HelpFile): what HELP of SMTP and `?` of test mode say.
 *
 *     #vers	2
 *     smtp	This is the mail server $j
 *     mail	MAIL From:<sender>
 *
 * A line is about every topic that it begins with; what stands behind its first blank or tab is shown. Lines that begin with
 * `#` are comments. Macros are filled in from version 2 on.
 */
import { closeSync, readFileSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { dontBlameOf } from "../config/policies.ts";
import { markLiterals, readMacroText } from "../rewriting/macro-text.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { openSafely } from "../sys/safe-file.ts";

export interface HelpText {
  /** As the file says in its first line; 0 when it does not. */
  readonly version: number;
  /** Nothing when the file does not know the topic. */
  readonly lines: readonly string[];
}

/** From this version on `$x` in a help file is a macro. */
const WITH_MACROS = 2;

/**
 * @param topic as it stands in the file
 * @returns undefined when there is no help file, or none that can be trusted
 */
export function readHelp(config: Config, topic: string, scope: MacroScope): HelpText | undefined {
  const text = helpText(config);
  if (text === undefined) return undefined;
  const all = text.split("\n");
  const version = Number(/^#vers\s+([0-9]+)/.exec(all[0])?.[1] ?? "0");
  const about = all.filter((line) => line.startsWith(topic) && !line.startsWith("#"));
  const lines = about.map((line) => {
    const shown = /[ \t]([^]*)$/.exec(line)?.[1] ?? "";
    return version >= WITH_MACROS ? config.expand(readMacroText(markLiterals(shown)).text, scope) : shown;
  });
  return { version, lines };
}

function helpText({ options }: Config): string | undefined {
  const file = options.text("HelpFile");
  if (file === "") return undefined;
  const opened = openSafely(Buffer.from(file, "latin1").toString("utf8"), "help", { dontBlame: dontBlameOf(options) });
  if (opened.kind !== "open") return undefined;
  try {
    return readFileSync(opened.fd, "latin1");
  } catch {
    return undefined; // a folder
  } finally {
    closeSync(opened.fd);
  }
}
