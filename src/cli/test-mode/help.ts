/**
 * `?`: the lines about `-bt` of the help file (O HelpFile). Without that file a person at a terminal gets our own help; a
 * program gets the line that it knows.
 */
import { LANGUAGE_VERSION } from "../../config/version.ts";
import { readHelp } from "../../site/help-file.ts";
import { HELP } from "./help-text.ts";
import type { TestSession } from "./session.ts";

const TOPIC = "-bt";

export function help(session: TestSession): void {
  const text = readHelp(session.config, TOPIC, session.scope);
  if (text === undefined && session.typed) return HELP.forEach((line) => session.say(line));
  if (text === undefined) return session.say(`Sendmail ${LANGUAGE_VERSION} -- HELP not implemented`);
  for (const line of text.lines) session.say(line);
  session.say(text.lines.length === 0 ? `HELP topic "${TOPIC}" unknown` : "End of HELP info");
}
