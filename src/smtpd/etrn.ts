/** ETRN (RFC 1985): a host that was away asks for its mail. */
import { printable } from "../mail/printable.ts";
import { whenReady } from "../sys/maybe-promise.ts";
import type { MaybeAnswer } from "./answer.ts";
import type { Conversation } from "./conversation.ts";
import { refusedBy } from "./policy.ts";
import { replies } from "./replies.ts";

export function etrn(session: Conversation, argument: string): MaybeAnswer {
  session.aboutMail();
  if (session.refusal !== undefined) return session.refusal;
  if (!session.features.offersEtrn) return replies.verifyRefused;
  if (argument === "") return replies.parameterRequired;
  return whenReady(refusedBy(session, "check_etrn", argument), (refusal) => {
    if (refusal !== undefined) return refusal;
    // "#group" would ask for a queue group; "@domain" asks for the subdomains too.
    if (argument.startsWith("#")) return replies.queueUnknown(printable(argument.slice(1)));
    const node = printable(argument);
    return whenReady(session.services.startQueueRun(argument.replace(/^@/, "")), (waiting) =>
      waiting > 0 ? replies.queueRun(node) : replies.queueEmpty(node),
    );
  });
}
