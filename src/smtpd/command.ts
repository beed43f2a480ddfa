/** From a line of the client to the work that it asks for, if its client has not tried our patience too often. */
import { judge } from "../reception/judges.ts";
import { whenReady } from "../sys/maybe-promise.ts";
import type { MaybeAnswer } from "./answer.ts";
import type { Conversation } from "./conversation.ts";
import { answerToOther } from "./policy.ts";
import { slowed } from "./load.ts";
import { replies } from "./replies.ts";
import { isRefusedWork, readCommand, verbs } from "./verbs.ts";

export interface CommandWork {
  /** What the log calls the state of the session while it is done. */
  readonly state: string;
  readonly work: () => MaybeAnswer;
}

export function workOf(session: Conversation, line: string): CommandWork {
  const { abuse, settings } = session;
  const { word, argument } = readCommand(line);
  const hangUp = (): MaybeAnswer => ({ last: replies.tooManyBad(settings.hostName) });
  const verb = verbs.get(word);
  if (verb === undefined) {
    const state = "unknown command";
    return { state, work: abuse.countBad() === "hang up" ? hangUp : () => unknown(session, line) };
  }
  const isRefused = session.refusal !== undefined && isRefusedWork(word);
  if (isRefused && abuse.countBad() === "hang up") return { state: word, work: hangUp };
  const patience = abuse.count(word);
  if (patience === "hang up") return { state: word, work: hangUp };
  return { state: word, work: slowed(session, word, patience, () => verb(session, argument, line)) };
}

/** A command that there is not: check_other is asked, and filters may know it, and have a reply to it. */
function unknown(session: Conversation, line: string): MaybeAnswer {
  const { whole, transaction = whole, services, refusal } = session;
  const usual = replies.unrecognized(line);
  if (refusal !== undefined) return usual;
  return whenReady(answerToOther(session, line, usual), (answer) => {
    if (whole.filters === undefined || answer !== usual) return answer;
    return whenReady(judge(services, "unknown", transaction, { line }), (outcome) =>
      outcome.kind === "out" ? outcome.reply : usual,
    );
  });
}

/** As the log may show it: without what an AUTH command brings. */
export function withoutSecret(line: string): string {
  return line.replace(/^(\s*auth\s+\S+\s+)\S.*/is, "$1*");
}
