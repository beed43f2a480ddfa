/**
 * The command line of sendmail and its other names: one dash, letters together or apart, values joined or following.
 *
 * Only reads; what the values mean is up to the command. Problems are texts in sendmail's words; `usage` says that
 * they end the program with status 64, `fatal` that nothing else counts.
 */
import { type Notify, readNotify } from "../mail/notify.ts";
import type { CommandLineSetting } from "../config/environment.ts";
import { NO_RUN, type QueueRun, withQueueWord } from "./queue-arguments.ts";

/** -b: what to do. */
export type Mode =
  /** Accept one message on standard input (default), or in the old ARPANET style. */
  | "m"
  | "a"
  /** SMTP on standard input and output. */
  | "s"
  /** Daemon, in the background or the foreground. */
  | "d"
  | "D"
  /** Rebuild alias databases. */
  | "i"
  /** Print the queue, or only its size. */
  | "p"
  | "P"
  /** Test addresses, verify them. */
  | "t"
  | "v"
  /** Print or purge host status. */
  | "h"
  | "H"
  /** Check the configuration and exit; show its options. */
  | "C"
  | "O";

const MODES = "masdDipPtvhHCO";

export interface SendmailArguments {
  readonly mode: Mode;
  /** -C. */
  readonly configFile?: string;
  /** -A m or c: the server's or the submission program's configuration. */
  readonly variant?: "m" | "c";
  /** -O, -o and -M, in order. */
  readonly settings: readonly CommandLineSetting[];
  /** What follows each -d, and -D. */
  readonly debug: readonly string[];
  readonly debugFile?: string;
  readonly queueRun?: QueueRun;
  /** --json: a listing for programs. */
  readonly json?: true;
  /** -Q: quarantine matching entries with this reason; "" releases them. */
  readonly quarantine?: string;
  /** -f or -r. */
  readonly sender?: string;
  /** -F. */
  readonly fullName?: string;
  /** -t: recipients are in the header. */
  readonly fromHeaders: boolean;
  /** -i. */
  readonly ignoreDots: boolean;
  /** -v. */
  readonly verbose: boolean;
  /** -v, more than once. */
  readonly veryVerbose: boolean;
  /** -n. */
  readonly noAliasing: boolean;
  /** -G. */
  readonly gateway: boolean;
  /** -U. */
  readonly smtpUtf8: boolean;
  /** -N, as for RCPT NOTIFY=. */
  readonly notify?: readonly Notify[];
  readonly ret?: "FULL" | "HDRS";
  /** -V. */
  readonly envelopeId?: string;
  readonly bodyType?: "7BIT" | "8BITMIME";
  /** -h. */
  readonly hopCount?: number;
  /** -p protocol:host. */
  readonly protocol?: string;
  readonly protocolHost?: string;
  /** -L. */
  readonly logTag?: string;
  /** -X. */
  readonly trafficLog?: string;
  readonly addresses: readonly string[];
  /** In sendmail's words, in order. */
  readonly problems: readonly string[];
  /** True when a problem ends the program (64), except test mode. */
  readonly usage: boolean;
  /** What ends the program before anything else is looked at: an unknown option, a mode that there is not. */
  readonly fatal?: "option" | "mode";
}

type Draft = { -readonly [Key in keyof SendmailArguments]: SendmailArguments[Key] } & {
  /** Told after the others: the original looks at -B late. */
  bodyProblem?: string;
  settings: CommandLineSetting[];
  debug: string[];
  addresses: string[];
  problems: string[];
};

type Take = (draft: Draft, value: string) => void;

/** Options with a value, by letter: joined to the letter, or the next word. */
const WITH_VALUE: Readonly<Record<string, Take>> = {
  A(draft, value) {
    // Another letter is the same as none.
    if (value === "m" || value === "c") draft.variant = value;
  },
  B(draft, value) {
    const type = value.toUpperCase();
    if (type === "7BIT" || type === "8BITMIME") draft.bodyType = type;
    else draft.bodyProblem = `Illegal body type ${value}`;
  },
  b(draft, value) {
    if (value !== "" && MODES.includes(value[0])) draft.mode = value[0] as Mode;
    else stop(draft, "mode", value[0] === "z" ? FROZEN : `Invalid operation mode ${value.slice(0, 1)}`.trimEnd());
  },
  C: (draft, value) => void (draft.configFile = value),
  D(draft, value) {
    if (draft.debug.length > 0) usage(draft, "-D file must be before -d");
    draft.debugFile = value;
  },
  e: (draft, value) => setting(draft, `e${value}`),
  F: (draft, value) => void (draft.fullName = value),
  f: sender,
  r: sender,
  h(draft, value) {
    draft.hopCount = Number.parseInt(value, 10) || 0;
    if (!/^-?[0-9]*$/.test(value)) usage(draft, `Bad hop count (${value})`);
  },
  L: (draft, value) => void (draft.logTag = value),
  M: (draft, value) => void draft.settings.push({ kind: "macro", text: value }),
  N: notify,
  O: (draft, value) => void draft.settings.push({ kind: "option", text: ` ${value}` }),
  o: (draft, value) => setting(draft, value),
  p(draft, value) {
    const colon = value.indexOf(":");
    draft.protocol = colon === -1 ? value : value.slice(0, colon);
    if (colon !== -1) draft.protocolHost = value.slice(colon + 1);
  },
  R(draft, value) {
    const ret = value.toUpperCase();
    if (ret === "FULL" || ret === "HDRS") draft.ret = ret;
    else usage(draft, "Invalid -R value");
  },
  V(draft, value) {
    // RFC 3461 §4: xtext.
    if (/^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/.test(value)) draft.envelopeId = value;
    else usage(draft, "Invalid syntax in -V flag");
  },
  X: (draft, value) => void (draft.trafficLog = value),
};

