/** `rulemail log ...`: what the log knows about mail. One file for each command; here is what they share. */
import yargs, { type Argv } from "yargs";
import { EX } from "../../sys/sysexits.ts";
import { octetsForTerminal } from "../../sys/terminal-text.ts";
import { type CommandFamily, runFamily } from "../command-family.ts";
import { type CommandStreams, processStreams } from "../command-streams.ts";
import { CommandError } from "../database-target.ts";

const COMMANDS: CommandFamily["commands"] = {
  story: {
    says: "ID|ADDRESS|MESSAGE-ID  all that happened to a message, and to those it begot",
    load: async () => (await import("./story.ts")).runLogStory,
  },
  grep: {
    says: "[--from X] [--to X] [--relay X] [--status S] [--since T]  messages, one line each",
    load: async () => (await import("./grep.ts")).runLogGrep,
  },
  follow: {
    says: "[the same conditions]  lines as they are written, or messages as they end",
    load: async () => (await import("./follow.ts")).runLogFollow,
  },
  stats: {
    says: "[--since T]  what came, went and was refused, by whom and why",
    load: async () => (await import("./stats.ts")).runLogStats,
  },
};

/** @returns the status of the command: 0; 1 nothing found; 64 for words that make none; 66 a file cannot be read */
export async function runLogCommand(
  words: readonly string[],
  streams: CommandStreams = processStreams(),
): Promise<number> {
  const example = "rulemail log story joe@example.com";
  return runFamily({ name: "log", commands: COMMANDS, example }, words, streams);
}

export const NOTHING_FOUND = 1;

/** Options that all have. */
export function parserOf(name: string, usage: string) {
  return yargs()
    .scriptName(`rulemail log ${name}`)
    .usage(`rulemail log ${name} ${usage}`)
    .option("file", {
      type: "string",
      array: true,
      describe: "logs to read in place of the server's own; - is standard input",
    })
    .option("json", { type: "boolean", default: false, describe: "JSON, one document a line" })
    .parserConfiguration({ "parse-numbers": false, "parse-positional-numbers": false, "greedy-arrays": false })
    .strictOptions()
    .version(false)
    .exitProcess(false)
    .wrap(WIDTH);
}

const WIDTH = 110;

/**
 * Prints help where it was asked for.
 * @returns the options and the words beside them; undefined after help
 * @throws CommandError 64 about words that make no sense
 */
export async function parsed<T>(
  name: string,
  parser: Argv<T>,
  words: readonly string[],
  { output }: Pick<CommandStreams, "output">,
) {
  let problem: string | undefined;
  let help = "";
  const options = await parser
    .fail((message, error) => void (problem = message || error.message))
    .parse([...words], {}, (_error, _argv, text) => void (help = text));
  if (problem !== undefined) throw usageError(name, problem);
  if (help === "") return { options, words: options._.map(String) };
  output.line(Buffer.from(help, "utf8").toString("latin1"));
  return undefined;
}

export function usageError(name: string, problem: string): CommandError {
  return new CommandError(`rulemail log ${name}: ${problem}; see rulemail log ${name} --help`, EX.USAGE);
}

/** What a log holds was written by strangers: nothing of it acts on a terminal, whatever it goes through on its way there. */
export function say({ output }: Pick<CommandStreams, "output">, text: string): void {
  output.line(octetsForTerminal(text));
}
