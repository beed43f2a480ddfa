/**
 * `rulemail expand [--json] [-C FILE] ADDRESS...`: who gets mail for an address, down to the last member of the last list, and
 * which line of which file names him. Files of users are read with their rights where the caller may take those on.
 */
import yargs from "yargs";
import { expandedAddress, expansionLines, worstOutcome } from "../analysis/expansion-tree.ts";
import { openDeliverySite } from "../daemon/delivery-site.ts";
import { aliasLines } from "../site/alias-lines.ts";
import { EX } from "../sys/sysexits.ts";
import { asciiJson } from "../sys/terminal-text.ts";
import { type CommandStreams, processStreams } from "./command-streams.ts";
import { ownConfigFile, whereLooked } from "./config-file.ts";
import { kindOfFile, notCompiled } from "./configuration-kind.ts";
import { surroundings, withRootHelper } from "./system.ts";

function parser(words: readonly string[]) {
  return yargs([...words])
    .scriptName("rulemail expand")
    .usage("rulemail expand [options] ADDRESS...")
    .option("C", { type: "string", nargs: 1, describe: "configuration file" })
    .option("json", { type: "boolean", default: false, describe: "one JSON document per line" })
    .parserConfiguration({ "parse-numbers": false, "parse-positional-numbers": false })
    .strictOptions()
    .version(false)
    .exitProcess(false);
}

/** @returns 0; 69 when somebody is refused, else 75 when it cannot be told of somebody; or the status of an error before */
export async function runExpand(
  words: readonly string[],
  { output, errors }: Pick<CommandStreams, "output" | "errors"> = processStreams(),
): Promise<number> {
  const refuse = (text: string, status: number = EX.USAGE): number => {
    errors.line(`rulemail expand: ${text}`);
    errors.flush();
    return status;
  };
  let problem: string | undefined;
  const options = await parser(words)
    .fail((message, error) => void (problem = message || error.message))
    .parse();
  if (problem !== undefined) return refuse(`${problem}; see rulemail expand --help`);
  if (options["help"] === true) return EX.OK;
  const addresses = options._.map((word) => Buffer.from(String(word)).toString("latin1"));
  if (addresses.length === 0) return refuse("name an address; see rulemail expand --help");
  const file = ownConfigFile({ configFile: options.C });
  const lost = whereLooked({ configFile: options.C });
  if (lost !== undefined) errors.line(`rulemail expand: ${lost}`);
  if (kindOfFile(file) === "mc") return refuse(notCompiled(file), EX.CONFIG);
  const around = surroundings();
  const opened = await openDeliverySite({ file, settings: [], opMode: "v" }, around);
  for (const text of opened.messages) errors.line(text);
  errors.flush();
  if (opened.kind !== "opened") return opened.exit === EX.OK ? EX.CONFIG : opened.exit;
  const { site } = opened;
  withRootHelper(site, around);
  try {
    const { config, rules, aliases, users, dontBlame, agents } = site;
    const scope = config.macros.child([["addr_type", "e r"]]);
    const warn = (text: string): void => errors.line(text);
    const context = { config, rules, aliases, users, dontBlame, files: agents.files, scope, now: Date.now(), warn };
    const worst = new Set<string | undefined>();
    for (const address of addresses) {
      const tree = await expandedAddress(context, address, aliasLines(site));
      if (options.json) output.line(asciiJson(tree));
      else for (const line of expansionLines(tree)) output.line(line);
      worst.add(worstOutcome(tree));
    }
    output.flush();
    errors.flush();
    return worst.has("refused") ? EX.UNAVAILABLE : worst.has("later") ? EX.TEMPFAIL : EX.OK;
  } finally {
    await site.close();
  }
}
