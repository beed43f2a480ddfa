/**
 * Which messages of the queue are meant: plain data that travels over the control socket, and what it matches.
 *
 * Conditions of different kinds must all hold; of several of one kind it is enough that one does, those that are negated
 * among them, as with -qI, -qR, -qS and -qQ of sendmail. Like there, ids and reasons are compared with regard to letter case,
 * everything else without, a sender is looked at in angle brackets ("<>" is the null reverse-path), and a condition about
 * recipients holds when it holds for one that is still to be delivered to.
 */
import type { Envelope } from "../envelope/envelope.ts";
import { isOpen, type Recipient } from "../envelope/recipient.ts";

/** One condition: holds the text as a substring; `not`: what does not hold it. */
export interface TextMatch {
  readonly text: string;
  readonly not?: true;
}

export interface QueueFilter {
  /** Exactly these queue ids. */
  readonly ids?: readonly string[];
  /** Part of the queue id (-qI). */
  readonly id?: readonly TextMatch[];
  /** Of an open recipient's address (-qR). */
  readonly recipient?: readonly TextMatch[];
  /** Of the reverse-path (-qS). */
  readonly sender?: readonly TextMatch[];
  /** Of the reason of a quarantine or hold (-qQ); what is not held has none, and does not match. */
  readonly reason?: readonly TextMatch[];
  /** Of what the last attempt said of an open recipient. */
  readonly status?: readonly TextMatch[];
  /** Of an open recipient's destination host: what ruleset 0 selected, else the domain of the address. */
  readonly host?: readonly TextMatch[];
  /** Queue group, whole. */
  readonly group?: string;
  /** true: only held messages; false: only others; absent: all. */
  readonly held?: boolean;
  /** Milliseconds since the epoch: arrived before this time, or at it or later. */
  readonly arrivedBefore?: number;
  readonly arrivedAfter?: number;
}

/** All that a filter looks at. */
interface Filtered {
  readonly id: string;
  readonly envelope: Pick<Envelope, "sender" | "arrived" | "recipients">;
  readonly group: string;
  readonly hold?: string;
}

type Test = (entry: Filtered) => boolean;
type TextTest = (text: string) => boolean;

/** True for a text that one of the conditions holds for; undefined without conditions. */
function anyOf(conditions: readonly TextMatch[] = [], withCase = false): TextTest | undefined {
  if (conditions.length === 0) return undefined;
  const wanted = conditions.map(({ text, not }) => ({ part: withCase ? text : text.toLowerCase(), not: not === true }));
  return (text) => {
    const within = withCase ? text : text.toLowerCase();
    return wanted.some(({ part, not }) => within.includes(part) !== not);
  };
}

function hostOf({ given, resolved }: Recipient): string {
  if (resolved !== undefined && resolved.host !== "") return resolved.host;
  return given.slice(given.lastIndexOf("@") + 1).replace(/>$/, "");
}

/** A condition about texts of open recipients. */
function ofRecipient(test: TextTest | undefined, textOf: (recipient: Recipient) => string): Test | undefined {
  return test && (({ envelope }) => envelope.recipients.some((each) => isOpen(each) && test(textOf(each))));
}

function ofEntry(test: TextTest | undefined, textOf: (entry: Filtered) => string): Test | undefined {
  return test && ((entry) => test(textOf(entry)));
}

function ofIds(ids: readonly string[] | undefined): Test | undefined {
  if (ids === undefined) return undefined;
  const wanted = new Set(ids);
  return ({ id }) => wanted.has(id);
}

/** The filter as a function, for many messages. */
export function matcherOf(filter: QueueFilter): Test {
  const { group, held, arrivedBefore, arrivedAfter } = filter;
  const reason = anyOf(filter.reason, true);
  const tests = [
    ofIds(filter.ids),
    held === undefined ? undefined : ({ hold }: Filtered) => held === (hold !== undefined),
    group === undefined ? undefined : (entry: Filtered) => entry.group === group,
    arrivedBefore === undefined ? undefined : ({ envelope }: Filtered) => envelope.arrived < arrivedBefore,
    arrivedAfter === undefined ? undefined : ({ envelope }: Filtered) => envelope.arrived >= arrivedAfter,
    ofEntry(anyOf(filter.id, true), ({ id }) => id),
    ofEntry(anyOf(filter.sender), ({ envelope }) => `<${envelope.sender}>`),
    reason && (({ hold }: Filtered) => hold !== undefined && reason(hold)),
    ofRecipient(anyOf(filter.recipient), ({ given }) => given),
    ofRecipient(anyOf(filter.status), ({ status }) => status?.text ?? ""),
    ofRecipient(anyOf(filter.host), hostOf),
  ].filter((test) => test !== undefined);
  return (entry) => tests.every((test) => test(entry));
}

export function matches(entry: Filtered, filter: QueueFilter): boolean {
  return matcherOf(filter)(entry);
}
