/**
 * `rulemail explain [--all] [--json] [-C FILE] [--as sender|recipient] [--mailer NAME] ADDRESS...`: where an address goes and
 * why, in about ten lines (with --all: every rule that fired), or as one JSON document for each address and line.
 */
import yargs from "yargs";
import { type Explanation, explainAddress } from "../analysis/explain.ts";
import { explanationJson, explanationLines } from "../analysis/explain-text.ts";
import { loadConfig } from "../config/load.ts";
import type { RewriteWatcher, Trace } from "../rewriting/trace.ts";
import { EX } from "../sys/sysexits.ts";
import { type CommandStreams, processStreams } from "./command-streams.ts";
import { kindOfFile, notCompiled } from "./configuration-kind.ts";
import { ownConfigFile, whereLooked } from "./config-file.ts";
import { lineOf } from "./explain-line.ts";
import { openLocalNames } from "./local-names.ts";
import { systemEnvironment } from "./system-environment.ts";

function parser(words: readonly string[]) {
  return yargs([...words])
    .scriptName("rulemail explain")
    .usage("rulemail explain [options] ADDRESS...")
    .option("C", { type: "string", nargs: 1, describe: "configuration file" })
    .option("as", { choices: ["sender", "recipient"] as const, default: "recipient" as const })
    .option("mailer", { type: "string", nargs: 1, describe: "rewrite for this mailer, not for that of the address" })
    .option("all", { type: "boolean", default: false, describe: "every rule that fired, not only the last" })
    .option("json", { type: "boolean", default: false, describe: "one JSON document per line" })
    .parserConfiguration({ "parse-numbers": false, "parse-positional-numbers": false })
    .strictOptions()
    .version(false)
    .exitProcess(false);
}

/**
 * @returns 0; what sendmail would end with for an address that is refused (67 unknown user, 68 unknown host, 69 others),
 * 75 when a look-up did not answer; else the status of a usage or configuration error
 */
export async function runExplain(
  words: readonly string[],
  streams: Pick<CommandStreams, "output" | "errors"> = processStreams(),
): Promise<number> {
  const { output, errors } = streams;
  const refuse = (text: string): number => {
    errors.line(`rulemail explain: ${text}`);
    errors.flush();
    return EX.USAGE;
  };
  let problem: string | undefined;
  const options = await parser(words)
    .fail((message, error) => void (problem = message || error.message))
    .parse();
  if (problem !== undefined) return refuse(`${problem}; see rulemail explain --help`);
  if (options["help"] === true) return EX.OK;
  const addresses = options._.map(String);
  if (addresses.length === 0) return refuse("name an address; see rulemail explain --help");
  const trace: Trace & { watcher: RewriteWatcher | undefined } = {
    level: () => 0,
    testMode: false,
    print: () => undefined,
    watcher: undefined,
  };
  const environment = systemEnvironment();
  const file = ownConfigFile({ configFile: options.C });
  const lost = whereLooked({ configFile: options.C });
  if (lost !== undefined) errors.line(`rulemail explain: ${lost}`);
  if (kindOfFile(file) === "mc") {
    refuse(notCompiled(file));
    return EX.CONFIG;
  }
  const { config, messages, exit } = await loadConfig(file, { ...environment, trace });
  for (const message of messages) errors.line(message);
  errors.flush();
  if (!config) return exit === EX.OK ? EX.CONFIG : exit;
  environment.users.choose(config.options.text("MailboxDatabase"));
  const { mailer, as: role, json } = options;
  const known = [...config.mailers.keys()];
  const names = openLocalNames(config, environment);
  try {
    if (mailer !== undefined && !known.some((name) => name.toLowerCase() === mailer.toLowerCase()))
      return refuse(`no mailer is called ${mailer}; there are ${known.join(", ")}`);
    let status: number = EX.OK;
    for (const [index, typed] of addresses.entries()) {
      // What a terminal hands over is UTF-8; addresses are octets.
      const address = Buffer.from(typed).toString("latin1");
      const question = { address, role, ...(mailer === undefined ? {} : { mailer }) };
      const story = await explainAddress(config, (watcher) => (trace.watcher = watcher), question, names);
      const hosts = role === "recipient" ? await lineOf(config, environment, story.outcome) : undefined;
      const told = hosts === undefined ? story : { ...story, line: hosts };
      if (index > 0 && !json) output.line("");
      for (const line of json ? [explanationJson(told)] : explanationLines(told, options.all)) output.line(line);
      status = worse(status, statusOf(told));
    }
    output.flush();
    return status;
  } finally {
    names.close();
    config.close();
  }
}

/** What is refused for good counts more than what may change; the first of each kind counts. */
function worse(first: number, second: number): number {
  if (first === EX.OK || (first === EX.TEMPFAIL && second !== EX.OK)) return second;
  return first;
}

function statusOf({ outcome, local }: Explanation): number {
  if (outcome.kind === "error" || outcome.kind === "later") return replyStatus(outcome.kind, outcome.reply.enhanced);
  switch (local?.kind) {
    case "unknown":
      return EX.NOUSER;
    case "error":
    case "later":
      return replyStatus(local.kind, local.reply?.enhanced);
    default:
      return EX.OK;
  }
}

/** RFC 3463: X.1.2 is about the host, the others of X.1 about the user. */
function replyStatus(kind: "error" | "later", enhanced = ""): number {
  if (kind === "later" || enhanced.startsWith("4.")) return EX.TEMPFAIL;
  if (enhanced === "5.1.2") return EX.NOHOST;
  return enhanced.startsWith("5.1.") ? EX.NOUSER : EX.UNAVAILABLE;
}
