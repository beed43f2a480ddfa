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
    const node = printable(argument);
    const group = argument.startsWith("#") ? argument.slice(1) : undefined;
    if (group !== undefined && !session.site.config.queueGroups.has(group))
      return replies.queueUnknown(printable(group));
    return whenReady(session.services.startQueueRun(argument), (waiting) => {
      if (group !== undefined) return replies.groupRun(node.slice(1));
      return waiting > 0 ? replies.queueRun(node) : replies.queueEmpty(node);
    });
  });
}
