/** The table of what can be typed in test mode: the first character of a line says what is asked for. */
import { define } from "./define.ts";
import { help } from "./help.ts";
import { list } from "./list.ts";
import { runRulesets } from "./rulesets.ts";
import type { Outcome, TestSession } from "./session.ts";
import { show } from "./show.ts";
import { slashCommand } from "./slash-commands.ts";

type Command = (session: TestSession, line: string) => Outcome | Promise<Outcome>;

const COMMANDS: Readonly<Record<string, Command>> = {
  "#": () => undefined,
  "?": help,
  ".": define,
  "=": list,
  "-": setDebug,
  $: show,
  "/": slashCommand,
};

/** Does what one typed line asks for. */
export function runLine(session: TestSession, line: string): Outcome | Promise<Outcome> {
  if (session.verbose) session.say(`> ${line}`);
  // A NUL ends the line. Only blanks may stand before a command, any white space before the name of a ruleset.
  const [, text = ""] = /^ *([^\0]*)/.exec(line) ?? [];
  const command = Object.hasOwn(COMMANDS, text[0] ?? "") ? COMMANDS[text[0]] : undefined;
  if (command) return command(session, text);
  return text === "" ? undefined : runRulesets(session, text.replace(/^[ \t\v\f\r]+/, ""));
}

/** -d: debug levels; alone it sets all categories to 1. */
function setDebug(session: TestSession, line: string): void {
  if (line === "-") return session.say("Usage: -d{debug arguments}");
  if (line[1] !== "d") return session.say(`Unknown "-" command ${line}`);
  session.levels.set(line.slice(2).trim());
}
