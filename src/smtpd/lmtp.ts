/**
 * LMTP (RFC 2033), on ports with M=L: LHLO in the place of HELO and EHLO, and behind the last octet of a message an answer
 * for each recipient that was accepted, in their order.
 *
 * The queue takes a message for all its recipients or for none, so that they hear the same.
 */
import type { Reply } from "../mail/reply.ts";
import type { Answer } from "./answer.ts";
import type { Conversation } from "./conversation.ts";

export function isLmtp({ port }: Pick<Conversation, "port">): boolean {
  return port.modifiers.has("L");
}

/** What the end of a message leads to, said as often as the protocol of the port wants it. */
export function forRecipients(session: Conversation, count: number, answer: Reply): Answer {
  if (!isLmtp(session) || count < 2 || answer.code === 421) return answer;
  return { each: answer, count };
}
