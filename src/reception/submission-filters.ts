/**
 * Mail that programs of this machine hand in goes through the filters of InputMailFilters, as it does where the original's
 * submission program hands it to port 25: they are told of a session of localhost [127.0.0.1], and of its one message.
 */
import { silentLog } from "../log/log.ts";
import { aboutMailbox, type Reply } from "../mail/reply.ts";
import { macroValue } from "../rewriting/macro-value.ts";
import { EX } from "../sys/sysexits.ts";
import { filterJudges } from "./filter-judges.ts";
import { judge, type Stage, type Subjects } from "./judges.ts";
import type { Problem } from "./submission.ts";
import type { Transaction } from "./transaction.ts";

/** Filters write their own lines. */
const COURT = { judges: filterJudges, log: silentLog };

export interface FilteredSubmission {
  /** Why nothing of it is taken. */
  readonly refusal?: Reply;
  /** Recipients that are refused; the others are left. */
  readonly problems: readonly Problem[];
  /** Recipients whose turn comes later: each for itself, or all that are left. */
  readonly later: readonly string[];
}

/**
 * Asks the filters about everything but the message itself.
 * @param transaction with its recipients and its queue id; those that are refused are taken out of it
 */
export async function askAboutSubmission(whole: Transaction, transaction: Transaction): Promise<FilteredSubmission> {
  const { scope, announced } = transaction;
  const path = `<${announced.sender}>`;
  const refusal =
    (await refusalAt("connect", whole, { name: "localhost", address: "127.0.0.1" })) ??
    (await refusalAt("helo", whole, { name: macroValue("j", scope) })) ??
    (await refusalAt("mail", transaction, { path, parameters: [] }));
  if (refusal !== undefined) return { refusal, problems: [], later: isLater(refusal) ? givenOf(transaction) : [] };
  const problems = await askAboutRecipients(transaction);
  const deferred = problems.filter(({ reply }) => isLater(reply));
  const later = deferred.map(({ address }) => address);
  const { length: left } = transaction.recipients;
  // Where nobody is left, one that may come again is worth another try.
  if (left === 0) return { refusal: (deferred[0] ?? problems[0])?.reply, problems, later };
  const no = await refusalAt("data", transaction, { recipients: left });
  if (no === undefined) return { problems, later };
  return { refusal: no, problems, later: isLater(no) ? [...later, ...givenOf(transaction)] : later };
}

/** Those that are refused are taken out. */
async function askAboutRecipients(transaction: Transaction): Promise<readonly Problem[]> {
  const { scope } = transaction;
  const problems: Problem[] = [];
  const left: typeof transaction.recipients = [];
  for (const recipient of transaction.recipients) {
    const { given, resolved } = recipient;
    scope.set("rcpt_mailer", resolved?.mailer);
    scope.set("rcpt_host", resolved?.host);
    scope.set("rcpt_addr", resolved?.user);
    scope.set("nrcpts", String(left.length + 1));
    const no = await refusalAt("recipient", transaction, { path: `<${given}>`, parameters: [] });
    if (no === undefined) left.push(recipient);
    else problems.push({ address: given, reply: aboutMailbox(given, no) });
  }
  transaction.recipients = left;
  return problems;
}

/** What is refused now may be taken another time. */
export function isLater({ code }: Reply): boolean {
  return code >= 400 && code < 500;
}

export function givenOf({ recipients }: Pick<Transaction, "recipients">): readonly string[] {
  return recipients.map(({ given }) => given);
}

async function refusalAt<S extends Stage>(
  stage: S,
  transaction: Transaction,
  subject: Subjects[S],
): Promise<Reply | undefined> {
  const outcome = await judge(COURT, stage, transaction, subject);
  if (outcome.kind === "in") return undefined;
  return { ...outcome.reply, exit: outcome.reply.code < 500 ? EX.TEMPFAIL : EX.UNAVAILABLE };
}
