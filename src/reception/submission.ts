/** What a command line says about the message that it submits, and what the caller is told. Data only. */
import type { DeliverBy } from "../envelope/deliver-by.ts";
import type { Recipient } from "../envelope/recipient.ts";
import type { Notify } from "../mail/notify.ts";
import type { Reply } from "../mail/reply.ts";

/** How the caller learns of bad recipients: -oep, -oeq, -oem, -oew, -oee. */
export type ErrorMode = "p" | "q" | "m" | "w" | "e";

/** RFC 3461: NOTIFY= and ORCPT= of one recipient. */
export type RecipientWishes = Pick<Recipient, "notify" | "orcpt">;

export interface Submission {
  /** Login name of the caller. */
  readonly user: string;
  /** Nothing proves that the caller is that user: nothing is trusted that he says. */
  readonly isStranger?: boolean;
  /** -f as typed; absent: the caller. `<>` and "" are the null sender. */
  readonly sender?: string;
  /** -F, or NAME of the environment. */
  readonly fullName?: string;
  /** Words of the command line: each may be a list. */
  readonly recipients: readonly string[];
  /** -t: recipients are in the header, too. */
  readonly fromHeader: boolean;
  readonly notify?: readonly Notify[];
  /** What RCPT said about each of `recipients`, in their order. */
  readonly each?: readonly RecipientWishes[];
  readonly ret?: "FULL" | "HDRS";
  readonly envid?: string;
  readonly deliverBy?: DeliverBy;
  readonly bodyType?: "7BIT" | "8BITMIME";
  readonly smtputf8?: boolean;
  /** -od: i waits for the first attempt, b does not, q and d leave it to a queue run. Absent: as configured. */
  readonly deliveryMode?: string;
  /** -oe. Absent: p. */
  readonly errorMode?: ErrorMode;
  /** -h. */
  readonly hopCount?: number;
  /** -p, -Mr and -Ms: how the message came to the caller, and from which host ($r, $s). */
  readonly protocol?: string;
  readonly protocolHost?: string;
  /** -n: no alias is looked for. */
  readonly noAliases?: boolean;
  /** -oo: replaces option OldStyleHeaders. */
  readonly oldStyle?: boolean;
  /** From `sendmail -bs`: sender and recipients are single addresses, nothing is known of the caller's name. */
  readonly smtp?: boolean;
  /** -v: the caller wants to see what is said to the next hosts. */
  readonly dialogue?: boolean;
  /** Nobody waits for the answer: bad recipients are taken, and come back to the sender as a report. */
  readonly returnByMail?: boolean;
  /** With `returnByMail`, where recipients that are to come again let all others wait: not any more. */
  readonly isLastTry?: boolean;
  /** Why the message is held from the start; absent: it is tried as others are. */
  readonly hold?: string;
}

/** An address that cannot be, or that is strange; the message goes to the others. */
export interface Problem {
  readonly address: string;
  readonly reply: Reply;
}

/** What -v tells of one recipient. */
export interface Told {
  /** "": the text says all. */
  readonly address: string;
  /** "aliased to joe, ann", or the outcome of the attempt. */
  readonly text: string;
  /** Where it went: "hub.example.test via remote". */
  readonly via?: string;
  /** What was said there; lines of ours begin with ">>> ". */
  readonly dialogue?: readonly string[];
}

export interface SubmissionResult {
  /** 250 with the queue id, or why nothing was taken. */
  readonly reply: Reply;
  readonly id?: string;
  readonly refused: readonly Problem[];
  /** Recipients for whom the message is to be handed in again, later: a filter, or the queue, asks for that. */
  readonly later?: readonly string[];
  /** Recipients whom filters refused for good; all of them where `reply` is of a filter. */
  readonly filtered?: readonly Problem[];
  /** Its reverse-path; absent when that was refused, or never looked at. */
  readonly sender?: string;
  /** What aliases stand for, and how the first attempt went, when it was waited for. */
  readonly told?: readonly Told[];
  /** Exit status of the first recipient that the first attempt failed for. */
  readonly exit?: number;
}

/** What became of the recipients of a message before it is in the queue. */
export interface SubmissionList {
  readonly accepted: readonly Recipient[];
  readonly problems: readonly Problem[];
  readonly told: readonly Told[];
  /** The first of `opened`, as they were named. */
  readonly typed: readonly string[];
  /** Everybody that was found on the way, in the end. */
  readonly opened: readonly Recipient[];
  /** Somebody was named, even if only to be discarded. */
  readonly named: boolean;
}
