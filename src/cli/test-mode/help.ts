/**
 * `?`: the lines about `-bt` of the help file (O HelpFile).
 *
 *     #vers	2
 *     -bt	Help for test mode of $j
 *
 * What stands behind the first blank or tab is shown. Macros are filled in from version 2 on. Without that file a person
 * at a terminal gets our own help; a program gets the line that it knows.
 */
import { dontBlameOf } from "../../config/policies.ts";
import { closeSync, readFileSync } from "node:fs";
import { LANGUAGE_VERSION } from "../../config/version.ts";
import { markLiterals, readMacroText } from "../../rewriting/macro-text.ts";
import { openSafely } from "../../sys/safe-file.ts";
import { HELP } from "./help-text.ts";
import type { TestSession } from "./session.ts";

const TOPIC = "-bt";

export function help(session: TestSession): void {
  const text = helpText(session);
  if (text === undefined && session.typed) return HELP.forEach((line) => session.say(line));
  if (text === undefined) return session.say(`Sendmail ${LANGUAGE_VERSION} -- HELP not implemented`);
  const lines = text.split("\n");
  const withMacros = Number(/^#vers\s+([0-9]+)/.exec(lines[0])?.[1] ?? "0") >= 2;
  const about = lines.filter((line) => line.startsWith(TOPIC));
  for (const line of about) {
    const shown = /[ \t]([^]*)$/.exec(line)?.[1] ?? "";
    session.say(withMacros ? filledIn(session, shown) : shown);
  }
  session.say(about.length === 0 ? `HELP topic "${TOPIC}" unknown` : "End of HELP info");
}

function filledIn({ config, scope }: TestSession, text: string): string {
  return config.expand(readMacroText(markLiterals(text)).text, scope);
}

function helpText({ config: { options } }: TestSession): string | undefined {
  const file = options.text("HelpFile");
  if (file === "") return undefined;
  const dontBlame = dontBlameOf(options);
  const opened = openSafely(Buffer.from(file, "latin1").toString("utf8"), "help", { dontBlame });
  if (opened.kind !== "open") return undefined;
  try {
    return readFileSync(opened.fd, "latin1");
  } catch {
    return undefined; // a folder
  } finally {
    closeSync(opened.fd);
  }
}
