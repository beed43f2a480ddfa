/**
 * The suboptions of Timeout, and the options that set them: Timeout itself, and the old QueueTimeout.
 *
 * Names of timeouts are in lower case here; a configuration may write them in any letter case, but not shorter.
 */
import { NOT_YET } from "../reasons.ts";
import type { Setting } from "../setting.ts";
import type { TimeUnit } from "../times.ts";
import type { Check, CheckContext, OptionRow, WrittenTime } from "./row.ts";
import { meant } from "./value-words.ts";

export type TimeoutRow = Setting & {
  readonly name: string;
  /** Of a bare number. */
  readonly unit: TimeUnit;
  /** As it would be written. */
  readonly initial: WrittenTime;
  /** A count, not a time. */
  readonly count?: true;
  /** Setting this one sets these. */
  readonly all?: readonly string[];
};

const SETS_MEMBERS = "sets its four members, which are acted on";
const RESOLVER_TIMES = "the resolver takes resolv.conf's times";
const RESOLVER_ATTEMPTS = "the resolver takes resolv.conf's attempts";

const rows = [
  {
    name: "connect",
    unit: "s",
    initial: "0",
    meaning: "a connection to a host",
  },
  {
    name: "iconnect",
    unit: "s",
    initial: "0",
    meaning: "a connection at the first attempt at a message",
  },
  {
    name: "aconnect",
    unit: "s",
    initial: "0",
    meaning: "all connections of one delivery together",
  },
  {
    name: "initial",
    unit: "m",
    initial: "5m",
    meaning: "the peer's greeting",
  },
  {
    name: "helo",
    unit: "m",
    initial: "5m",
    meaning: "the answer to EHLO",
  },
  {
    name: "mail",
    unit: "m",
    initial: "10m",
    meaning: "the answer to MAIL",
  },
  {
    name: "rcpt",
    unit: "m",
    initial: "1h",
    meaning: "the answer to RCPT",
  },
  {
    name: "datainit",
    unit: "m",
    initial: "5m",
    meaning: "the answer to DATA",
  },
  {
    name: "datablock",
    unit: "m",
    initial: "1h",
    meaning: "each block of a message, as client and server",
  },
  {
    name: "datafinal",
    unit: "m",
    initial: "1h",
    meaning: "the answer after the message",
  },
  {
    name: "command",
    unit: "m",
    initial: "1h",
    meaning: "the client's next command",
  },
  {
    name: "rset",
    unit: "m",
    initial: "5m",
    meaning: "the answer to RSET",
  },
  {
    name: "quit",
    unit: "m",
    initial: "2m",
    meaning: "the answer to QUIT",
  },
  {
    name: "misc",
    unit: "m",
    initial: "2m",
    meaning: "the answer to other commands",
  },
  {
    name: "ident",
    unit: "s",
    initial: "5s",
    meaning: "the ident protocol",
    notActedOn: "the ident protocol is not asked",
  },
  {
    name: "fileopen",
    unit: "s",
    initial: "60s",
    meaning: "opening a file",
    notActedOn: NOT_YET,
  },
  {
    name: "queuewarn",
    unit: "h",
    initial: "0",
    meaning: "how long mail waits before its sender is told",
    notActedOn: SETS_MEMBERS,
    all: ["queuewarn.normal", "queuewarn.urgent", "queuewarn.non-urgent", "queuewarn.dsn"],
  },
  {
    name: "queuereturn",
    unit: "d",
    initial: "5d",
    meaning: "how long mail waits before it is returned",
    notActedOn: SETS_MEMBERS,
    all: ["queuereturn.normal", "queuereturn.urgent", "queuereturn.non-urgent", "queuereturn.dsn"],
  },
  {
    name: "hoststatus",
    unit: "m",
    initial: "30m",
    meaning: "how long a host counts as down",
  },
  {
    name: "control",
    unit: "m",
    initial: "2m",
    meaning: "a command on the control socket",
    notActedOn: NOT_YET,
  },
  {
    name: "lhlo",
    unit: "m",
    initial: "2m",
    meaning: "the answer to LHLO",
  },
  {
    name: "auth",
    unit: "m",
    initial: "10m",
    meaning: "an AUTH dialogue",
  },
  {
    name: "starttls",
    unit: "m",
    initial: "1h",
    meaning: "a TLS handshake, as client and server",
  },
  {
    name: "resolver.retrans",
    unit: "s",
    initial: "0",
    meaning: "an answer of a name server",
    notActedOn: RESOLVER_TIMES,
    all: ["resolver.retrans.first", "resolver.retrans.normal"],
  },
  {
    name: "resolver.retry",
    unit: "s",
    initial: "0",
    count: true,
    meaning: "questions to a name server",
    notActedOn: RESOLVER_ATTEMPTS,
    all: ["resolver.retry.first", "resolver.retry.normal"],
  },
  {
    name: "queuewarn.normal",
    unit: "h",
    initial: "0",
    meaning: "how long mail waits before its sender is told, of usual mail",
  },
  {
    name: "queuewarn.urgent",
    unit: "h",
    initial: "0",
    meaning: "how long mail waits before its sender is told, with Priority: urgent",
  },
  {
    name: "queuewarn.non-urgent",
    unit: "h",
    initial: "0",
    meaning: "how long mail waits before its sender is told, with Priority: non-urgent",
  },
  {
    name: "queuewarn.dsn",
    unit: "h",
    initial: "0",
    meaning: "how long mail waits before its sender is told, of reports",
  },
  {
    name: "queuereturn.normal",
    unit: "d",
    initial: "5d",
    meaning: "how long mail waits before it is returned, of usual mail",
  },
  {
    name: "queuereturn.urgent",
    unit: "d",
    initial: "5d",
    meaning: "how long mail waits before it is returned, with Priority: urgent",
  },
  {
    name: "queuereturn.non-urgent",
    unit: "d",
    initial: "5d",
    meaning: "how long mail waits before it is returned, with Priority: non-urgent",
  },
  {
    name: "queuereturn.dsn",
    unit: "d",
    initial: "5d",
    meaning: "how long mail waits before it is returned, of reports",
  },
  {
    name: "resolver.retrans.first",
    unit: "s",
    initial: "0",
    meaning: "the same, at the first delivery",
    notActedOn: RESOLVER_TIMES,
  },
  {
    name: "resolver.retrans.normal",
    unit: "s",
    initial: "0",
    meaning: "the same, at later deliveries",
    notActedOn: RESOLVER_TIMES,
  },
  {
    name: "resolver.retry.first",
    unit: "s",
    initial: "0",
    count: true,
    meaning: "the same, at the first delivery",
    notActedOn: RESOLVER_ATTEMPTS,
  },
  {
    name: "resolver.retry.normal",
    unit: "s",
    initial: "0",
    count: true,
    meaning: "the same, at later deliveries",
    notActedOn: RESOLVER_ATTEMPTS,
  },
] as const satisfies readonly TimeoutRow[];

