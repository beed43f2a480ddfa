/**
 * The table of names: what the program does depends on the name it is called by, and for `rulemail` on its first
 * word. Each command is imported when it is chosen, so that a short one starts fast.
 */
import { keepHeapSmall } from "../sys/heap.ts";
import { isOneFile } from "../sys/program-files.ts";
import { EX } from "../sys/sysexits.ts";
import { startWhereWanted } from "../daemon/sessions/early-start.ts";
import { systemConfigFile, whereLooked } from "./config-file.ts";
import { kindOfFile, notCompiled } from "./configuration-kind.ts";
import { isUnusual } from "./submission-options.ts";
import { readArguments, type Mode, type SendmailArguments } from "./arguments.ts";

/** Runs with the words after the name; resolves with the exit status. */
export type Command = (words: readonly string[]) => Promise<number>;

type LazyCommand = () => Promise<Command>;

type ModeCommand = (args: SendmailArguments) => Promise<number>;

/** Test mode that has not ended by then has more to do than one question; ms. */
const LONG_DIALOGUE = 250;

/** Modes of `sendmail -bX`. */
const MODES: Readonly<Record<Mode, (args: SendmailArguments) => Promise<ModeCommand>>> = {
  m: async () => (await import("./submit.ts")).submit,
  // What is left of the ARPANET's way: a message, whose lines may end with CRLF.
  a: async () => (await import("./submit.ts")).submit,
  t: async () => {
    const { runTestMode, standardStreams } = await import("./test-mode.ts");
    setTimeout(() => keepHeapSmall("test mode", !isOneFile()), LONG_DIALOGUE).unref();
    return (args) => runTestMode(args, standardStreams());
  },
  s: async () => (await import("./smtp-stdio.ts")).speakSmtp,
  v: async () => (await import("./verify.ts")).verify,
  i: async () => (await import("./newaliases.ts")).rebuildAliases,
  p: async () => (await import("./queue-print.ts")).showQueue,
  P: async () => (await import("./queue-print.ts")).countQueue,
  h: async () => (await import("./hoststat.ts")).showHosts,
  H: async () => (await import("./hoststat.ts")).purge,
  C: async () => (await import("./check-config.ts")).checkConfiguration,
  O: async () => (await import("./show-options.ts")).showOptions,
  d: (args) => serving(args, process.env.RULEMAIL_DETACHED !== undefined),
  D: (args) => serving(args, true),
};

/** @param listens in this process, and not in one that it starts */
async function serving(args: SendmailArguments, listens: boolean): Promise<ModeCommand> {
  const configFile = systemConfigFile(args);
  if (listens) await startWhereWanted(configFile, args.settings);
  const { serve } = await import("./serve.ts");
  return () =>
    serve({
      configFile,
      settings: args.settings,
      queueInterval: args.queueRun?.interval,
      background: args.mode !== "D",
      listen: args.mode === "d" || args.mode === "D",
      logTag: args.logTag,
    });
}

/** `-q` without -bd: one queue run, or with an interval a process that does nothing else. */
async function queueRunning(args: SendmailArguments): Promise<ModeCommand> {
  const { queueRun, quarantine, variant } = args;
  if (quarantine !== undefined) return (await import("./quarantine.ts")).quarantine;
  // The client queue has no process of its own: the server looks after it, now and later.
  return queueRun?.interval === undefined || variant === "c"
    ? (await import("./queue-run.ts")).runQueue
    : serving(args, false);
}

/** A name of the program and first word of `rulemail`; one without a description is not for people. */
interface Entry {
  readonly says?: string;
  /** Knows --help itself. */
  readonly helps?: true;
  readonly load: LazyCommand;
}

