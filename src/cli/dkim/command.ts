/** `rulemail dkim ...`: keys that sign mail. One file for each command; here is what they share. */
import yargs, { type Argv } from "yargs";
import { KeyProblem } from "../../authentication/signing/key-files.ts";
import { errorText } from "../../sys/safe-file.ts";
import { EX } from "../../sys/sysexits.ts";
import { type CommandFamily, runFamily } from "../command-family.ts";
import { type CommandStreams, processStreams } from "../command-streams.ts";
import { CommandError } from "../database-target.ts";

const COMMANDS: CommandFamily["commands"] = {
  new: {
    says: "DOMAIN  the first keys of a domain, and the records for DNS",
    load: async () => (await import("./new.ts")).runDkimNew,
  },
  list: {
    says: "[DOMAIN]  which keys sign, now and later, and whether their records are in DNS",
    load: async () => (await import("./list.ts")).runDkimList,
  },
  rotate: {
    says: "[DOMAIN]  the next keys: they sign from a date on, the old records stay until another",
    load: async () => (await import("./rotate.ts")).runDkimRotate,
  },
  dns: {
    says: "[DOMAIN]  the records that have to be in DNS, as lines of a zone file",
    load: async () => (await import("./dns.ts")).runDkimDns,
  },
};

/** @returns the status of the command; 64 for words that make none */
export async function runDkimCommand(
  words: readonly string[],
  streams: CommandStreams = processStreams(),
): Promise<number> {
  const example = "rulemail dkim new example.com";
  return runFamily({ name: "dkim", commands: COMMANDS, example, guard: told }, words, streams);
}

/** What is wrong with files is no accident of the program. */
async function told(name: string, command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    if (error instanceof KeyProblem) throw new CommandError(`rulemail dkim ${name}: ${error.message}`, EX.DATAERR);
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === undefined || path === undefined) throw error;
    throw new CommandError(`rulemail dkim ${name}: ${path}: ${errorText(error)}`, EX.CANTCREAT);
  }
}

/** Options that all have. */
export function parserOf(name: string, usage: string, words: readonly string[]) {
  return yargs([...words])
    .scriptName(`rulemail dkim ${name}`)
    .usage(`rulemail dkim ${name} ${usage}`)
    .option("C", { type: "string", nargs: 1, describe: "configuration (.cf) whose DKIMKeys names the folder of keys" })
    .option("k", { type: "string", nargs: 1, describe: "the folder of keys itself" })
    .option("json", { type: "boolean", default: false, describe: "one JSON document" })
    .strictOptions()
    .version(false)
    .exitProcess(false);
}

/** The options, or undefined when help was asked for. Throws CommandError about words that make no sense. */
export async function parsed<T>(name: string, parser: Argv<T>, most: number, least = 0) {
  let problem: string | undefined;
  const options = await parser.fail((message, error) => void (problem = message || error.message)).parse();
  if (options["help"] === true) return undefined;
  if (problem === undefined && options._.length > most) problem = `too many words: ${options._.slice(most).join(" ")}`;
  if (problem === undefined && options._.length < least) problem = "the name of a domain is wanted";
  if (problem === undefined) return options;
  throw new CommandError(`rulemail dkim ${name}: ${problem}; see rulemail dkim ${name} --help`, EX.USAGE);
}