const FROZEN = "Frozen configurations unsupported";

/** Options whose value can only be joined; with -q and -Q it may also follow when it is no option itself. */
const WITH_JOINED_VALUE: Readonly<Record<string, Take>> = {
  d: (draft, value) => void draft.debug.push(value),
  Q: (draft, value) => void (draft.quarantine = value),
  q: queueRun,
};
const MAY_FOLLOW = "qQ";

const FLAGS: Readonly<Record<string, (draft: Draft) => void>> = {
  c: (draft) => setting(draft, "cT"),
  G: (draft) => void (draft.gateway = true),
  I: (draft) => void (draft.mode = "i"),
  i(draft) {
    draft.ignoreDots = true;
    setting(draft, "iT");
  },
  m: (draft) => setting(draft, "mT"),
  n: (draft) => void (draft.noAliasing = true),
  s: (draft) => setting(draft, "fT"),
  T: (draft) => setting(draft, "TT"),
  t: (draft) => void (draft.fromHeaders = true),
  U: (draft) => void (draft.smtpUtf8 = true),
  v(draft) {
    draft.veryVerbose = draft.verbose;
    draft.verbose = true;
    setting(draft, "vT");
  },
};

/** Names of the program that stand for a mode. */
const NAMES: Readonly<Record<string, Mode>> = {
  mailq: "p",
  newaliases: "i",
  hoststat: "h",
  purgestat: "H",
  smtpd: "d",
};

/**
 * @param program the name the program was called by, without folder
 * @param words the words after it
 */
export function readArguments(program: string, words: readonly string[]): SendmailArguments {
  const draft: Draft = {
    mode: NAMES[program] ?? "m",
    settings: [],
    debug: [],
    fromHeaders: false,
    ignoreDots: false,
    verbose: false,
    veryVerbose: false,
    noAliasing: false,
    gateway: false,
    smtpUtf8: false,
    addresses: [],
    problems: [],
    usage: false,
  };
  let at = 0;
  for (; at < words.length && draft.fatal === undefined; at++) {
    const word = words[at];
    if (word === "--json") {
      draft.json = true;
      continue;
    }
    if (word.startsWith("--")) {
      at++;
      break;
    }
    if (!word.startsWith("-") || word === "-") break;
    at += readWord(draft, program, word, words[at + 1]);
  }
  draft.addresses.push(...words.slice(at));
  checkQueueRun(draft);
  checkQuarantine(draft);
  const { bodyProblem, ...read } = draft;
  if (bodyProblem === undefined) return read;
  read.problems.push(bodyProblem);
  return { ...read, usage: read.usage || read.mode === "m" || read.mode === "s" };
}

/** Modes that -q has a meaning in; test mode says itself that it has none there. */
const RUNS_QUEUE = "mdDpPt";

function checkQueueRun(draft: Draft): void {
  const { mode, queueRun: run } = draft;
  if (run === undefined || RUNS_QUEUE.includes(mode)) return;
  // Where the caller speaks SMTP he is answered in it.
  usage(draft, `${mode === "s" || mode === "a" ? "550 " : ""}Can not use -q with -b${mode}`);
}

/** -Q is an action of its own. */
function checkQuarantine(draft: Draft): void {
  if (draft.quarantine === undefined) return;
  if (draft.mode !== "m") usage(draft, `Can not use -Q with -b${draft.mode}`);
  if (draft.queueRun?.set === "lost") usage(draft, "Can not use -Q with -qL");
}

/** @returns 1 when the next word was taken as a value */
function readWord(draft: Draft, program: string, word: string, next: string | undefined): 0 | 1 {
  for (let i = 1; i < word.length; i++) {
    const letter = word[i];
    const rest = word.slice(i + 1);
    const joined = WITH_JOINED_VALUE[letter];
    if (joined) {
      const follows = rest === "" && MAY_FOLLOW.includes(letter) && next !== undefined && !next.startsWith("-");
      joined(draft, follows ? next : rest);
      return follows ? 1 : 0;
    }
    const take = WITH_VALUE[letter];
    if (take) {
      if (rest === "" && next === undefined && letter !== "b")
        stop(draft, "option", `${program}: option requires an argument -- ${letter}`);
      else take(draft, rest === "" ? (next ?? "") : rest);
      return rest === "" ? 1 : 0;
    }
    const flag = FLAGS[letter];
    if (!flag) {
      stop(draft, "option", `${program}: illegal option -- ${letter}`);
      return 0;
    }
    flag(draft);
  }
  return 0;
}

function usage(draft: Draft, problem: string): void {
  draft.problems.push(problem);
  draft.usage = true;
}

function stop(draft: Draft, fatal: "option" | "mode", problem: string): void {
  usage(draft, problem);
  draft.fatal = fatal;
}

function sender(draft: Draft, value: string): void {
  if (draft.sender !== undefined) usage(draft, 'More than one "from" person');
  else draft.sender = value;
}

/** -q, -q30m, -qp5m, -qf, -qGname, -q[!]I..., -qQ, -qL; may be given more than once. */
function queueRun(draft: Draft, value: string): void {
  const run = withQueueWord(draft.queueRun ?? NO_RUN, value);
  if (typeof run === "string") usage(draft, run);
  else draft.queueRun = run;
}

function setting(draft: Draft, text: string): void {
  draft.settings.push({ kind: "option", text });
}

function notify(draft: Draft, value: string): void {
  const read = readNotify(value);
  if ("bad" in read) usage(draft, "Invalid -N argument");
  else draft.notify = read;
}
