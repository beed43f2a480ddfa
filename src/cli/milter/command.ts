/** `rulemail milter ...`: what mail filters do, and whether they are there. One file for each command; here is what they share. */
import { EX } from "../../sys/sysexits.ts";
import { type CommandStreams, processStreams } from "../command-streams.ts";
import { runToStatus } from "../database-target.ts";

type MilterCommand = (words: readonly string[], streams: CommandStreams) => Promise<number>;

/** Name → command, in the order of --help. */
const COMMANDS: Readonly<Record<string, { readonly says: string; readonly load: () => Promise<MilterCommand> }>> = {
  test: {
    says: "SOCKET FILE  one message through one filter, and what it does, step by step",
    load: async () => (await import("./test.ts")).runMilterTest,
  },
  list: {
    says: "the filters of the configuration: who asks them, are they there, what do they want",
    load: async () => (await import("./list.ts")).runMilterList,
  },
};

/** @returns the status of the command; 64 for words that make none */
export async function runMilterCommand(
  words: readonly string[],
  streams: CommandStreams = processStreams(),
): Promise<number> {
  const [name = "", ...rest] = words;
  if (Object.hasOwn(COMMANDS, name)) {
    const command = await COMMANDS[name].load();
    return runToStatus(streams, () => command(rest, streams));
  }
  const isHelp = name === "--help" || name === "-h" || name === "help";
  const stream = isHelp ? streams.output : streams.errors;
  if (!isHelp && name !== "") stream.line(`rulemail milter: no command named "${name}"`);
  stream.line("usage: rulemail milter COMMAND [options]   (rulemail milter COMMAND --help)");
  for (const [each, { says }] of Object.entries(COMMANDS)) stream.line(`  ${each.padEnd(5)} ${says}`);
  stream.flush();
  return isHelp ? EX.OK : EX.USAGE;
}
