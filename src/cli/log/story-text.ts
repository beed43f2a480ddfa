/** A story in words. Text is octets, as in the log. */
import type { LogEntry } from "../../log/read-entry.ts";
import type { Facts, FromFacts, ToFacts } from "../../log/read-facts.ts";
import { hasEnded, type LoggedMessage, refusalOf } from "../../log/message-index.ts";
import { durationInWords } from "../../mail/date.ts";
import { address, count } from "../queue/words.ts";
import { documentOf, isoTime, outcomeText, refusalText, senderText } from "./message-text.ts";
import { clockText, dateText } from "./when.ts";

/** A message with its lines. */
export interface Story {
  readonly message: LoggedMessage;
  readonly entries: readonly (readonly [LogEntry, Facts])[];
  /** Lines that are not among them: there are too many. */
  readonly leftOut: number;
  /** The message that begot this one, when it is told, too. */
  readonly parent?: { readonly id: string; readonly why: string };
}

export function* storyLines(stories: readonly Story[]): Generator<string> {
  let isFirst = true;
  for (const story of stories) {
    if (!isFirst) yield "";
    isFirst = false;
    yield* linesOf(story);
  }
}

function* linesOf({ message, entries, leftOut, parent }: Story): Generator<string> {
  yield parent === undefined ? `${message.id}` : `${message.id}, begotten by ${parent.id} (${parent.why})`;
  let day = "";
  for (const [entry, facts] of entries) {
    const date = dateText(entry.origin.time);
    if (date !== day) yield `  ${date}`;
    day = date;
    yield `  ${clockText(entry.origin.time)}  ${eventText(entry, facts)}`;
  }
  if (leftOut > 0) yield `  ${count(leftOut, "line")} more: --raw shows as many, the log all`;
  const left = [...message.recipients.values()].filter(
    ({ last }) => last.outcome === "deferred" || last.outcome === "queued",
  );
  for (const each of left) yield `  left      ${address(each.to)} ${outcomeText(each)}`;
  if (left.length === 0) yield `  ${endText(message)}`;
}

function endText(message: LoggedMessage): string {
  if (message.isDiscarded) return "over      it was thrown away";
  if (message.quarantine !== undefined && message.recipients.size === 0)
    return "left      all of it: it is in quarantine";
  if (hasEnded(message)) return "over      nobody is left";
  const waiting = (message.from?.nrcpts ?? 0) - message.recipients.size;
  return waiting > 0 ? `left      ${count(waiting, "recipient")} without a line` : "over      nothing more is known";
}

function eventText({ text }: LogEntry, facts: Facts): string {
  switch (facts.kind) {
    case "from":
      return arrivalText(facts);
    case "to":
      return attemptText(facts);
    case "ruleset":
    case "filter":
      return refusalText(refusalOf(facts, 0));
    case "quarantine":
      return `put aside: ${facts.reason}`;
    case "link":
      return facts.how === "origin" ? `it was ${facts.id}: ${facts.text}` : `begot ${facts.id}: ${facts.text}`;
    default:
      return text;
  }
}

function arrivalText({ from, size, nrcpts, msgid, proto, relay, auth, daemon, tlsVerify }: FromFacts): string {
  const how = proto === undefined ? "" : ` by ${proto}`;
  const where = relay === "" ? "" : ` from ${relay}`;
  const details = [
    count(size, "octet"),
    `for ${count(nrcpts, "recipient")}`,
    ...(msgid === undefined ? [] : [`Message-Id ${msgid}`]),
    ...(daemon === undefined ? [] : [`port ${daemon}`]),
    ...(auth === undefined ? [] : [`login by ${auth}`]),
    ...(tlsVerify === undefined ? [] : [`certificate ${tlsVerify}`]),
  ];
  return `came from ${senderText(from)}${how}${where}: ${details.join(", ")}`;
}

function attemptText(facts: ToFacts): string {
  const { to, ctladdr, delay, xdelay, mailer, relay, line, stat, outcome, dsn } = facts;
  const whose = ctladdr === undefined ? "" : ` (for ${ctladdr})`;
  const by = mailer === undefined || mailer === "" ? "" : ` by ${mailer}`;
  const where = relay === undefined ? "" : ` at ${relay}`;
  const how = line === undefined ? "" : ` (${line})`;
  const status = dsn === undefined ? "" : `${dsn} `;
  const times = `after ${durationInWords(delay * 1000)}${xdelay > 0 ? `, attempt of ${durationInWords(xdelay * 1000)}` : ""}`;
  return `${to.map(address).join(", ")}${whose} ${outcome}${by}${where}${how} ${times}: ${status}${stat}`;
}

/** As JSON: the message, its lines, and who begot it. */
export function storyDocument({ message, entries, leftOut, parent }: Story) {
  return {
    ...documentOf(message),
    parent: parent ?? null,
    ended: hasEnded(message),
    events: entries.map(([{ origin, text }, facts]) => ({
      time: isoTime(origin.time),
      host: origin.host,
      program: origin.program,
      text,
      ...facts,
    })),
    linesLeftOut: leftOut,
  };
}
