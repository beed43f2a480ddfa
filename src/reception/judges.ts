/**
 * Judges: whoever has an opinion about mail while it comes in. The table says who is asked at which stage, in which order.
 *
 * Where verdicts meet, the harshest holds: refuse, defer, discard, quarantine, ok. An "ok" ends the work of that judge
 * only; after a refusal nobody else is asked.
 */
import type { HeaderField } from "../mail/header.ts";
import type { Log } from "../log/log.ts";
import type { Reply } from "../mail/reply.ts";
import { logJudged } from "../routing/log-verdict.ts";
import { meet, type Verdict } from "../routing/verdict.ts";
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";
import type { Changes } from "./changes.ts";
import type { MessageAtHand } from "./message-at-hand.ts";
import type { Transaction } from "./transaction.ts";

/** What is judged at each stage, in the order of a session. */
export interface Subjects {
  readonly connect: { readonly name: string; readonly address: string };
  readonly helo: { readonly name: string };
  /** After the handshake; what is known of it stands in macros. */
  readonly tls: { readonly verify: string };
  readonly auth: { readonly mechanism: string };
  readonly mail: Said;
  readonly rcpt: { readonly path: string };
  /** It is known where the recipient goes, or why it is refused. */
  readonly recipient: Required<Said> & { readonly refusal?: Reply | undefined };
  readonly data: { readonly recipients: number };
  /** The whole message is there, its header as it came: what is known of its sender. */
  readonly sender: { readonly fields: readonly HeaderField[] };
  readonly header: { readonly field: HeaderField };
  /** Number of fields, and their octets. */
  readonly eoh: { readonly fields: number; readonly octets: number };
  readonly body: { readonly octets: Buffer };
  /** Octets of the whole message. */
  readonly eom: { readonly size: number };
  /** A message that is complete, for those who may change it. */
  readonly message: MessageAtHand;
  /** A command that there is not. */
  readonly unknown: { readonly line: string };
}

/** What a client said in MAIL or RCPT. */
export interface Said {
  /** With angle brackets, as it was said. */
  readonly path: string;
  /** As they were said: "SIZE=2000". */
  readonly parameters?: readonly string[];
}

export type Stage = keyof Subjects;

/** A verdict with what belongs to it. */
export type Judgement = Verdict & {
  readonly changes?: Changes;
  /** For the log, where it is not the judge's own name: the ruleset that was asked. */
  readonly by?: string;
  /** For the log: what it was asked about. */
  readonly about?: readonly string[];
  /** In words, for people who want to know (`rulemail session`): "messages/h=100". */
  readonly why?: string;
  /** The judge has written its own line about it. */
  readonly isLogged?: boolean;
};

export interface Judge {
  readonly name: string;
  /** Not asked about what another one has deferred. */
  readonly hearsAccepted?: boolean;
  judge<S extends Stage>(stage: S, transaction: Transaction, subject: Subjects[S]): MaybePromise<Judgement>;
}

/** Stages without a row are judged by nobody. */
export type JudgeTable = { readonly [S in Stage]?: readonly Judge[] };

/** What judging needs beside the transaction. */
export interface Court {
  readonly judges: JudgeTable;
  readonly log: Log;
}

/** What the client is told when that is more than the judge said (a mailbox in front), and the queue id for the log. */
export interface Telling {
  readonly id?: string;
  readonly answer?: (reply: Reply) => Reply;
}

/** A transaction is past its time of being judged: let it in, or say this. */
export type Outcome = { readonly kind: "in" } | { readonly kind: "out"; readonly reply: Reply };

const IN: Outcome = { kind: "in" };

/**
 * Asks the judges of a stage. What they decide is noted in the transaction, what they change is changed, and each that
 * changed the outcome is logged.
 */
export function judge<S extends Stage>(
  court: Court,
  stage: S,
  transaction: Transaction,
  subject: Subjects[S],
  telling: Telling = {},
): MaybePromise<Outcome> {
  const judges = court.judges[stage];
  if (judges === undefined) return IN;
  return ask(court, { judges, stage, transaction, subject, telling }, 0, transaction.fate);
}

interface Hearing<S extends Stage> {
  readonly judges: readonly Judge[];
  readonly stage: S;
  readonly transaction: Transaction;
  readonly subject: Subjects[S];
  readonly telling: Telling;
}

/** @param next the judge to ask; `sofar` what those before it decided */
function ask<S extends Stage>(court: Court, hearing: Hearing<S>, next: number, sofar: Verdict): MaybePromise<Outcome> {
  const { judges, stage, transaction, subject } = hearing;
  let outcome = sofar;
  for (let i = next; i < judges.length && outcome.kind !== "refuse"; i++) {
    const each = judges[i];
    if (outcome.kind === "defer" && each.hearsAccepted === true) continue;
    const answer = each.judge(stage, transaction, subject);
    if (isPromise(answer)) {
      return answer.then((late) => ask(court, hearing, i + 1, note(court, hearing, each, outcome, late)));
    }
    outcome = note(court, hearing, each, outcome, answer);
  }
  if (outcome.kind !== "refuse" && outcome.kind !== "defer") return IN;
  transaction.countRefusal();
  return out(outcome.reply, hearing.telling);
}

function out(reply: Reply, { answer }: Telling): Outcome {
  return { kind: "out", reply: answer?.(reply) ?? reply };
}

/** One judge has spoken: returns what holds now. */
function note<S extends Stage>(
  { log }: Court,
  { stage, transaction, telling }: Hearing<S>,
  { name }: Judge,
  before: Verdict,
  judgement: Judgement,
): Verdict {
  if (judgement.changes !== undefined) transaction.apply(name, judgement.changes);
  if (judgement.kind === "ok") return before;
  const after = meet(before, judgement);
  if (after !== judgement) return before;
  transaction.decided(judgement);
  if (judgement.isLogged === true) return after;
  // A thousand fields may each be a reason to put the message aside: the first is enough for the log.
  if (stage === "header" && before.kind === "quarantine" && after.kind === "quarantine") return after;
  const told = judgement.kind === "refuse" || judgement.kind === "defer" ? judgement.reply : undefined;
  logJudged(log, transaction.site.config, {
    id: telling.id ?? transaction.id,
    ruleset: judgement.by ?? name,
    args: judgement.about ?? [],
    relay: transaction.client.relay,
    verdict: judgement,
    answer: told === undefined ? undefined : (telling.answer?.(told) ?? told),
  });
  return after;
}
