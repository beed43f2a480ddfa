/** What can be refused before a message is there: names that are nobody's, and what may not be named from outside. */
import type { Triple } from "../envelope/recipient.ts";
import type { Reply } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { loopOf, USER_UNKNOWN } from "./alias-loops.ts";
import { type LocalNames, locate } from "./local-user.ts";

/**
 * Whether a resolved address can be accepted at RCPT: 550 5.1.1 for a local name that is neither alias nor user.
 * Of an alias it is only seen here whether it leads in a circle; lists and .forward files are opened once, in the queue.
 *
 * @returns undefined when it can
 */
export function refusalOf(names: LocalNames, triple: Triple, scope: MacroScope): MaybePromise<Reply | undefined> {
  const direct = directRefusal(triple);
  if (direct !== undefined) return direct;
  const flags = names.config.mailers.get(triple.mailer)?.flags;
  if (flags === undefined || !(flags.has("A") || flags.has("5") || flags.has("w"))) return undefined;
  return whenReady(locate(names, triple, false, scope), (answer) => {
    if (answer.kind === "unknown") return USER_UNKNOWN;
    if (answer.kind === "alias") return loopOf(names, answer, scope);
    return answer.kind === "error" || answer.kind === "tempfail" ? answer.reply : undefined;
  });
}

/** What a triple of these mailers would be; they may be named by aliases, .forward files and lists only. */
const DIRECT: Readonly<Record<string, string>> = { prog: "programs", "*file*": "files", "*include*": ":include:s" };

/** The answer to whoever names a program, a file or a list from outside. */
export function directRefusal({ mailer, user }: Triple): Reply | undefined {
  const text = user.replace(/^"/, "");
  const first = text.startsWith("|") ? "prog" : text.startsWith("/") ? "*file*" : "";
  const kind = mailer in DIRECT ? mailer : /^:include:/i.test(text) ? "*include*" : first;
  if (!(kind in DIRECT)) return undefined;
  return { code: 550, enhanced: "5.7.1", lines: [`Cannot mail directly to ${DIRECT[kind]}`] };
}
