/**
 * `sendmail -bt`: reads commands, shows what the rulesets do with addresses.
 *
 * Commands run strictly one after the other; each waits for its look-ups before the next prompt. Text is octets
 * (latin1) in and out.
 */
import { directFlags } from "../config/daemon-ports.ts";
import { loadConfig } from "../config/load.ts";
import { closeSync, openSync } from "node:fs";
import type { CommandLineSetting, ConfigEnvironment } from "../config/environment.ts";
import { errorText } from "../sys/safe-file.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import { isTerminal } from "../sys/terminal.ts";
import type { SendmailArguments } from "./arguments.ts";
import { DebugLevels } from "./debug-levels.ts";
import { forScreen, Output } from "./output.ts";
import { systemConfigFile } from "./config-file.ts";
import { caller } from "./caller.ts";
import { standardInput } from "./standard-input.ts";
import { systemEnvironment } from "./system-environment.ts";
import { colour, wantsColour } from "./test-mode/colour.ts";
import { machineIdentity, programIdentity } from "./test-mode/identity.ts";
import { runLine } from "./test-mode/commands.ts";
import { TestSession } from "./test-mode/session.ts";
import type { Terminal } from "./test-mode/terminal.ts";
import { TestTrace } from "./test-mode/test-trace.ts";

export interface TestModeStreams {
  /** Typed lines, as octets in chunks of any size. */
  readonly input: AsyncIterable<Uint8Array>;
  readonly output?: Output;
  /** Present when a person types: line editing instead of plain reading. */
  readonly terminal?: Terminal;
}

/** Standard input and output; the terminal when both are one. */
export function standardStreams(): TestModeStreams {
  if (!isTerminal(0) || !isTerminal(1)) return { input: standardInput() };
  const screen = process.stdout;
  const paint = wantsColour(process.env) ? colour : (text: string): string => text;
  const painted = (octets: Buffer): Buffer => Buffer.from(paint(forScreen(octets).toString("latin1")), "latin1");
  const output = new Output((octets) => void screen.write(painted(octets)));
  return { input: process.stdin, output, terminal: { input: process.stdin, screen } };
}

const BANNER = "ADDRESS TEST MODE (ruleset 3 NOT automatically invoked)\nEnter <ruleset> <address>";

/** Runs the dialogue; resolves with the exit status. */
export async function runTestMode(given: SendmailArguments, streams: TestModeStreams): Promise<number> {
  const output = streams.output ?? new Output();
  const levels = new DebugLevels();
  for (const text of given.debug) levels.set(text);
  const trace = new TestTrace(levels, output);
  const mistakes = mistakesOf(given);
  // What is wrong with -B is told last.
  const [late, early] = [true, false].map((wanted) => mistakes.filter(({ exit }) => (exit === EX.OK) === wanted));
  for (const { text } of early) output.line(text);
  const system = systemEnvironment();
  const environment: ConfigEnvironment = {
    ...system,
    settings: [...given.settings, ...sessionMacros(given)],
    trace,
    testMode: true,
    opMode: "t",
    print: (line) => output.line(line),
  };
  if (levels.level(0) >= 1) for (const line of programIdentity()) output.line(line);
  const loaded = await loadConfig(systemConfigFile(given), environment);
  let exit: number = loaded.exit;
  if (loaded.config) {
    const users = loaded.config.options.text("MailboxDatabase");
    // Test mode also looks at configurations for servers that have more kinds.
    if (users.startsWith("passwd:")) system.users.choose(users);
    for (const { text } of late) output.line(text);
    exit = early[0]?.exit ?? exit;
    if (levels.level(0) >= 1) for (const line of machineIdentity(loaded.config)) output.line(line);
    loaded.config.macros.set("daemon_flags", directFlags(loaded.config.options));
    // Who asks: the macro that a message from this user would have.
    loaded.config.macros.set("_", `${caller()}@localhost`);
    const session = new TestSession(loaded.config, environment, levels, trace, output, exit);
    if (streams.terminal) {
      session.typed = true;
      output.line(BANNER);
      output.flush();
      const { terminalDialogue } = await import("./test-mode/terminal.ts");
      await terminalDialogue(session, output, streams.terminal);
    } else await dialogue(session, output, streams.input);
    loaded.config.close();
    if (levels.level(2) >= 1) output.line(`\n====finis: stat ${session.exit} e_id=NOQUEUE e_flags=4000<METOO>`);
    // What may go away is no failure of the dialogue, but stands in the way of later ones.
    exit = session.exit === EX.TEMPFAIL ? EX.OK : session.exit;
  }
  output.flush();
  return exit;
}

interface Mistake {
  readonly text: string;
  /** What it does to the exit status. */
  readonly exit: ExitCode;
}

const usage = (text: string): Mistake => ({ text, exit: EX.USAGE });

/** What is wrong with the command line; test mode goes on in spite of it. */
function mistakesOf(given: SendmailArguments): readonly Mistake[] {
  const problems = given.problems.filter((each) => !each.startsWith("Invalid -q value"));
  return [
    ...problems.map((text): Mistake => ({ text, exit: text.startsWith("Illegal body type") ? EX.OK : EX.USAGE })),
    ...(given.queueRun || problems.length < given.problems.length ? [usage("Can not use -q with -bt")] : []),
    ...(given.quarantine === undefined ? [] : [usage("Can not use -Q with -bt")]),
    ...[given.debugFile, given.trafficLog].flatMap((file): Mistake[] => (file === undefined ? [] : unwritable(file))),
  ];
}

function unwritable(file: string): Mistake[] {
  try {
    closeSync(openSync(file, "a"));
    return [];
  } catch (error) {
    return [{ text: `cannot open ${file}: ${errorText(error)}`, exit: EX.CANTCREAT }];
  }
}

/** Macros that -h and -p set. */
function sessionMacros({ hopCount, protocol, protocolHost }: SendmailArguments): CommandLineSetting[] {
  const values = [
    ["c", hopCount === undefined ? "" : String(hopCount)],
    ["r", protocol?.trim() ?? ""],
    ["s", protocolHost?.trim() ?? ""],
  ];
  return values.filter(([, value]) => value !== "").map(([name, value]) => ({ kind: "macro", text: name + value }));
}

async function dialogue(session: TestSession, output: Output, input: AsyncIterable<Uint8Array>): Promise<void> {
  const prompt = session.verbose ? "" : "> ";
  output.line(BANNER);
  output.print(prompt);
  output.flush();
  let rest = "";
  for await (const chunk of input) {
    rest += Buffer.from(chunk).toString("latin1");
    let start = 0;
    for (let end = rest.indexOf("\n"); end !== -1; end = rest.indexOf("\n", start)) {
      if ((await runLine(session, rest.slice(start, end))) === "quit") return;
      output.print(prompt);
      start = end + 1;
    }
    rest = rest.slice(start);
    output.flush();
  }
  if (rest !== "" && (await runLine(session, rest)) !== "quit") output.print(prompt);
}
