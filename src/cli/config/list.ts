/** `rulemail config list` and `rulemail config get`: what postconf is to Postfix. */
import { OPTION_NAMES, type OptionEntry, optionEntries } from "../../analysis/option-list.ts";
import { optionVariables } from "../../mc/option-variables.ts";
import { shippedLibrary } from "../../mc/library.ts";
import { nearestWord } from "../../source/nearest-word.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { CommandStreams } from "../command-streams.ts";
import { CommandError } from "../database-target.ts";
import { chosenFile, parsed, parserOf, readSubject } from "./command.ts";

/** Values longer than this do not move the column of origins. */
const WIDEST = 40;

/** @returns 0; 66 where there is no configuration, 78 for one that cannot be used, 64 */
export async function runConfigList(words: readonly string[], streams: CommandStreams): Promise<number> {
  const parser = parserOf("list", "[options]", words)
    .option("n", { type: "boolean", default: false, describe: "only options whose value is not the default" })
    .option("json", {
      type: "boolean",
      default: false,
      describe: "one JSON document, with defaults, types and meanings",
    })
    .example("rulemail config list -n", "what this site has changed, and where")
    .epilogue("Behind a value: the line that sets it. (default) marks what no line sets.");
  const options = await parsed("list", parser, { most: 0 });
  if (options === undefined) return EX.OK;
  const file = chosenFile("list", options.C);
  const { subject, entries } = await readEntries("list", file, streams);
  const wanted = entries.filter(({ differs }) => differs || !options.n);
  if (options.json) streams.output.line(asciiJson({ file, options: wanted }));
  else for (const line of listLines(wanted)) streams.output.line(line);
  subject.config.close();
  return EX.OK;
}

/** @returns 0; 64 for a name that there is not */
export async function runConfigGet(words: readonly string[], streams: CommandStreams): Promise<number> {
  const parser = parserOf("get", "NAME... [options]", words)
    .option("value", { alias: "v", type: "boolean", default: false, describe: "the value alone" })
    .option("json", {
      type: "boolean",
      default: false,
      describe: "one JSON document, with defaults, types and meanings",
    })
    .example("rulemail config get MaxMessageSize Timeout.queuereturn", "two options")
    .example("rulemail config get -v confMAX_MESSAGE_SIZE", "by the name that it has in a .mc")
    .epilogue("Names in any letter case.");
  const options = await parsed("get", parser, { least: 1, wanted: "the name of an option is wanted" });
  if (options === undefined) return EX.OK;
  const names = options._.map(String);
  const { subject, entries } = await readEntries("get", chosenFile("get", options.C), streams);
  const found = names.flatMap((name) => named("get", entries, name));
  subject.config.close();
  if (options.json) streams.output.line(asciiJson(found));
  else for (const each of found) streams.output.line(options.value ? each.value : `${each.name} = ${each.value}`);
  return EX.OK;
}

async function readEntries(name: string, file: string, streams: CommandStreams) {
  const subject = await readSubject(name, file, streams);
  return { subject, entries: optionEntries(subject) };
}

/**
 * Entries of an option by its name, or by that of its variable.
 * @throws CommandError with the name that was probably meant
 */
function named(command: string, entries: readonly OptionEntry[], name: string): readonly OptionEntry[] {
  const wanted = optionOf(name).toLowerCase();
  const found = entries.filter((each) => each.name.toLowerCase() === wanted);
  if (found.length > 0) return found;
  throw unknownOption(command, name);
}

/** The option that a variable of site files sets (`confMAX_MESSAGE_SIZE`); any other name as it is. */
export function optionOf(name: string): string {
  for (const [option, variable] of optionVariables(shippedLibrary())) if (variable === name) return option;
  return name;
}

/** Says which one was probably meant. */
export function unknownOption(command: string, name: string): CommandError {
  const near = nearestWord(name, OPTION_NAMES);
  const hint = near === undefined ? "rulemail config list has all" : `did you mean ${near}?`;
  return new CommandError(`rulemail config ${command}: no option is called ${name}: ${hint}`, EX.USAGE);
}

function listLines(entries: readonly OptionEntry[]): string[] {
  const texts = entries.map(({ name, value }) => `${name} = ${value}`);
  const width = Math.min(WIDEST, Math.max(0, ...texts.map((text) => text.length)));
  return entries.map(({ origin, notActedOn }, index) => {
    const because = notActedOn === undefined ? "" : `; not acted on: ${notActedOn}`;
    return `${texts[index].padEnd(width)}  ${origin ?? "(default)"}${because}`;
  });
}
