/**
 * `sendmail -bt`: reads commands, shows what the rulesets do with addresses.
 *
 * Commands run strictly one after the other; each waits for its look-ups before the next prompt. Text is octets
 * (latin1) in and out.
 */
import { loadConfig } from "../config/load.ts";
import type { ConfigEnvironment } from "../config/environment.ts";
import { EX } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";
import { DebugLevels } from "./debug-levels.ts";
import { Output } from "./output.ts";
import { systemEnvironment } from "./system-environment.ts";
import { colour, wantsColour } from "./test-mode/colour.ts";
import { machineIdentity, programIdentity } from "./test-mode/identity.ts";
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
  if (!process.stdin.isTTY || !process.stdout.isTTY) return { input: process.stdin };
  const screen = process.stdout;
  const paint = wantsColour(process.env) ? colour : (text: string): string => text;
  const output = new Output((octets) => void screen.write(Buffer.from(paint(octets.toString("latin1")), "latin1")));
  return { input: process.stdin, output, terminal: { input: process.stdin, screen } };
}

const BANNER = "ADDRESS TEST MODE (ruleset 3 NOT automatically invoked)\nEnter <ruleset> <address>";
const DEFAULT_CONFIG = "/etc/mail/sendmail.cf";

/** Runs the dialogue; resolves with the exit status. */
export async function runTestMode(given: SendmailArguments, streams: TestModeStreams): Promise<number> {
  const output = streams.output ?? new Output();
  const levels = new DebugLevels();
  for (const text of given.debug) levels.set(text);
  const trace = new TestTrace(levels, output);
  for (const problem of given.problems) output.line(problem);
  if (given.usage) {
    output.flush();
    return EX.USAGE;
  }
  const environment: ConfigEnvironment = {
    ...systemEnvironment(),
    settings: given.settings,
    trace,
    testMode: true,
    print: (line) => output.line(line),
  };
  if (levels.level(0) >= 1) for (const line of programIdentity()) output.line(line);
  const loaded = await loadConfig(given.configFile ?? DEFAULT_CONFIG, environment);
  let exit: number = loaded.exit;
  if (loaded.config) {
    if (given.queueRun) {
      output.line("Can not use -q with -bt");
      exit = EX.USAGE;
    }
    if (levels.level(0) >= 1) for (const line of machineIdentity(loaded.config)) output.line(line);
    const session = new TestSession(loaded.config, environment, levels, trace, output, exit);
    if (streams.terminal) {
      output.line(BANNER);
      output.flush();
      const { terminalDialogue } = await import("./test-mode/terminal.ts");
      await terminalDialogue(session, output, streams.terminal);
    } else await dialogue(session, output, streams.input);
    loaded.config.close();
    if (levels.level(2) >= 1) output.line(`\n====finis: stat ${session.exit} e_id=NOQUEUE e_flags=4000<METOO>`);
    exit = session.exit;
  }
  output.flush();
  return exit;
}

async function dialogue(session: TestSession, output: Output, input: AsyncIterable<Uint8Array>): Promise<void> {
  output.line(BANNER);
  output.print("> ");
  output.flush();
  let rest = "";
  for await (const chunk of input) {
    rest += Buffer.from(chunk).toString("latin1");
    let start = 0;
    for (let end = rest.indexOf("\n"); end !== -1; end = rest.indexOf("\n", start)) {
      if ((await session.run(rest.slice(start, end))) === "quit") return;
      output.print("> ");
      start = end + 1;
    }
    rest = rest.slice(start);
    output.flush();
  }
  if (rest !== "" && (await session.run(rest)) !== "quit") output.print("> ");
}
