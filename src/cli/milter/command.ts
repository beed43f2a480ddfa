/** `rulemail milter ...`: what mail filters do, and whether they are there. One file for each command; here is what they share. */
import { type CommandFamily, runFamily } from "../command-family.ts";
import { type CommandStreams, processStreams } from "../command-streams.ts";

const COMMANDS: CommandFamily["commands"] = {
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
  const example = "rulemail milter test inet:8891@localhost message.eml";
  return runFamily({ name: "milter", commands: COMMANDS, example }, words, streams);
}
