/** `rulemail milter list`: the filters of a configuration, who asks them, whether they are there, and what they want. */
import yargs from "yargs";
import type { Config } from "../../config/config.ts";
import { type Filter, filterNames } from "../../config/milters.ts";
import { FilterError, type MacroLists, type Negotiated } from "../../milter/filter.ts";
import { openFilter } from "../../milter/open-filter.ts";
import { describeAddress } from "../../milter/packet-socket.ts";
import { macroLists, settingsOf } from "../../reception/filter-plan.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { CommandStreams } from "../command-streams.ts";
import { ownConfigFile } from "../config-file.ts";
import { CommandError } from "../database-target.ts";
import { lastOf, openConfiguration } from "./target.ts";
import { negotiatedDocument, negotiatedLines } from "./trial-text.ts";

interface Listed {
  readonly name: string;
  readonly socket: string;
  /** What F= says. */
  readonly onFailure: Filter["onFailure"];
  /** Ports, and the place among the filters of each, from 1. */
  readonly askedBy: readonly { readonly name: string; readonly port: number; readonly position: number }[];
  readonly state: "there" | "away" | "not asked";
  readonly negotiated?: Negotiated;
  readonly problem?: string;
}

const FAILURES: Readonly<Record<Filter["onFailure"], string>> = {
  accept: "without it mail goes on",
  reject: "without it mail is refused (F=R)",
  tempfail: "without it mail is deferred (F=T)",
  shutdown: "without it sessions end with 421 (F=4)",
};

function parser(words: readonly string[]) {
  return yargs([...words])
    .scriptName("rulemail milter list")
    .usage("rulemail milter list [options]")
    .option("C", { type: "string", nargs: 1, describe: "configuration file, .cf or .mc" })
    .option("ask", { type: "boolean", default: true, describe: "connect to each; --no-ask: only what is configured" })
    .option("json", { type: "boolean", default: false, describe: "one JSON document" })
    .epilogue("Status 0: all that are asked are there; 69: one is not.")
    .coerce("C", lastOf)
    .strictOptions()
    .version(false)
    .exitProcess(false);
}

/** @returns 0; 69 when a filter that some port asks is not there; 64, 78 */
export async function runMilterList(words: readonly string[], streams: CommandStreams): Promise<number> {
  let problem: string | undefined;
  const options = await parser(words)
    .fail((message, error) => void (problem = message || error.message))
    .parse();
  if (options["help"] === true) return EX.OK;
  if (problem === undefined && options._.length > 0) problem = `no words are wanted: ${options._.join(" ")}`;
  if (problem !== undefined) {
    throw new CommandError(`rulemail milter list: ${problem}; see rulemail milter list --help`, EX.USAGE);
  }
  const file = ownConfigFile({ configFile: options.C });
  const config = await openConfiguration(file);
  try {
    const ports = portsOf(config);
    const listed = await Promise.all(
      [...config.filters.values()].map((filter) => look(filter, ports, config, options.ask)),
    );
    const missing = [...new Set(ports.flatMap(({ filters }) => filters))].filter((name) => !config.filters.has(name));
    if (options.json) streams.output.line(asciiJson({ file, filters: listed.map(documentOf), missing }));
    else for (const line of textOf(file, listed, missing, macroLists(config))) streams.output.line(line);
    return missing.length > 0 || listed.some(({ state, askedBy }) => state === "away" && askedBy.length > 0)
      ? EX.UNAVAILABLE
      : EX.OK;
  } finally {
    config.close();
  }
}

interface Port {
  readonly name: string;
  readonly port: number;
  readonly filters: readonly string[];
}

/** What I= of a port says counts, even when it says nobody; else InputMailFilters. */
function portsOf(config: Config): Port[] {
  const common = filterNames(config.options.text("InputMailFilters"));
  // Without a line there is one port all the same.
  if (config.daemonPorts.length === 0) return [{ name: "Daemon0", port: 25, filters: common }];
  return config.daemonPorts.map(({ name, port, extra }) => {
    const own = extra.get("inputmailfilters");
    return { name, port, filters: own === undefined ? common : filterNames(own) };
  });
}

async function look(filter: Filter, ports: readonly Port[], config: Config, asks: boolean): Promise<Listed> {
  const base = {
    name: filter.name,
    socket: describeAddress({ address: filter.socket }),
    onFailure: filter.onFailure,
    askedBy: ports.flatMap(({ name, port, filters }) => {
      const position = filters.indexOf(filter.name);
      return position === -1 ? [] : [{ name, port, position: position + 1 }];
    }),
  };
  if (!asks) return { ...base, state: "not asked" };
  try {
    const connection = await openFilter(settingsOf(filter), { macros: macroLists(config) });
    connection.close(false);
    return { ...base, state: "there", negotiated: connection.negotiated };
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return { ...base, state: "away", problem: error.message };
  }
}

function* textOf(
  file: string,
  listed: readonly Listed[],
  missing: readonly string[],
  macros: MacroLists,
): Generator<string> {
  if (listed.length === 0) yield `${file} has no mail filters`;
  for (const { name, socket, onFailure, askedBy, state, negotiated, problem } of listed) {
    yield `${name}  ${socket}  ${state}`;
    const who = askedBy
      .map(({ name: daemon, port, position }) => `${daemon} (port ${port}) as number ${position}`)
      .join(", ");
    yield `  asked by: ${who || "nobody (InputMailFilters, I= of a port)"}; ${FAILURES[onFailure]}`;
    if (problem !== undefined) yield `  ${problem}`;
    if (negotiated) for (const line of negotiatedLines(negotiated, macros)) yield `  ${line}`;
  }
  for (const name of missing) yield `${name}  no X line defines it`;
}

function documentOf({ negotiated, ...rest }: Listed): object {
  return { ...rest, ...(negotiated && { negotiated: negotiatedDocument(negotiated) }) };
}
