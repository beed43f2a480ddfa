/**
 * Which messages of the queue are meant: plain data that travels over the control socket, and what it matches.
 *
 * Conditions of different kinds must all hold; of several of one kind it is enough that one does, those that are negated
 * among them, as with -qI, -qR, -qS and -qQ of sendmail. Like there, ids and reasons are compared with regard to letter case,
 * everything else without, a sender is looked at in angle brackets ("<>" is the null reverse-path), and a condition about
 * recipients holds when it holds for one that is still to be delivered to.
 */
import { isIP } from "node:net";
import { isOpen, type Recipient } from "../envelope/recipient.ts";
import type { EntryOutline, OutlinedRecipient } from "./outline.ts";

/** One condition: holds the text as a substring, or is it (`whole`); `not`: what does not. */
export interface TextMatch {
  readonly text: string;
  readonly not?: true;
  readonly whole?: true;
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
  /**
   * An open recipient's destination host: what ruleset 0 selected, else the domain of the address. The text is the name of a
   * host, or of a domain that it is in.
   */
  readonly host?: readonly TextMatch[];
  /** Queue group, whole. */
  readonly group?: string;
  /** true: only held messages; false: only others; absent: all. */
  readonly held?: boolean;
  /** Was not tried since then, ms since the epoch. */
  readonly triedBefore?: number;
  /** Milliseconds since the epoch: arrived before this time, or at it or later. */
  readonly arrivedBefore?: number;
  readonly arrivedAfter?: number;
}

/** All that a filter looks at. */
interface Filtered extends Pick<EntryOutline, "id" | "group" | "hold" | "lastTry"> {
  readonly envelope: Pick<EntryOutline["envelope"], "sender" | "arrived" | "recipients">;
}

type Test = (entry: Filtered) => boolean;
type TextTest = (text: string) => boolean;

/** True for a text that one of the conditions holds for; undefined without conditions. */
function anyOf(conditions: readonly TextMatch[] = [], withCase = false): TextTest | undefined {
  if (conditions.length === 0) return undefined;
  const wanted = conditions.map(({ text, not, whole }) => ({
    part: withCase ? text : text.toLowerCase(),
    not: not === true,
    whole: whole === true,
  }));
  return (text) => {
    const within = withCase ? text : text.toLowerCase();
    return wanted.some(({ part, not, whole }) => (whole ? within === part : within.includes(part)) !== not);
  };
}

/** True for a host that is one of those that are named, or in one of the domains. */
function anyHost(conditions: readonly TextMatch[] = []): TextTest | undefined {
  if (conditions.length === 0) return undefined;
  const wanted = conditions.map(({ text, not }) => ({ name: plainHost(text), not: not === true }));
  return (text) => {
    const host = plainHost(text);
    const isName = isIP(host) === 0;
    return wanted.some(({ name, not }) => (host === name || (isName && host.endsWith(`.${name}`))) !== not);
  };
}

/** Without the final dot of a name, and without the brackets of an address. */
const plainHost = (host: string): string => host.toLowerCase().replace(/\.$|^\[|\]$/g, "");

/** Where mail for a recipient goes: the host that ruleset 0 selected, else the domain of the address. */
export function destinationHost({ given, resolved }: Pick<Recipient, "given" | "resolved">): string {
  if (resolved !== undefined && resolved.host !== "") return resolved.host;
  return given.slice(given.lastIndexOf("@") + 1).replace(/>$/, "");
}

/** The conditions about recipients, each for itself. */
function recipientTests({ recipient, status, host }: QueueFilter): ((recipient: OutlinedRecipient) => boolean)[] {
  const tests: readonly (readonly [TextTest | undefined, (recipient: OutlinedRecipient) => string])[] = [
    [anyOf(recipient), ({ given }) => given],
    [anyOf(status), (each) => each.status?.text ?? ""],
    [anyHost(host), destinationHost],
  ];
  return tests.flatMap(([test, textOf]) =>
    test === undefined ? [] : [(each: OutlinedRecipient) => test(textOf(each))],
  );
}

/** Which recipients of a message that matches are meant: the open ones for whom all conditions about recipients hold. */
export function recipientMatcherOf(filter: QueueFilter): (recipient: OutlinedRecipient) => boolean {
  const tests = recipientTests(filter);
  return (recipient) => isOpen(recipient) && tests.every((test) => test(recipient));
}

/** A condition that holds when it does for one open recipient. */
function ofRecipient(test: (recipient: OutlinedRecipient) => boolean): Test {
  return ({ envelope }) => envelope.recipients.some((each) => isOpen(each) && test(each));
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
  const { group, held, triedBefore, arrivedBefore, arrivedAfter } = filter;
  const reason = anyOf(filter.reason, true);
  const tests = [
    ofIds(filter.ids),
    held === undefined ? undefined : ({ hold }: Filtered) => held === (hold !== undefined),
    group === undefined ? undefined : (entry: Filtered) => entry.group === group,
    triedBefore === undefined ? undefined : ({ lastTry = -Infinity }: Filtered) => lastTry < triedBefore,
    arrivedBefore === undefined ? undefined : ({ envelope }: Filtered) => envelope.arrived < arrivedBefore,
    arrivedAfter === undefined ? undefined : ({ envelope }: Filtered) => envelope.arrived >= arrivedAfter,
    ofEntry(anyOf(filter.id, true), ({ id }) => id),
    ofEntry(anyOf(filter.sender), ({ envelope }) => `<${envelope.sender}>`),
    reason && (({ hold }: Filtered) => hold !== undefined && reason(hold)),
    ...recipientTests(filter).map(ofRecipient),
  ].filter((test) => test !== undefined);
  return (entry) => tests.every((test) => test(entry));
}

export function matches(entry: Filtered, filter: QueueFilter): boolean {
  return matcherOf(filter)(entry);
}
