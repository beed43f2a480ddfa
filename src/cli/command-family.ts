/** Commands of two words (`rulemail milter test`): the second one chooses a file, which is loaded then. */
import { EX } from "../sys/sysexits.ts";
import type { CommandStreams } from "./command-streams.ts";
import { runToStatus } from "./database-target.ts";

export type FamilyCommand = (words: readonly string[], streams: CommandStreams) => Promise<number>;

export interface CommandFamily {
  /** The first word. */
  readonly name: string;
  /** By the second word, in the order of --help. */
  readonly commands: Readonly<Record<string, { readonly says: string; readonly load: () => Promise<FamilyCommand> }>>;
  /** A whole line that somebody could type. */
  readonly example: string;
  /** Turns errors of a command into those that its user is told. */
  readonly guard?: (name: string, run: () => Promise<number>) => Promise<number>;
}

/** @returns the status of the command; 64 for words that make none */
export async function runFamily(
  { name: family, commands, example, guard = (_name, run) => run() }: CommandFamily,
  words: readonly string[],
  streams: CommandStreams,
): Promise<number> {
  const [name = "", ...rest] = words;
  if (Object.hasOwn(commands, name)) {
    const command = await commands[name].load();
    return runToStatus(streams, () => guard(name, () => command(rest, streams)));
  }
  const isHelp = name === "--help" || name === "-h" || name === "help";
  const stream = isHelp ? streams.output : streams.errors;
  if (!isHelp && name !== "") stream.line(`rulemail ${family}: no command named "${name}"`);
  stream.line(`usage: rulemail ${family} COMMAND [options]   (rulemail ${family} COMMAND --help)`);
  const width = Math.max(...Object.keys(commands).map((each) => each.length));
  for (const [each, { says }] of Object.entries(commands)) stream.line(`  ${each.padEnd(width)} ${says}`);
  stream.line(`Example: ${example}`);
  stream.flush();
  return isHelp ? EX.OK : EX.USAGE;
}
