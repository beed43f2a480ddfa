/** `rulemail log grep`: messages that match, one line each. */
import { type LoggedMessage, MessageIndex } from "../../log/message-index.ts";
import { readFacts } from "../../log/read-facts.ts";
import { systemClock } from "../../sys/clock.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { CommandStreams } from "../command-streams.ts";
import { conditionsOf, matches, withConditions } from "./conditions.ts";
import { NOTHING_FOUND, parsed, parserOf, say } from "./command.ts";
import { documentOf, lineOf } from "./message-text.ts";
import { entriesOf, sourcesOf } from "./sources.ts";

/** @returns 0; 1 when no message matches; 64; 66 */
export async function runLogGrep(words: readonly string[], streams: CommandStreams): Promise<number> {
  const parser = withConditions(parserOf("grep", "[conditions] [FILE ...]\nMessages that match, one line each."))
    .option("count", { alias: "c", type: "boolean", default: false, describe: "only how many" })
    .example("rulemail log grep --to @example.org --status deferred --since 2h", "what waits for example.org")
    .epilogue("Status 0: there are some; 1: none; 64: bad words; 66: a log cannot be read.");
  const read = await parsed("grep", parser, words, streams);
  if (read === undefined) return EX.OK;
  const { options } = read;
  const now = systemClock.now();
  const conditions = conditionsOf(options, now);
  let found = 0;
  const index = new MessageIndex((message) => {
    if (!matches(message, conditions)) return;
    found++;
    if (!options.count) print(streams, message, options.json);
  });
  for (const source of sourcesOf([...(options.file ?? []), ...read.words], streams, now, conditions.since)) {
    for await (const entries of entriesOf(source)) for (const entry of entries) index.add(entry, readFacts(entry.text));
  }
  index.end();
  if (options.count) streams.output.line(options.json ? asciiJson({ count: found }) : String(found));
  return found > 0 ? EX.OK : NOTHING_FOUND;
}

function print(streams: CommandStreams, message: LoggedMessage, isJson: boolean): void {
  if (isJson) streams.output.line(asciiJson(documentOf(message)));
  else say(streams, lineOf(message));
}
