/**
 * The table of names: what the program does depends on the name it is called by, and for `rulemail` on its first
 * word. Each command is imported when it is chosen, so that a short one starts fast.
 */
import { EX } from "../sys/sysexits.ts";
import { readArguments, type Mode, type SendmailArguments } from "./arguments.ts";

/** Runs with the words after the name; resolves with the exit status. */
export type Command = (words: readonly string[]) => Promise<number>;

type LazyCommand = () => Promise<Command>;

type ModeCommand = (args: SendmailArguments) => Promise<number>;

/** Modes of `sendmail -bX`. */
const MODES: Readonly<Partial<Record<Mode, () => Promise<ModeCommand>>>> = {
  m: async () => (await import("./submit.ts")).submit,
  t: async () => {
    const { runTestMode, standardStreams } = await import("./test-mode.ts");
    return (args) => runTestMode(args, standardStreams());
  },
  s: async () => (await import("./smtp-stdio.ts")).speakSmtp,
  v: async () => (await import("./verify.ts")).verify,
  i: async () => (await import("./newaliases.ts")).rebuildAliases,
  p: async () => (await import("./queue-print.ts")).showQueue,
  P: async () => (await import("./queue-print.ts")).countQueue,
  C: async () => (await import("./check-config.ts")).checkConfiguration,
  O: async () => (await import("./show-options.ts")).showOptions,
  d: serving,
  D: serving,
};

async function serving(): Promise<ModeCommand> {
  const [{ serve }, { systemConfigFile }] = await Promise.all([import("./serve.ts"), import("./config-file.ts")]);
  return (args) =>
    serve({
      configFile: systemConfigFile(args),
      settings: args.settings,
      queueInterval: args.queueRun?.interval,
      background: args.mode !== "D",
      listen: args.mode === "d" || args.mode === "D",
      logTag: args.logTag,
    });
}

/** `-q` without -bd: one queue run, or with an interval a process that does nothing else. */
async function queueRunning({ queueRun }: SendmailArguments): Promise<ModeCommand> {
  return queueRun?.interval === undefined ? (await import("./queue-run.ts")).runQueue : serving();
}

/** Names of the program, and first words of `rulemail`. */
const NAMES: Readonly<Record<string, LazyCommand>> = {
  sendmail: () => sendmail("sendmail"),
  mailq: () => sendmail("mailq"),
  newaliases: () => sendmail("newaliases"),
  hoststat: () => sendmail("hoststat"),
  purgestat: () => sendmail("purgestat"),
  smtpd: () => sendmail("smtpd"),
  mc: async () => (await import("./mc.ts")).runMc,
  lint: async () => (await import("./lint.ts")).runLint,
  m4: async () => (await import("./m4.ts")).runM4,
  explain: async () => (await import("./explain.ts")).runExplain,
  makemap: async () => (await import("./makemap.ts")).runMakemap,
  praliases: async () => (await import("./praliases.ts")).runPraliases,
  editmap: async () => (await import("./editmap.ts")).runEditmap,
  start: async () => (await import("./start.ts")).runStart,
  "--worker": worker,
};

/** The hidden personality that works with the rights of one user (sys/worker-process.ts). */
async function worker(): Promise<Command> {
  const [{ runWorkerPersonality }, { userTasks }] = await Promise.all([
    import("../sys/worker-process.ts"),
    import("../delivery/user-tasks.ts"),
  ]);
  const command = [process.execPath, process.argv[1], "rulemail", "--worker"];
  return async (words) => {
    await runWorkerPersonality(words, command, userTasks);
    return EX.OK;
  };
}

/** The classic command line: -b (or the name) chooses. */
async function sendmail(name: string): Promise<Command> {
  return async (words) => {
    const args = readArguments(name, words);
    const { mode, problems, usage, fatal, queueRun } = args;
    // -bt prints its problems itself, among its other lines, and goes on.
    if (mode !== "t" || fatal !== undefined) {
      const stream = fatal === "mode" ? process.stdout : process.stderr;
      for (const problem of problems) stream.write(`${problem}\n`);
      if (usage) return EX.USAGE;
    }
    const lazy = mode === "m" && queueRun !== undefined ? () => queueRunning(args) : MODES[mode];
    if (lazy) return (await lazy())(args);
    process.stderr.write(`${name}: -b${mode} is not available here\n`);
    return EX.UNAVAILABLE;
  };
}

/** What `rulemail --help` says: the names, without the hidden ones. */
function overview(): string {
  const names = Object.keys(NAMES).filter((each) => !each.startsWith("-"));
  return `usage: rulemail COMMAND [ARGUMENT]...
commands: ${names.join(", ")}
  rulemail start [FILE.mc]         a mail server out of nothing, in the foreground
  rulemail sendmail -bD            the server of a machine (-bd: in the background)
  rulemail mc FILE.mc > FILE.cf    compiles a configuration
  rulemail sendmail -bt            tries rulesets and addresses
`;
}

/**
 * @param name the name the program was called by, without folder
 * @param words the words after it
 */
export async function run(name: string, words: readonly string[]): Promise<number> {
  const wanted = name === "rulemail" ? (words[0] ?? "") : name;
  if (wanted === "--help" || wanted === "help") {
    process.stdout.write(overview());
    return EX.OK;
  }
  // Under any other name (a link of the alternatives system, `sm`) the program is sendmail.
  const known = Object.hasOwn(NAMES, wanted) ? NAMES[wanted] : undefined;
  const lazy = known ?? (name === "rulemail" ? undefined : NAMES.sendmail);
  if (!lazy) {
    process.stderr.write(wanted === "" ? overview() : `${name}: no command named "${wanted}"\n${overview()}`);
    return EX.USAGE;
  }
  const command = await lazy();
  return command(name === "rulemail" ? words.slice(1) : words);
}
