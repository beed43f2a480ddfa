/**
 * `rulemail migrate --from sendmail|postfix DIR`: reads the site of another mail server, writes ours beside it, says what it could
 * not carry over, and compares decisions for the addresses that its tables name. Nothing that runs is changed. `--from opendkim FILE`
 * prints lines for an .mc file (opendkim.ts) and writes nothing.
 */
import { mkdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import yargs from "yargs";
import { lint } from "../../analysis/lint.ts";
import { checkRelaying } from "../../analysis/lint/relaying.ts";
import { HOME_FOLDER } from "../../daemon/home.ts";
import { typedCommand } from "../../sys/program-files.ts";
import { errorText } from "../../sys/safe-file.ts";
import { EX } from "../../sys/sysexits.ts";
import { type CommandStreams, processStreams } from "../command-streams.ts";
import { CommandError, runToStatus } from "../database-target.ts";
import { analysisEnvironment, readConfiguration } from "../read-configuration.ts";
import { outcomeLines, withUsualUmask, writePlanned } from "../setup/planned-file.ts";
import { buildTable, compileBeside } from "../setup/site-folder.ts";
import { compareDecisions, type Compared, installedSendmail } from "./decisions.ts";
import { type Leftover, leftoverLine, type MigratedSite } from "./migrated-site.ts";
import { type MigratedFilter, migrateOpendkim } from "./opendkim.ts";
import { postfixSite } from "./postfix/postfix-site.ts";
import { sendmailSite } from "./sendmail-site.ts";

function parser(words: readonly string[]) {
  return yargs([...words])
    .scriptName("rulemail migrate")
    .usage("rulemail migrate --from sendmail|postfix|opendkim [options] DIR")
    .option("from", {
      choices: ["sendmail", "postfix", "opendkim"] as const,
      demandOption: true,
      describe: "whose site it is",
    })
    .option("to", { type: "string", nargs: 1, describe: "folder of the new site; default rulemail beside DIR" })
    .option("mc", { type: "string", nargs: 1, describe: "sendmail: the .mc, when it is not sendmail.mc in DIR" })
    .option("ask", {
      type: "string",
      nargs: 1,
      describe: "sendmail: the installed program that is asked; default where it usually is",
    })
    .option("compare", { type: "boolean", default: true, describe: "compare decisions (--no-compare)" })
    .example("rulemail migrate --from sendmail /etc/mail", "writes /etc/rulemail")
    .example("rulemail migrate --from postfix /etc/postfix", "the same for Postfix")
    .example("rulemail migrate --from opendkim /etc/opendkim.conf", "prints lines for the .mc file")
    .epilogue(
      "Exit 0: all is carried over, and all addresses go where they went; 1: read what is said. Nothing is written over: " +
        "with files there already it shows what it would change. docs/migrating.md.",
    )
    .strictOptions()
    .version(false)
    .exitProcess(false);
}

/** Something was left out, or decided otherwise. */
const READ_ON = 1;

/** @returns the status that --help tells of; 64, 66 no such site, 73 what cannot be written, 78 what cannot be compiled */
export function runMigrate(words: readonly string[], streams: CommandStreams = processStreams()): Promise<number> {
  return runToStatus(streams, async () => {
    let complaint: string | undefined;
    const options = await parser(words)
      .fail((message, error) => void (complaint = message || error.message))
      .parse();
    if (options["help"] === true) return EX.OK;
    const [dir, ...more] = options._.map(String);
    if (complaint === undefined && (dir === undefined || more.length > 0)) complaint = "name one folder";
    if (complaint !== undefined)
      throw new CommandError(`rulemail migrate: ${complaint}; see rulemail migrate --help`, EX.USAGE);
    const from = resolve(dir);
    if (options.from === "opendkim") return tellFilter(migrateOpendkim(from), streams);
    if (statSync(from, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw new CommandError(`rulemail migrate: there is no folder ${from}`, EX.NOINPUT);
    const to = resolve(options.to ?? join(dirname(from), "rulemail"));
    if (to === from)
      throw new CommandError("rulemail migrate: the new site needs a folder of its own (--to)", EX.USAGE);
    const place = { from, to, home: process.env.RULEMAIL_HOME || HOME_FOLDER };
    const site =
      options.from === "postfix"
        ? postfixSite(place)
        : sendmailSite({ ...place, ...(options.mc === undefined ? {} : { mc: resolve(options.mc) }) });
    const { output } = streams;
    const left = [...site.leftovers, ...(await withUsualUmask(() => write(site, streams)))];
    tell(streams, "moved:", site.moved);
    tell(streams, "not carried over:", left);
    const compared = options.compare ? await compare(site, from, options) : undefined;
    if (compared !== undefined) for (const line of comparedLines(compared)) output.line(line);
    output.line(
      `\nnext       ${typedCommand("rulemail")} lint ${join(to, "sendmail.cf")}; then docs/migrating.md, from step 4`,
    );
    return left.length > 0 || (compared?.differences.length ?? 0) > 0 ? READ_ON : EX.OK;
  });
}

/** A filter is no site: what becomes of it are lines of one. */
function tellFilter({ lines, commands, leftovers }: MigratedFilter, streams: CommandStreams): number {
  const { output } = streams;
  const section = (title: string, all: readonly string[]): void => {
    if (all.length > 0) output.line(title);
    for (const line of all) output.line(`  ${line}`);
  };
  section("for the .mc file, above its MAILER lines, in place of the INPUT_MAIL_FILTER line:", lines);
  section("\ncommands:", commands);
  tell(streams, "not carried over:", leftovers);
  return leftovers.length > 0 ? READ_ON : EX.OK;
}

function tell({ output }: CommandStreams, title: string, all: readonly Leftover[]): void {
  if (all.length > 0) output.line(`\n${title}`);
  for (const each of all) output.line(`  ${leftoverLine(each)}`);
}

/** @returns what the compiler and the reader say about it */
async function write(site: MigratedSite, { output }: CommandStreams): Promise<readonly Leftover[]> {
  const { folder, files, tables } = site;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    for (const file of files) for (const line of outcomeLines(writePlanned(file))) output.line(line);
    const [mc, cf] = [join(folder, "site.mc"), join(folder, "sendmail.cf")];
    const compiled = compileBeside(mc, cf);
    if (compiled.problems !== "") output.line(compiled.problems);
    if (compiled.kind === "failed") throw new CommandError(`rulemail migrate: ${mc} cannot be compiled`, EX.CONFIG);
    for (const line of outcomeLines(compiled)) output.line(line);
    for (const name of tables) {
      const { outcome, problems } = buildTable("hash", join(folder, name));
      for (const line of [...outcomeLines(outcome), ...problems]) output.line(line);
    }
    return await blamed(cf);
  } catch (error) {
    if (error instanceof CommandError || (error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new CommandError(`rulemail migrate: ${errorText(error)}`, EX.CANTCREAT);
  }
}

const MADE = /^option (?:QueueDirectory|PidFile|StatusFile|HostStatusDirectory|ControlSocketName): .*No such file/;

/** What lint finds in the new configuration: what this server reads otherwise, or not at all. Open relays it looks for when asked. */
async function blamed(cf: string): Promise<readonly Leftover[]> {
  const { subject } = await readConfiguration(cf, analysisEnvironment({ anyName: true }), { here: true });
  if (subject === undefined)
    return [{ file: cf, line: 0, text: "the configuration cannot be read: rulemail lint says why" }];
  try {
    const findings = await lint(subject, false, new Set([checkRelaying]));
    return (
      findings
        // Folders that the first start makes are no loss.
        .filter(({ severity, code, text }) => (severity === "error" || code === "L030") && !MADE.test(text))
        .map(({ file, line, source, text }) => {
          const [, named = file, number = String(line)] = /^(\S+):(\d+)/.exec(source ?? "") ?? [];
          return { file: named, line: Number(number), text };
        })
    );
  } finally {
    subject.config.close();
  }
}

async function compare(
  site: MigratedSite,
  from: string,
  { from: kind, ask }: { readonly from: string; readonly ask?: string },
): Promise<Compared> {
  const cf = join(from, "sendmail.cf");
  const command =
    kind === "postfix" || statSync(cf, { throwIfNoEntry: false }) === undefined
      ? undefined
      : (ask ?? installedSendmail());
  return compareDecisions(
    join(site.folder, "sendmail.cf"),
    site.expectations,
    command === undefined ? undefined : { command, cf },
  );
}

function comparedLines({ asked, by, differences }: Compared): string[] {
  const head = `\ncompared   ${asked} addresses with ${by}: ${differences.length === 0 ? "all" : asked - differences.length} alike`;
  const told = differences.flatMap(({ expectation: { address, file, line }, before, after }) => [
    `  ${file}:${line}: ${address}`,
    `  - ${before === "" ? "(no answer)" : before}`,
    `  + ${after === "" ? "(no answer)" : after}`,
  ]);
  return [head, ...told];
}
