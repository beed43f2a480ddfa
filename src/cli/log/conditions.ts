/** Which messages are meant: --from, --to, --relay, --status, --since, --until. */
import type { Argv } from "yargs";
import type { LoggedMessage, LoggedRecipient } from "../../log/message-index.ts";
import { EX } from "../../sys/sysexits.ts";
import { CommandError } from "../database-target.ts";
import { timeOf } from "./when.ts";

const STATUSES = ["sent", "deferred", "bounced", "refused", "queued", "discarded", "quarantined"] as const;
export type Status = (typeof STATUSES)[number];

export interface Conditions {
  readonly from?: string;
  readonly to?: string;
  readonly relay?: string;
  readonly status?: Status;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly until: number;
}

const GROUP = "Which messages:";

export function withTimes<T>(parser: Argv<T>) {
  return parser
    .option("since", {
      type: "string",
      nargs: 1,
      describe: "not before: 2h, 7d, today, 14:30, 2026-12-01 ...",
      group: GROUP,
    })
    .option("until", { type: "string", nargs: 1, describe: "not after, in the same words", group: GROUP });
}

export function withConditions<T>(parser: Argv<T>) {
  return withTimes(parser)
    .option("from", { type: "string", nargs: 1, describe: "a part of the sender's address; <> for none", group: GROUP })
    .option("to", { type: "string", nargs: 1, describe: "a part of a recipient's address", group: GROUP })
    .option("relay", {
      type: "string",
      nargs: 1,
      describe: "a part of the name or address of a host, on either side",
      group: GROUP,
    })
    .option("status", { choices: STATUSES, nargs: 1, describe: "what became of it", group: GROUP });
}

/** @throws CommandError 64 for times that are none */
export function timesOf(options: { readonly since?: string; readonly until?: string }, now: number) {
  const read = (name: "since" | "until", otherwise: number): number => {
    const text = options[name];
    if (text === undefined) return otherwise;
    const time = timeOf(text, now);
    if (time !== undefined) return time;
    const forms = "wanted: 30m, 2h, 7d, today, yesterday, 14:30, 2026-12-01 or 2026-12-01T14:30";
    throw new CommandError(`rulemail log: --${name} "${text}" is no time (${forms})`, EX.USAGE);
  };
  return { since: read("since", 0), until: read("until", Number.MAX_SAFE_INTEGER) };
}

export interface GivenConditions {
  readonly from?: string;
  readonly to?: string;
  readonly relay?: string;
  readonly status?: Status;
  readonly since?: string;
  readonly until?: string;
}

export function conditionsOf(given: GivenConditions, now: number): Conditions {
  const { from, to, relay, status } = given;
  return {
    ...(from !== undefined && { from: wanted(from) }),
    ...(to !== undefined && { to: wanted(to) }),
    ...(relay !== undefined && { relay: wanted(relay) }),
    ...(status !== undefined && { status }),
    ...timesOf(given, now),
  };
}

function wanted(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1").toLowerCase();
}

/** Whether a message is meant. --to, --relay and --status have to hold for one and the same recipient, or refusal. */
export function matches(message: LoggedMessage, conditions: Conditions): boolean {
  const { from, since, until } = conditions;
  if (message.last < since || message.first > until) return false;
  if (from !== undefined && !isFrom(message, from)) return false;
  const { to, relay, status } = conditions;
  if (to === undefined && relay === undefined && status === undefined) return true;
  if (status === "discarded") return message.isDiscarded && isNear(message, to, relay);
  if (status === "quarantined") return message.quarantine !== undefined && isNear(message, to, relay);
  if (status === undefined || status === "refused") {
    const isRefused = message.refusals.some(
      (each) => holds(each.about, to) && (holds(each.relay, relay) || holds(message.from?.relay, relay)),
    );
    if (isRefused || status === "refused") return isRefused;
  }
  for (const recipient of message.recipients.values()) {
    const isThere = status === undefined || recipient.last.outcome === status;
    if (isThere && holds(recipient.to, to) && isAtRelay(message, recipient, relay)) return true;
  }
  return status === undefined && to === undefined && holds(message.from?.relay, relay);
}

function isNear({ from, recipients }: LoggedMessage, to: string | undefined, relay: string | undefined): boolean {
  return (to === undefined || [...recipients.keys()].some((each) => holds(each, to))) && holds(from?.relay, relay);
}

function isAtRelay({ from }: LoggedMessage, { last }: LoggedRecipient, relay: string | undefined): boolean {
  return holds(last.relay, relay) || holds(from?.relay, relay);
}

function isFrom({ from, refusals }: LoggedMessage, part: string): boolean {
  if (part === "<>") return from?.from === "";
  if (from !== undefined) return holds(from.from, part);
  return refusals.some(({ by, about }) => by === "check_mail" && holds(about, part));
}

function holds(text: string | undefined, part: string | undefined): boolean {
  return part === undefined || (text !== undefined && text.toLowerCase().includes(part));
}
