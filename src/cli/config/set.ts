/**
 * `rulemail config set NAME=VALUE`: one line of the site's .mc, and what it changes in meaning. The file is written only when the
 * value arrives as it was given; the server hears of it with --apply.
 */
import { diffConfigurations, isSame } from "../../analysis/diff.ts";
import { type KnownOption, knownOption, writtenValue } from "../../analysis/option-list.ts";
import type { Subject } from "../../analysis/subject.ts";
import { type DefineEdit, editDefine, isQuotable } from "../../mc/edit-define.ts";
import { shippedLibrary } from "../../mc/library.ts";
import { optionVariables } from "../../mc/option-variables.ts";
import type { Diagnostic } from "../../source/diagnostic.ts";
import { EX } from "../../sys/sysexits.ts";
import type { CommandStreams } from "../command-streams.ts";
import { CommandError } from "../database-target.ts";
import { analysisEnvironment, readConfiguration } from "../read-configuration.ts";
import { putInForce } from "./apply.ts";
import { chosenFile, parsed, parserOf, readSubject, tell } from "./command.ts";
import { printDifference } from "./diff.ts";
import { optionOf, unknownOption } from "./list.ts";
import { isUnchanged, type SiteSource, siteSource, writeWhole } from "./site-source.ts";

/** One NAME=VALUE. */
interface Wish {
  readonly option: KnownOption;
  readonly variable: string;
  readonly value: string;
}

/** @returns 0; 65 for a value that does not arrive, 73 for files that cannot be written, 78 for a configuration that cannot be used, 64, 66 */
export async function runConfigSet(words: readonly string[], streams: CommandStreams): Promise<number> {
  const parser = parserOf("set", "NAME=VALUE... [options]", words)
    .option("mc", { type: "string", nargs: 1, describe: "the .mc; default: the one that the configuration came from" })
    .option("apply", { type: "boolean", default: false, describe: "compile it, and have the server read it" })
    .option("dry-run", {
      alias: "n",
      type: "boolean",
      default: false,
      describe: "show what would change, write nothing",
    })
    .option("force", {
      type: "boolean",
      default: false,
      describe: "--apply also over a configuration that was made otherwise",
    })
    .example("rulemail config set MaxMessageSize=20000000", "one option")
    .example("rulemail config set -n Timeout.queuereturn=3d", "only show it")
    .epilogue("The line that defines the option in the .mc is changed, or one is added in front of the first MAILER.");
  const options = await parsed("set", parser, { least: 1, wanted: "NAME=VALUE is wanted" });
  if (options === undefined) return EX.OK;
  const source = siteSource("set", chosenFile("set", options.C), options.mc);
  const wishes = options._.map((word) => wishOf(String(word)));
  const before = await readSubject("set", source.mc, streams, source);
  let edited = source;
  const edits: DefineEdit[] = [];
  let after = before;
  for (const wish of wishes) {
    const made = await edit(edited, wish, streams);
    edited = { ...source, text: made.edit.text };
    edits.push(made.edit);
    if (after !== before) after.config.close();
    after = made.subject;
  }
  const difference = await diffConfigurations(before, after);
  before.config.close();
  after.config.close();
  for (const { line, before: old, after: text } of edits) {
    if (old !== undefined) streams.output.line(`-${source.mc}:${line}: ${old}`);
    streams.output.line(`+${source.mc}:${line}: ${text}`);
  }
  streams.output.line("");
  if (isSame(difference)) streams.output.line("changes nothing in meaning");
  else printDifference(difference, streams);
  if (options.dryRun) return EX.OK;
  if (!isUnchanged(source)) {
    throw new CommandError(`rulemail config set: ${source.mc} was changed meanwhile: nothing was written`, EX.TEMPFAIL);
  }
  if (edited.text !== source.text) writeWhole("set", source.mc, Buffer.from(edited.text, "latin1"));
  streams.output.line("");
  streams.output.line(`wrote ${source.mc}`);
  if (options.apply) return putInForce("set", edited, options.force, streams);
  streams.output.line("rulemail config apply puts it in force");
  return EX.OK;
}

/** @throws CommandError for words that are no wish that a line of a .mc can fulfil */
function wishOf(word: string): Wish {
  const equals = word.indexOf("=");
  if (equals <= 0) throw noWish(`"${word}" is not NAME=VALUE`);
  const [name, value] = [optionOf(word.slice(0, equals)), word.slice(equals + 1)];
  const option = knownOption(name);
  if (option === undefined) throw unknownOption("set", name);
  const variable = optionVariables(shippedLibrary()).get(option.name);
  if (variable === undefined)
    throw noWish(`${option.name} is not set by a variable of a .mc: ${OTHER_WAYS[option.name] ?? "LOCAL_CONFIG"}`);
  const wanted = SHAPES[option.type];
  if (wanted !== undefined && !wanted.shape.test(value))
    throw noWish(`${option.name} is ${wanted.says}, not "${value}"`);
  if (!isQuotable(value)) throw noWish(`a value with a single quote or a line end cannot stand in a .mc: ${value}`);
  return { option, variable, value };
}

function noWish(text: string): CommandError {
  return new CommandError(`rulemail config set: ${text}`, EX.USAGE);
}

/** sendmail takes anything for a number, and 0 for what is none; who sets an option means what he says. */
const SHAPES: Readonly<Record<string, { readonly shape: RegExp; readonly says: string }>> = {
  flag: { shape: /^(?:true|false|yes|no|[tfyn])$/i, says: "true or false" },
  number: { shape: /^-?\d+$/, says: "a number" },
  octal: { shape: /^0?[0-7]+$/, says: "an octal number" },
  time: { shape: /^(?:\d+[smhdw]?)+$/i, says: 'a time, as "90s", "1h30m" or "5d"' },
};

/** Options that have macros of their own. */
const OTHER_WAYS: Readonly<Record<string, string>> = {
  DaemonPortOptions: "write DAEMON_OPTIONS(`...') into it, one line for each port",
  ClientPortOptions: "write CLIENT_OPTIONS(`...') into it",
};

/** Words of a value may be macros: then they are quoted once more. */
async function edit(
  source: SiteSource,
  { option: { name, meaning }, variable, value }: Wish,
  streams: CommandStreams,
): Promise<{ readonly edit: DefineEdit; readonly subject: Subject }> {
  let came: string | undefined;
  let problems: readonly Diagnostic[] = [];
  for (const quoting of [1, 2] as const) {
    const made = editDefine(source.text, { variable, value, remark: `${name}: ${meaning}`, quoting });
    const read = await readConfiguration(source.mc, analysisEnvironment(), { text: made.text, ...source.with });
    problems = [...read.problems, ...(read.subject?.diagnostics ?? [])];
    if (read.subject === undefined) continue;
    came = problems.some(({ severity }) => severity === "error") ? undefined : writtenValue(read.subject, name);
    if (came === value) return { edit: made, subject: read.subject };
    read.subject.config.close();
  }
  tell(problems, streams.errors);
  const text = came === undefined ? `${name} cannot be "${value}"` : `${name} would be "${came}"`;
  throw new CommandError(`rulemail config set: ${text}: nothing was written`, EX.DATAERR);
}
