/** `rulemail queue ...`: what operators ask of the queue, and do with it. One file for each command; here is what they share. */
import yargs, { type Argv } from "yargs";
import { ControlDeniedError, ControlError } from "../../control/client.ts";
import type { QueueFilter } from "../../queue/filter.ts";
import { QueueFormatError } from "../../queue/format.ts";
import { QueueLockedError } from "../../queue/lock.ts";
import { EX } from "../../sys/sysexits.ts";
import { type CommandStreams, processStreams } from "../command-streams.ts";
import { ReaderGoneError } from "../output.ts";
import { QueueCommandError } from "./desk.ts";
import type { Place } from "./open-desk.ts";
import { filterOf, SelectionError, withSelectors } from "./selection.ts";

/** What a command has been told. */
export interface Order {
  /** Words behind the command: queue ids, mostly. */
  readonly words: readonly string[];
  /** Options by their names. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The ids and conditions. */
  readonly filter: QueueFilter;
  readonly place: Place;
  readonly json: boolean;
  readonly output: CommandStreams["output"];
  readonly errors: CommandStreams["errors"];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface QueueCommand {
  /** What stands behind the name in a usage line, and one line of what it is for. */
  readonly usage: string;
  readonly says: string;
  /** Its own options; absent: it takes words only. */
  readonly options?: (parser: Argv) => Argv;
  /** It can be told which messages are meant. */
  readonly selects?: true;
  readonly run: (order: Order) => Promise<number>;
}

/** Name → command, in the order of --help. */
const COMMANDS: Readonly<Record<string, () => Promise<QueueCommand>>> = {
  list: async () => (await import("./list.ts")).listCommand,
  top: async () => (await import("./top.ts")).topCommand,
  why: async () => (await import("./why.ts")).whyCommand,
  show: async () => (await import("./show.ts")).showCommand,
  hold: async () => (await import("./changes.ts")).changeCommands.hold,
  release: async () => (await import("./changes.ts")).changeCommands.release,
  retry: async () => (await import("./changes.ts")).changeCommands.retry,
  reroute: async () => (await import("./changes.ts")).changeCommands.reroute,
  bounce: async () => (await import("./changes.ts")).changeCommands.bounce,
  remove: async () => (await import("./changes.ts")).changeCommands.remove,
  suspend: async () => (await import("./suspensions.ts")).suspensionCommands.suspend,
  resume: async () => (await import("./suspensions.ts")).suspensionCommands.resume,
  suspended: async () => (await import("./suspensions.ts")).suspensionCommands.suspended,
};

type Streams = Pick<CommandStreams, "output" | "errors">;

/**
 * @returns 0; 64 for words that make no command, 66 when a message that was named is not there, 69 when nobody answers or it
 * cannot be done, 75 when some of it could not be done now, 77 when it is not for whoever asks
 */
export async function runQueueCommand(words: readonly string[], streams: Streams = processStreams()): Promise<number> {
  const [name = "", ...rest] = words;
  if (!Object.hasOwn(COMMANDS, name)) {
    const isHelp = name === "--help" || name === "-h" || name === "help";
    const stream = isHelp ? streams.output : streams.errors;
    if (!isHelp && name !== "") stream.line(`rulemail queue: no command named "${name}"`);
    stream.print(await overview());
    stream.flush();
    return isHelp ? EX.OK : EX.USAGE;
  }
  const refuse = (text: string, exit: number): number => {
    streams.output.flush();
    streams.errors.line(`rulemail queue ${name}: ${text}`);
    streams.errors.flush();
    return exit;
  };
  try {
    return await runNamed(name, await COMMANDS[name](), rest, streams);
  } catch (error) {
    if (error instanceof SelectionError) return refuse(`${error.message}; see rulemail queue ${name} --help`, EX.USAGE);
    if (error instanceof QueueCommandError) return refuse(error.message, error.exit);
    if (error instanceof ControlDeniedError) return refuse(error.message, EX.NOPERM);
    if (error instanceof ControlError) return refuse(error.message, EX.UNAVAILABLE);
    if (error instanceof QueueLockedError) return refuse(error.message, EX.TEMPFAIL);
    if (error instanceof QueueFormatError) return refuse(error.message, EX.OSFILE);
    throw error;
  }
}

async function runNamed(
  name: string,
  command: QueueCommand,
  words: readonly string[],
  streams: Streams,
): Promise<number> {
  const { output, errors } = streams;
  let help: string | undefined;
  let problem: string | undefined;
  const parsed = await parserOf(name, command)
    .fail((message, error) => void (problem = message || error.message))
    .parse([...words], {}, (_error, _argv, text) => void (help = text));
  if (problem !== undefined) throw new SelectionError(problem);
  if (help !== undefined && help !== "") {
    output.print(`${help}\n`);
    output.flush();
    return EX.OK;
  }
  const options = parsed as Readonly<Record<string, unknown>>;
  const given = parsed._.map(String);
  const now = Date.now();
  const configFile = options["C"] as string | undefined;
  const status = await command.run({
    words: given,
    options,
    filter: command.selects === true ? filterOf(given, options, now) : {},
    place: { client: options["client"] === true, configFile, errors },
    json: options["json"] === true,
    output,
    errors,
    now,
  });
  try {
    output.flush();
    errors.flush();
  } catch (error) {
    // What was done is done, whoever hears of it.
    if (!(error instanceof ReaderGoneError)) throw error;
  }
  return status;
}

function parserOf(name: string, { usage, says, options, selects }: QueueCommand): Argv {
  let parser: Argv = yargs()
    .scriptName("rulemail queue")
    .usage(`rulemail queue ${name} ${usage}\n${says}`)
    .option("json", { type: "boolean", describe: "JSON, one document per line" })
    .option("C", { type: "string", nargs: 1, describe: "configuration, when no server answers" })
    .option("client", {
      type: "boolean",
      describe: "of the client queue: mail that the server has not taken over yet",
    });
  if (selects === true) parser = withSelectors(parser);
  if (options !== undefined) parser = options(parser);
  return parser
    .parserConfiguration({ "parse-numbers": false, "parse-positional-numbers": false, "boolean-negation": true })
    .strictOptions()
    .version(false)
    .exitProcess(false)
    .wrap(WIDTH);
}

const WIDTH = 110;

async function overview(): Promise<string> {
  const lines: string[] = [];
  for (const [name, load] of Object.entries(COMMANDS)) {
    const { usage, says } = await load();
    lines.push(`  ${`${name} ${usage}`.padEnd(38)} ${says}\n`);
  }
  return `usage: rulemail queue COMMAND ...\n${lines.join("")}rulemail queue COMMAND --help tells more\n`;
}