/** A timeout that exists. */
export type TimeoutName = (typeof rows)[number]["name"];
export type NamedTimeout = TimeoutRow & { readonly name: TimeoutName };

export const TIMEOUTS: readonly NamedTimeout[] = rows;

const byName: ReadonlyMap<string, NamedTimeout> = new Map(TIMEOUTS.map((row) => [row.name, row]));

/** The timeout of this name, in any letter case. */
export function timeoutNamed(name: string): NamedTimeout | undefined {
  return byName.get(name.toLowerCase());
}

/** What option r without suboption sets: a time for all the replies of a peer. */
const REPLY_TIMEOUTS = [
  "initial",
  "helo",
  "mail",
  "rcpt",
  "datainit",
  "datablock",
  "datafinal",
  "rset",
  "quit",
  "misc",
  "command",
] as const satisfies readonly TimeoutName[];

/** Nothing is kept as the option itself. */
const timeout: Check = (value, context) => {
  const { suboption, subAt, messages } = context;
  if (suboption === undefined) oldTimeouts(value, context);
  else if (timeoutNamed(suboption) !== undefined) setTimeoutOption(suboption, value, context);
  else {
    const help = meant(
      suboption,
      TIMEOUTS.map(({ name }) => name),
    );
    messages.error(`settimeout: invalid timeout ${suboption}`, { offset: subAt, ...help });
  }
  return undefined;
};

/** The oldest form: one time for all replies, or "name=value" parts. */
function oldTimeouts(value: string, context: CheckContext): void {
  for (const part of value.split(",").map((each) => each.trim())) {
    const [, name, of] = /^([^=]*)=(.*)$/s.exec(part) ?? [];
    if (name !== undefined) {
      if (timeoutNamed(name) !== undefined) setTimeoutOption(name, of, context);
      else context.messages.error(`settimeout: invalid timeout ${name}`);
    } else if (/^[0-9]/.test(part)) {
      context.time(part, "m");
      for (const each of REPLY_TIMEOUTS) context.setTimeout(each, part);
    }
  }
}

function setTimeoutOption(name: string, value: string, { setTimeout, time }: CheckContext, offset = 0): void {
  const row = timeoutNamed(name);
  if (!row) return;
  time(value, row.unit, offset);
  // The times of the queue and of the resolver are read twice, and complained about twice.
  if (/^(?:queue|resolver\.retrans)/.test(row.name)) time(value, row.unit, offset);
  setTimeout(row.name, value);
}

/** "return/warn". */
const queueTimeout: Check = (value, context) => {
  const [, returned, warned] = /^([^/]*)(?:\/(.*))?$/s.exec(value) ?? ["", value, undefined];
  setTimeoutOption("queuereturn", returned, context);
  if (warned !== undefined) setTimeoutOption("queuewarn", warned, context, returned.length + 1);
  return value;
};

export const TIMEOUT_OPTIONS = [
  {
    name: "Timeout",
    code: "r",
    type: "text",
    initial: "",
    suboptions: true,
    adds: true,
    check: timeout,
    meaning: "times, see below",
  },
  {
    name: "QueueTimeout",
    code: "T",
    type: "text",
    initial: "",
    check: queueTimeout,
    meaning: "old name of Timeout.queuereturn and Timeout.queuewarn",
  },
] as const satisfies readonly OptionRow[];
