/** From a line of the client to the work that it asks for, if its client has not tried our patience too often. */
import type { MaybeAnswer } from "./answer.ts";
import type { Conversation } from "./conversation.ts";
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
    return { state, work: abuse.countBad() === "hang up" ? hangUp : () => replies.unrecognized(line) };
  }
  const isRefused = session.refusal !== undefined && isRefusedWork(word);
  if (isRefused && abuse.countBad() === "hang up") return { state: word, work: hangUp };
  const patience = abuse.count(word);
  if (patience === "hang up") return { state: word, work: hangUp };
  return { state: word, work: slowed(session, word, patience, () => verb(session, argument, line)) };
}

/** As the log may show it: without what an AUTH command brings. */
export function withoutSecret(line: string): string {
  return line.replace(/^(\s*auth\s+\S+\s+)\S.*/is, "$1*");
}
