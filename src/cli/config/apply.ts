/** `rulemail config apply`: the .mc of a site into force, the configuration first and then the server. */
import { ControlError, NoDaemonError } from "../../control/client.ts";
import { homeFolder } from "../../daemon/home.ts";
import { EX } from "../../sys/sysexits.ts";
import { callServer } from "../call-server.ts";
import type { CommandStreams } from "../command-streams.ts";
import { CommandError } from "../database-target.ts";
import { chosenFile, parsed, parserOf, readSubject, tell } from "./command.ts";
import { compileSite, notItsOwn, type SiteSource, siteSource } from "./site-source.ts";

/** @returns 0; 78 when the server stays with what it has, 73 for files that cannot be written, 64, 66 */
export async function runConfigApply(words: readonly string[], streams: CommandStreams): Promise<number> {
  const parser = parserOf("apply", "[options]", words)
    .option("mc", { type: "string", nargs: 1, describe: "the .mc; default: the one that the configuration came from" })
    .option("force", { type: "boolean", default: false, describe: "also over a configuration that was made otherwise" })
    .example("rulemail config diff && rulemail config apply", "look before it counts")
    .epilogue("A server that runs reads it at once; sessions that are open end as they began.");
  const options = await parsed("apply", parser, { most: 0 });
  if (options === undefined) return EX.OK;
  const source = siteSource("apply", chosenFile("apply", options.C), options.mc);
  return putInForce("apply", source, options.force, streams);
}

/** Nothing is written that the server could not read. */
export async function putInForce(
  command: string,
  source: SiteSource,
  force: boolean,
  streams: CommandStreams,
): Promise<number> {
  const fail = (text: string): CommandError => new CommandError(`rulemail config ${command}: ${text}`, EX.CONFIG);
  const foreign = force ? undefined : notItsOwn(source);
  if (foreign !== undefined) throw fail(foreign);
  const { config, diagnostics } = await readSubject(command, source.mc, streams, source);
  config.close();
  if (diagnostics.some(({ severity }) => severity === "error")) {
    throw fail(`${source.mc} gives a configuration with errors: nothing was written`);
  }
  const { diagnostics: said } = compileSite(command, source);
  if (said.some(({ severity }) => severity === "error")) tell(said, streams.errors, source);
  streams.output.line(`wrote ${source.cf}`);
  return reload(command, source, streams);
}

async function reload(command: string, { cf }: SiteSource, { output, errors }: CommandStreams): Promise<number> {
  try {
    const server = await callServer(homeFolder().controlSocket);
    try {
      const problems = await server.reload();
      for (const problem of problems) errors.line(problem);
      output.line(problems.length === 0 ? "the server has read it" : "the server has said what is above");
      return problems.length === 0 ? EX.OK : EX.CONFIG;
    } finally {
      server.close();
    }
  } catch (error) {
    if (error instanceof NoDaemonError) {
      output.line(`no server runs here: ${cf} counts from the next start on`);
      return EX.OK;
    }
    if (error instanceof ControlError) {
      throw new CommandError(`rulemail config ${command}: ${error.message}`, EX.NOPERM);
    }
    throw error;
  }
}