const NAMES: Readonly<Record<string, Entry>> = {
  start: {
    says: "[FILE.mc]  a mail server out of nothing, in the foreground",
    load: async () => (await import("./start.ts")).runStart,
  },
  setup: {
    says: "DOMAIN  a mail server for a domain: configuration, keys, aliases, and the records for DNS",
    helps: true,
    load: async () => (await import("./setup/command.ts")).runSetup,
  },
  migrate: {
    says: "--from sendmail|postfix DIR  writes our configuration beside theirs, and compares decisions",
    helps: true,
    load: async () => (await import("./migrate/command.ts")).runMigrate,
  },
  sendmail: {
    says: "-bd -bD -bt -bs -bv -bp -bi -bC -bO -q ...  the classic command line",
    load: () => sendmail("sendmail"),
  },
  smtpd: { says: "the server: sendmail -bd", load: () => sendmail("smtpd") },
  mailq: { says: "what waits in the queue: sendmail -bp", load: () => sendmail("mailq") },
  newaliases: { says: "reads the alias files again: sendmail -bi", load: () => sendmail("newaliases") },
  hoststat: { says: "what is known of other hosts: sendmail -bh", load: () => sendmail("hoststat") },
  purgestat: { says: "forgets what no longer counts of it: sendmail -bH", load: () => sendmail("purgestat") },
  queue: {
    says: "list|top|why|show|hold|release|retry|reroute|bounce|remove|suspend ...  what waits, and what becomes of it",
    helps: true,
    load: async () => (await import("./queue/command.ts")).runQueueCommand,
  },
  log: {
    says: "story|grep|follow|stats ...  what the log knows: what became of a message, who sends, what is refused",
    helps: true,
    load: async () => (await import("./log/command.ts")).runLogCommand,
  },
  status: {
    says: "[--sessions] [--json]  what the running server does, who is logged in, and who is inside TLS",
    load: async () => (await import("./status.ts")).runStatus,
  },
  milter: {
    says: "test|list ...  what mail filters do, and whether they are there",
    helps: true,
    load: async () => (await import("./milter/command.ts")).runMilterCommand,
  },
  report: {
    says: "[--json] [FILE]...  what others report about our mail: DMARC aggregate reports, TLS reports",
    helps: true,
    load: async () => (await import("./report/command.ts")).runReport,
  },
  passwd: {
    says: "add|set|disable|enable|remove NAME, list  passwords of clients (AUTH)",
    helps: true,
    load: async () => (await import("./passwd.ts")).runPasswd,
  },
  dkim: {
    says: "new|list|rotate|dns [DOMAIN]  keys that sign outgoing mail, and their records for DNS",
    helps: true,
    load: async () => (await import("./dkim/command.ts")).runDkimCommand,
  },
  mc: {
    says: "-o FILE.cf FILE.mc  compiles a configuration; --diff, --help-feature",
    helps: true,
    load: async () => (await import("./mc.ts")).runMc,
  },
  config: {
    says: "list|get|set|diff|apply ...  options: values, where they come from, and how they are changed",
    helps: true,
    load: async () => (await import("./config/command.ts")).runConfigCommand,
  },
  lint: {
    says: "FILE  finds what is wrong with a .mc or .cf",
    helps: true,
    load: async () => (await import("./lint.ts")).runLint,
  },
  doctor: {
    says: "[DOMAIN]  what is wrong with the server, its machine and its DNS, and what to do about it",
    helps: true,
    load: async () => (await import("./doctor/command.ts")).runDoctor,
  },
  explain: {
    says: "-C FILE ADDRESS  why an address goes where it goes",
    helps: true,
    load: async () => (await import("./explain.ts")).runExplain,
  },
  session: {
    says: "[SCRIPT]  an SMTP session from any client: what the site answers, who decides, and by which rule",
    helps: true,
    load: async () => (await import("./session/command.ts")).runSession,
  },
  expand: {
    says: "-C FILE ADDRESS  who gets mail for an address, and which line names him",
    helps: true,
    load: async () => (await import("./expand.ts")).runExpand,
  },
  m4: { says: "[FILE]...  the macro processor alone", helps: true, load: async () => (await import("./m4.ts")).runM4 },
  makemap: {
    says: "CLASS FILE < TEXT  makes a database of a table",
    load: async () => (await import("./makemap.ts")).runMakemap,
  },
  editmap: {
    says: "-q|-u|-x CLASS FILE KEY  one entry of a database",
    load: async () => (await import("./editmap.ts")).runEditmap,
  },
  mailstats: {
    says: "what came and went, by mailer: [-o] [-p] [-P] [-c] [-f FILE]",
    load: async () => (await import("./mailstats.ts")).runMailstats,
  },
  praliases: { says: "the aliases as they are", load: async () => (await import("./praliases.ts")).runPraliases },
  vacation: {
    says: "LOGIN  answers mail while somebody is away; in a .forward file",
    load: async () => (await import("./vacation/command.ts")).runVacation,
  },
  rmail: {
    says: "USER...  submits mail that came by UUCP",
    load: async () => (await import("./rmail.ts")).runRmail,
  },
  smrsh: {
    says: "-c COMMAND  a shell that runs nothing but the programs in /etc/mail/smrsh",
    load: async () => (await import("./smrsh.ts")).runSmrsh,
  },
  "mail.local": {
    says: "[-l] USER...  puts a message into mailboxes of this machine; -l: LMTP",
    load: async () => (await import("./mail-local/command.ts")).runMailLocal,
  },
  files: {
    says: "[NAME]  what came with the program: configurations to begin with, and the macro library",
    load: async () => (await import("./came-along.ts")).runFiles,
  },
  licences: {
    says: "the licences of all that the program consists of",
    load: async () => (await import("./came-along.ts")).runLicences,
  },
  version: { says: "which version this is", load: async () => (await import("./version.ts")).runVersion },
  "--worker": { load: worker },
};

/** The hidden personality that reads a configuration for the root helper; the other processes beside the server: worker.ts. */
async function worker(): Promise<Command> {
  return async ([role = "", ...rest]) => {
    if (role === "terms") return (await import("./terms.ts")).printTerms(rest);
    process.stderr.write(`rulemail: --worker: no role "${role}"\n`);
    return EX.USAGE;
  };
}

