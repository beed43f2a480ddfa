/** Checks what arrives on the control socket before anybody believes it. */
import { type DeliverBy, LONGEST_BY } from "../envelope/deliver-by.ts";
import { isNotify } from "../mail/notify.ts";
import type { QueueFilter, TextMatch } from "../queue/filter.ts";
import type { NewRoute } from "../dispatch/steer.ts";
import { TOP_FIELDS, type TopField } from "./queue-top.ts";
import {
  type Operation,
  PROTOCOL_VERSION,
  ProtocolError,
  type Request,
  type Suspension,
  type SubmissionFacts,
} from "./protocol.ts";

type Json = Readonly<Record<string, unknown>>;

const MOST_RECIPIENTS = 100_000;
const MOST_CONDITIONS = 1_000;

function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fail(what: string): never {
  throw new ProtocolError(`Cannot use the request: ${what}`);
}

function text(from: Json, name: string): string {
  const value = from[name];
  return typeof value === "string" ? value : fail(`"${name}" is not a text`);
}

function optionalText(from: Json, name: string): string | undefined {
  return from[name] === undefined ? undefined : text(from, name);
}

function oneOf<T extends string>(from: Json, name: string, values: readonly T[]): T | undefined {
  const value = from[name];
  if (value === undefined) return undefined;
  return values.find((each) => each === value) ?? fail(`"${name}" is none of ${values.join(", ")}`);
}

function texts(from: Json, name: string): readonly string[] {
  const value = from[name];
  if (!Array.isArray(value) || value.length > MOST_RECIPIENTS) return fail(`"${name}" is not a list, or too long`);
  return value.every((each) => typeof each === "string") ? value : fail(`"${name}" has something that is no text`);
}

function flag(from: Json, name: string): boolean {
  const value = from[name] ?? false;
  return typeof value === "boolean" ? value : fail(`"${name}" is neither true nor false`);
}

/** Leaves out what is undefined. */
function defined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

function optionalTime(from: Json, name: string): number | undefined {
  const value = from[name];
  if (value === undefined || Number.isSafeInteger(value)) return value as number | undefined;
  return fail(`"${name}" is no time in ms`);
}

/** Conditions of one kind. An empty list would be no condition, which is never what a caller means. */
function conditions(from: Json, name: string): readonly TextMatch[] | undefined {
  const value = from[name];
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_CONDITIONS) {
    return fail(`"${name}" is not a list, empty, or too long`);
  }
  return value.map((each: unknown) => {
    if (!isRecord(each)) return fail(`"${name}" has something that is no object`);
    const said = { text: text(each, "text") };
    return { ...said, ...(flag(each, "not") ? { not: true } : {}), ...(flag(each, "whole") ? { whole: true } : {}) };
  });
}

const filterFields = {
  ids: (from: Json, name: string) => (from[name] === undefined ? undefined : texts(from, name)),
  id: conditions,
  recipient: conditions,
  sender: conditions,
  reason: conditions,
  status: conditions,
  host: conditions,
  group: optionalText,
  held: (from: Json, name: string) => (from[name] === undefined ? undefined : flag(from, name)),
  triedBefore: optionalTime,
  arrivedBefore: optionalTime,
  arrivedAfter: optionalTime,
} satisfies { readonly [K in keyof Required<QueueFilter>]: (from: Json, name: string) => QueueFilter[K] | undefined };

/** A condition that is not known here must not be left out: the request would work on other messages than were named. */
function readFilter(value: unknown = {}): QueueFilter {
  if (!isRecord(value)) return fail('"filter" is not an object');
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(filterFields, name));
  if (unknown !== undefined) return fail(`"filter" has an unknown condition "${unknown}"`);
  return defined(Object.fromEntries(Object.entries(filterFields).map(([name, read]) => [name, read(value, name)])));
}

function notifyOf(value: Json): SubmissionFacts["notify"] {
  if (value["notify"] === undefined) return undefined;
  return texts(value, "notify").map((each) => (isNotify(each) ? each : fail(`NOTIFY=${each}`)));
}

function readEach(value: unknown): NonNullable<SubmissionFacts["each"]> {
  if (!Array.isArray(value)) return fail('"each" is not a list');
  return value.map((said: unknown) =>
    isRecord(said)
      ? defined({ notify: notifyOf(said), orcpt: optionalText(said, "orcpt") })
      : fail('"each" is no list of objects'),
  );
}

function readDeliverBy(value: unknown): DeliverBy {
  if (!isRecord(value)) return fail('"deliverBy" is not an object');
  const { seconds } = value;
  if (typeof seconds !== "number" || !Number.isSafeInteger(seconds) || Math.abs(seconds) > LONGEST_BY) {
    return fail('"seconds" of "deliverBy" is no time');
  }
  const mode = oneOf(value, "mode", ["return", "notify"]);
  return mode === undefined ? fail('"deliverBy" has no mode') : { seconds, mode, trace: flag(value, "trace") };
}

