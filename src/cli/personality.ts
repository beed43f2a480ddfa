/**
 * The table of names: what the program does depends on the name it is called by, and for `rulemail` on its first
 * word. Each command is imported when it is chosen, so that a short one starts fast.
 */
import { readArguments, type Mode } from "./arguments.ts";

/** Runs with the words after the name; resolves with the exit status. */
export type Command = (words: readonly string[]) => Promise<number>;

type LazyCommand = () => Promise<Command>;

/** Modes of `sendmail -bX`. */
const MODES: Readonly<Partial<Record<Mode, LazyCommand>>> = {
  t: async () => {
    const { runTestMode } = await import("./test-mode.ts");
    return (words) => runTestMode(readArguments("sendmail", words), { input: process.stdin });
  },
};

/** Names of the program, and first words of `rulemail`. */
const NAMES: Readonly<Record<string, LazyCommand>> = {
  sendmail: () => sendmail("sendmail"),
  mailq: () => sendmail("mailq"),
  newaliases: () => sendmail("newaliases"),
  hoststat: () => sendmail("hoststat"),
  purgestat: () => sendmail("purgestat"),
  smtpd: () => sendmail("smtpd"),
  mc: async () => (await import("./mc.ts")).runMc,
  m4: async () => (await import("./m4.ts")).runM4,
};

/** The classic command line: -b (or the name) chooses. */
async function sendmail(name: string): Promise<Command> {
  return async (words) => {
    const { mode, problems, usage } = readArguments(name, words);
    const lazy = MODES[mode];
    if (lazy && !usage) return (await lazy())(words);
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    if (usage) return 64;
    process.stderr.write(`${name}: -b${mode} is not available here\n`);
    return 69;
  };
}

/**
 * @param name the name the program was called by, without folder
 * @param words the words after it
 */
export async function run(name: string, words: readonly string[]): Promise<number> {
  const lazy = name === "rulemail" ? NAMES[words[0] ?? ""] : NAMES[name];
  if (!lazy) {
    const known = Object.keys(NAMES).join(", ");
    process.stderr.write(`${name}: no command of that name; there are ${known}\n`);
    return 64;
  }
  const command = await lazy();
  return command(name === "rulemail" ? words.slice(1) : words);
}
