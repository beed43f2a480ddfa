/** `rulemail config ...`: the options of a configuration, and how they are changed. One file for each command; here is what they share. */
import yargs, { type Argv } from "yargs";
import type { Subject } from "../../analysis/subject.ts";
import { readText } from "../../mc/library.ts";
import type { Diagnostic } from "../../source/diagnostic.ts";
import { reportAll } from "../../source/report.ts";
import { type CompiledWith, originsOfFiles } from "../../source/source-map.ts";
import { EX } from "../../sys/sysexits.ts";
import { type CommandFamily, runFamily } from "../command-family.ts";
import { ownConfigFile, whereLooked } from "../config-file.ts";
import { type CommandStreams, processStreams } from "../command-streams.ts";
import { CommandError } from "../database-target.ts";
import { analysisEnvironment, readConfiguration } from "../read-configuration.ts";

const COMMANDS: CommandFamily["commands"] = {
  list: {
    says: "[-n]  every option: its value, and which line sets it; -n: only what is not the default",
    load: async () => (await import("./list.ts")).runConfigList,
  },
  get: {
    says: "NAME...  the value of an option",
    load: async () => (await import("./list.ts")).runConfigGet,
  },
  set: {
    says: "NAME=VALUE...  changes the site's .mc, and shows what that changes; --apply: in the server, too",
    load: async () => (await import("./set.ts")).runConfigSet,
  },
  diff: {
    says: "what the site's .mc would change in the configuration in force",
    load: async () => (await import("./diff.ts")).runConfigDiff,
  },
  apply: {
    says: "compiles the site's .mc, and has the server read it",
    load: async () => (await import("./apply.ts")).runConfigApply,
  },
};

/** @returns the status of the command; 64 for words that make none */
export async function runConfigCommand(
  words: readonly string[],
  streams: CommandStreams = processStreams(),
): Promise<number> {
  const example = "rulemail config set MaxMessageSize=20000000 --apply";
  return runFamily({ name: "config", commands: COMMANDS, example }, words, streams);
}

/** Options that all have. */
export function parserOf(name: string, usage: string, words: readonly string[]) {
  return yargs([...words])
    .scriptName(`rulemail config ${name}`)
    .usage(`rulemail config ${name} ${usage}`)
    .option("C", { type: "string", nargs: 1, describe: "the configuration (.cf); default: that of the server here" })
    .strictOptions()
    .version(false)
    .exitProcess(false);
}

/**
 * The options, or undefined when help was asked for.
 * @param least how many words there have to be; `wanted` says which
 * @throws CommandError about words that make no sense
 */
export async function parsed<T>(
  name: string,
  parser: Argv<T>,
  { least = 0, most = Infinity, wanted = "" }: { least?: number; most?: number; wanted?: string },
) {
  let problem: string | undefined;
  const options = await parser.fail((message, error) => void (problem = message || error.message)).parse();
  if (options["help"] === true) return undefined;
  if (problem === undefined && options._.length > most) problem = `too many words: ${options._.slice(most).join(" ")}`;
  if (problem === undefined && options._.length < least) problem = wanted;
  if (problem === undefined) return options;
  throw new CommandError(`rulemail config ${name}: ${problem}; see rulemail config ${name} --help`, EX.USAGE);
}

/** The configuration that is meant: that of -C, or of the server here. */
export function chosenFile(name: string, given: string | undefined): string {
  const chosen = given === undefined ? {} : { configFile: given };
  const lost = whereLooked(chosen);
  if (lost !== undefined) throw new CommandError(`rulemail config ${name}: ${lost}`, EX.NOINPUT);
  return ownConfigFile(chosen);
}

/** A text that stands for the content of a .mc, and what the compiler is given beside it. */
export interface GivenText {
  readonly text: string;
  readonly with: CompiledWith;
}

/**
 * Reads a configuration, .cf or .mc.
 * @throws CommandError when it cannot be read; what is wrong has been told then
 */
export async function readSubject(
  name: string,
  file: string,
  { errors }: CommandStreams,
  given?: GivenText,
): Promise<Subject> {
  const options = given === undefined ? {} : { text: given.text, ...given.with };
  const { subject, problems } = await readConfiguration(file, analysisEnvironment(), options);
  tell(problems, errors, given && { mc: file, text: given.text });
  if (subject !== undefined && !problems.some(({ severity }) => severity === "error")) return subject;
  subject?.config.close();
  throw new CommandError(`rulemail config ${name}: ${file} cannot be used`, EX.CONFIG);
}

/**
 * What was said about a configuration, each with the line it is about.
 * @param given a file whose text is another one than what lies there
 */
export function tell(
  problems: readonly Diagnostic[],
  errors: CommandStreams["errors"],
  given?: { readonly mc: string; readonly text: string },
): void {
  if (problems.length === 0) return;
  const read = (path: string): string | undefined => (path === given?.mc ? given.text : readText(path));
  errors.line(reportAll(problems, read, originsOfFiles()));
}