function readFacts(value: unknown): SubmissionFacts {
  if (!isRecord(value)) return fail('"facts" is not an object');
  return defined({
    sender: optionalText(value, "sender"),
    recipients: texts(value, "recipients"),
    fromHeader: flag(value, "fromHeader"),
    user: text(value, "user"),
    fullName: optionalText(value, "fullName"),
    bodyType: oneOf(value, "bodyType", ["7BIT", "8BITMIME"]),
    smtputf8: flag(value, "smtputf8"),
    notify: notifyOf(value),
    each: value["each"] === undefined ? undefined : readEach(value["each"]),
    ret: oneOf(value, "ret", ["FULL", "HDRS"]),
    envid: optionalText(value, "envid"),
    deliverBy: value["deliverBy"] === undefined ? undefined : readDeliverBy(value["deliverBy"]),
    protocol: optionalText(value, "protocol"),
    protocolHost: optionalText(value, "protocolHost"),
    deliveryMode: optionalText(value, "deliveryMode"),
    errorMode: oneOf(value, "errorMode", ["p", "q", "m", "w", "e"]),
    hopCount: typeof value["hopCount"] === "number" ? value["hopCount"] : undefined,
    noAliases: value["noAliases"] === undefined ? undefined : flag(value, "noAliases"),
    oldStyle: value["oldStyle"] === undefined ? undefined : flag(value, "oldStyle"),
    dialogue: value["dialogue"] === undefined ? undefined : flag(value, "dialogue"),
    smtp: value["smtp"] === undefined ? undefined : flag(value, "smtp"),
  }) as SubmissionFacts;
}

function readSuspension(value: unknown): Suspension {
  if (!isRecord(value)) return fail('"change" is not an object');
  return { host: text(value, "host"), suspended: flag(value, "suspended") };
}

function readFields(value: unknown): readonly TopField[] {
  if (!Array.isArray(value) || value.length === 0) return fail('"by" is not a list, or empty');
  return value.map(
    (name: unknown) => TOP_FIELDS.find((each) => each === name) ?? fail(`"by" knows no ${String(name)}`),
  );
}

function readCount(from: Json, name: string): number {
  const value = from[name];
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : fail(`"${name}" is no number`);
}

function readRoute(value: unknown): NewRoute {
  if (!isRecord(value)) return fail('"route" is not an object');
  switch (value["kind"]) {
    case "address":
      return { kind: "address", address: text(value, "address") };
    case "host":
      return defined({ kind: "host", host: text(value, "host"), mailer: optionalText(value, "mailer") }) as NewRoute;
    case "rules":
      return { kind: "rules" };
    default:
      return fail('"route" is none of address, host, rules');
  }
}

const readers: Readonly<Record<Operation, (head: Json) => Request>> = {
  prove: () => ({ op: "prove" }),
  submit: (head) => ({ op: "submit", facts: readFacts(head["facts"]) }),
  status: () => ({ op: "status" }),
  sessions: () => ({ op: "sessions" }),
  list: (head) => ({ op: "list", filter: readFilter(head["filter"]) }),
  count: (head) => ({ op: "count", filter: readFilter(head["filter"]) }),
  run: (head) => ({ op: "run", filter: readFilter(head["filter"]), watch: flag(head, "watch") }),
  hold: (head) => ({ op: "hold", filter: readFilter(head["filter"]), reason: text(head, "reason") }),
  release: (head) => ({ op: "release", filter: readFilter(head["filter"]) }),
  remove: (head) => ({ op: "remove", filter: readFilter(head["filter"]) }),
  ids: (head) => ({ op: "ids", filter: readFilter(head["filter"]) }),
  top: (head) => ({
    op: "top",
    filter: readFilter(head["filter"]),
    by: readFields(head["by"]),
    most: readCount(head, "most"),
  }),
  why: (head) => ({ op: "why", id: text(head, "id"), filter: readFilter(head["filter"]) }),
  show: (head) => ({ op: "show", id: text(head, "id"), body: flag(head, "body") }),
  bounce: (head) => ({ op: "bounce", filter: readFilter(head["filter"]), reason: text(head, "reason") }),
  reroute: (head) => ({ op: "reroute", filter: readFilter(head["filter"]), route: readRoute(head["route"]) }),
  bounceClient: (head) => ({ op: "bounceClient", filter: readFilter(head["filter"]), reason: text(head, "reason") }),
  rerouteClient: (head) => ({
    op: "rerouteClient",
    filter: readFilter(head["filter"]),
    route: readRoute(head["route"]),
  }),
  suspensions: ({ change }) => ({
    op: "suspensions",
    change: change === undefined ? undefined : readSuspension(change),
  }),
  reload: () => ({ op: "reload" }),
  shutdown: () => ({ op: "shutdown" }),
};

/** @throws ProtocolError that says what is wrong */
export function readRequest(head: Json): Request {
  if (head["rulemail"] !== PROTOCOL_VERSION) {
    return fail(`version ${String(head["rulemail"])}, this daemon speaks ${PROTOCOL_VERSION}`);
  }
  const { op } = head;
  if (typeof op !== "string" || !Object.hasOwn(readers, op)) return fail(`unknown operation "${String(op)}"`);
  return readers[op as Operation](head);
}