/** What most calls have nothing of, and pay nothing for. @returns the exit status when the command ends here */
async function lookCloser(args: SendmailArguments): Promise<number | undefined> {
  const { settings, debug, debugFile, trafficLog } = args;
  if (isUnusual(settings)) {
    const unknown = (await import("./command-line-options.ts")).unknownOption(settings);
    if (unknown !== undefined) {
      process.stderr.write(`${unknown}\n`);
      return EX.SOFTWARE;
    }
  }
  if (debug.length === 0 && debugFile === undefined && trafficLog === undefined) return undefined;
  return (await import("./debugging.ts")).beginDebugging(args);
}

/** The classic command line: -b (or the name) chooses. */
async function sendmail(name: string): Promise<Command> {
  return async (words) => {
    const args = readArguments(name, words);
    const { mode, problems, usage, fatal, queueRun } = args;
    const worksOnQueue = queueRun !== undefined || args.quarantine !== undefined;
    // -bt prints its problems itself, among its other lines, and goes on.
    if (mode !== "t" || fatal !== undefined) {
      // Node makes a stream when it is asked for.
      for (const problem of problems) (fatal === "mode" ? process.stdout : process.stderr).write(`${problem}\n`);
      if (usage) return EX.USAGE;
    }
    if (mode !== "t") {
      const status = await lookCloser(args);
      if (status !== undefined) return status;
    }
    // A macro file read as a configuration would leave a server without any of its settings.
    if (args.configFile !== undefined && kindOfFile(args.configFile) === "mc") {
      process.stderr.write(`${name}: ${notCompiled(args.configFile)}\n`);
      return EX.CONFIG;
    }
    const lazy = mode === "m" && worksOnQueue ? queueRunning : MODES[mode];
    // A submission reads no configuration; a server in the background was told by who put it there.
    const submits = (mode === "m" || mode === "a") && !worksOnQueue;
    // What waits in the client queue stands in no configuration.
    const looksAtClientQueue = args.variant === "c" && (mode === "p" || worksOnQueue);
    const isSilent = submits || looksAtClientQueue || process.env.RULEMAIL_DETACHED !== undefined;
    const lost = isSilent ? undefined : whereLooked(args);
    if (lost !== undefined) process.stderr.write(`${name}: ${lost}\n`);
    return (await lazy(args))(args);
  };
}

/** Where to read more about a command. */
const MORE: Readonly<Record<string, string>> = {
  sendmail: `  -bd -bD     run the server, in the background or the foreground; -q30m: try the queue every half hour
  -bt         test mode: what the rules do with addresses; ? for help
  -bv ADDR    where would it go?          -bp      what waits in the queue
  -bi         build the alias databases   -bs      SMTP on standard input
  -bC -bO     check the configuration, show its options
  -C FILE     another configuration       -O NAME=VALUE  an option of it
  ADDR... -t  send the message on standard input (-t: to the recipients in its header); -f FROM, -i
`,
  start: `  FILE.mc       another configuration than cf/standalone.mc; -D NAME[=VALUE] defines a macro of it
  -p PORT       listen on ports from this one on (0: free ones)
  -r HOST:PORT  mail for other hosts goes there, whatever the configuration says (HOST: this machine)
  What it says about files and ports is moved below the home folder (RULEMAIL_HOME, else /var/spool/rulemail)
  and to ports that need no rights, for trying it out.
`,
};
const SAME_AS_SENDMAIL: ReadonlySet<string> = new Set(["smtpd", "mailq", "newaliases", "hoststat", "purgestat"]);

/** What `NAME --help` says. */
function helpOf(name: string): string {
  const says = NAMES[name]?.says ?? "";
  return `usage: ${name} ${says}\n${MORE[name] ?? MORE[SAME_AS_SENDMAIL.has(name) ? "sendmail" : ""] ?? ""}`;
}

/** What `rulemail --help` says. */
function overview(): string {
  const lines = Object.entries(NAMES).flatMap(([name, { says }]) => (says ? [`  ${name.padEnd(11)} ${says}\n`] : []));
  return `usage: rulemail COMMAND [ARGUMENT]...\n${lines.join("")}`;
}

/**
 * @param name the name the program was called by, without folder
 * @param words the words after it
 */
export async function run(name: string, words: readonly string[]): Promise<number> {
  const wanted = name === "rulemail" ? (words[0] ?? "").replace(/^--(?=version$|help$)/, "") : name;
  if (name === "rulemail" && wanted === "help") {
    process.stdout.write(overview());
    return EX.OK;
  }
  // Under any other name (a link of the alternatives system, `sm`) the program is sendmail.
  const known = Object.hasOwn(NAMES, wanted) ? NAMES[wanted] : undefined;
  const entry = known ?? (name === "rulemail" ? undefined : NAMES.sendmail);
  if (!entry) {
    process.stderr.write(wanted === "" ? overview() : `${name}: no command named "${wanted}"\n${overview()}`);
    return EX.USAGE;
  }
  const given = name === "rulemail" ? words.slice(1) : words;
  if (given[0] === "--version" && wanted !== "m4") return (await NAMES.version.load())([]);
  if (given[0] === "--help" && !entry.helps) {
    process.stdout.write(helpOf(Object.hasOwn(NAMES, wanted) ? wanted : "sendmail"));
    return EX.OK;
  }
  const command = await entry.load();
  return command(name === "rulemail" ? words.slice(1) : words);
}
