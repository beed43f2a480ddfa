/** What a verb answers. The session says it, and does what has to follow. */
import type { Reply } from "../mail/reply.ts";
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";

/** A reply; one with code 421 closes the connection. */
export type Answer =
  | Reply
  /** One for each recipient of a message (LMTP). */
  | { readonly each: Reply; readonly count: number }
  /** A last reply: the connection closes after it. */
  | { readonly last: Reply }
  /** Something begins once the reply is said: data, a chunk (which has no reply yet), a handshake. */
  | { readonly reply?: Reply; readonly begin: () => MaybePromise<void> };

/** Undefined: the client has gone, and nothing is said. */
export type MaybeAnswer = MaybePromise<Answer | undefined>;

/**
 * Says an answer.
 * @param speak the connection closes after what `isLast`
 * @returns a promise when something has begun that has to end before the next command
 */
export function say(
  answer: Answer | undefined,
  speak: (reply: Reply, isLast: boolean) => void,
): Promise<void> | undefined {
  if (answer === undefined) return undefined;
  if ("code" in answer || "last" in answer) {
    const reply = "code" in answer ? answer : answer.last;
    speak(reply, "last" in answer || reply.code === 421);
    return undefined;
  }
  if ("each" in answer) {
    for (let count = 0; count < answer.count; count++) speak(answer.each, false);
    return undefined;
  }
  if (answer.reply !== undefined) speak(answer.reply, false);
  const begun = answer.begin();
  return isPromise(begun) ? begun : undefined;
}
