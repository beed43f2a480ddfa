/** `rulemail config diff`: what the .mc of a site would change in the configuration in force. */
import { diffConfigurations, type Difference, isSame } from "../../analysis/diff.ts";
import { diffReport } from "../../analysis/diff-report.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { CommandStreams } from "../command-streams.ts";
import { chosenFile, parsed, parserOf, readSubject } from "./command.ts";
import { siteSource } from "./site-source.ts";

/** @returns 0: nothing would change, 1: something would; 64, 66, 78 */
export async function runConfigDiff(words: readonly string[], streams: CommandStreams): Promise<number> {
  const parser = parserOf("diff", "[options]", words)
    .option("mc", { type: "string", nargs: 1, describe: "the .mc; default: the one that the configuration came from" })
    .option("json", { type: "boolean", default: false, describe: "one JSON document" })
    .example("rulemail config diff", "what rulemail config apply would change")
    .epilogue("Status 0: nothing differs in meaning; 1: something does. Two files: rulemail mc --diff OLD NEW.");
  const options = await parsed("diff", parser, { most: 0 });
  if (options === undefined) return EX.OK;
  const source = siteSource("diff", chosenFile("diff", options.C), options.mc);
  const before = await readSubject("diff", source.cf, streams);
  const after = await readSubject("diff", source.mc, streams, { text: source.text, with: source.with });
  const difference = await diffConfigurations(before, after);
  before.config.close();
  after.config.close();
  const isNone = isSame(difference);
  if (options.json) streams.output.line(asciiJson(difference));
  else if (isNone) streams.output.line(`${source.mc} would change nothing in ${source.cf}`);
  else printDifference(difference, streams);
  return isNone ? EX.OK : 1;
}

export function printDifference(difference: Difference, { output }: CommandStreams): void {
  output.print(diffReport(difference));
}
