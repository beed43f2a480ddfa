/**
 * The sender of a submitted message: what -f names, without phrase and comments, or the caller; and the full name that
 * its From field gets. A sender that the rulesets refuse is refused here, before anybody gets the message.
 */
import type { Triple } from "../envelope/recipient.ts";
import { withoutComments } from "../mail/comments.ts";
import { accountName, fullNamePhrase } from "../mail/full-name.ts";
import { type Reply, reply } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { withoutAliases } from "../routing/aliases.ts";
import { locate, type LocalNames } from "../routing/local-user.ts";
import { directRefusal } from "../routing/refusal.ts";
import type { Resolution } from "../routing/mail-rules.ts";
import { EX } from "../sys/sysexits.ts";
import type { User } from "../sys/users.ts";
import type { Problem, Submission } from "./submission.ts";
import { syntaxReply } from "./submission-recipients.ts";

export type SubmissionSender =
  | {
      readonly kind: "sender";
      /** "" is the null sender. */
      readonly address: string;
      /** Where the address leads; absent for the null sender and for what leads nowhere. */
      readonly mailer?: string;
      /** Ready to stand before `<address>`; absent when the sender is nobody of this machine. */
      readonly fullName?: string;
      /** What cannot be told of it now. */
      readonly warning?: Problem;
    }
  | { readonly kind: "refused"; readonly reply: Reply };

export async function submissionSender(
  names: LocalNames,
  submission: Submission,
  scope: MacroScope,
): Promise<SubmissionSender> {
  const { user, fullName, smtp, returnByMail } = submission;
  // Only blanks or a comment: as if nothing had been said.
  const said = submission.sender;
  const sender = said === "" || said === undefined || withoutComments(said) !== "" ? said : undefined;
  const given = sender ?? user;
  if (sender !== undefined && /^(?:\s*<\s*>\s*)?$/.test(sender)) return { kind: "sender", address: "" };
  const resolution = await names.rules.resolve(given, scope, undefined, "sender");
  // The rules were asked when MAIL came; the path stays as it is.
  if (smtp) return named(names, given, resolution, undefined, scope);
  // Who calls is who he is, whatever the rulesets say; only what somebody typed can be wrong.
  const refusal = sender === undefined ? undefined : refusalOfSender(resolution, given);
  // A message that waited for its server cannot be refused any more.
  if (refusal !== undefined) return returnByMail ? { kind: "sender", address: user } : refused(refusal);
  const address = sender === undefined ? user : await names.rules.plain(given, scope);
  if (resolution.kind === "error" && sender !== undefined) {
    return { kind: "sender", address, warning: { address: given, reply: resolution.reply } };
  }
  return named(names, address, resolution, fullName, scope);
}

/** The sender with a full name, where he is somebody of this machine. */
async function named(
  names: LocalNames,
  address: string,
  resolution: Resolution,
  fullName: string | undefined,
  scope: MacroScope,
): Promise<SubmissionSender> {
  const local = resolution.kind === "triple" && names.config.mailers.get(resolution.triple.mailer)?.flags.has("w");
  const mailer = resolution.kind === "triple" ? { mailer: resolution.triple.mailer } : {};
  if (!local) return { kind: "sender", address, ...mailer };
  const account = fullName ? undefined : await accountOf(names, resolution.triple, scope);
  const name = fullName || (account === undefined ? "" : accountName(account));
  const known = { kind: "sender", address, ...mailer } as const;
  return name === "" ? known : { ...known, fullName: fullNamePhrase(name) };
}

function refusalOfSender(resolution: Resolution, given: string): Reply | undefined {
  switch (resolution.kind) {
    case "error":
      return resolution.reply.code >= 500 ? resolution.reply : undefined;
    case "discard":
      return { ...INVALID_SENDER, exit: EX.SOFTWARE };
    case "triple": {
      const { triple, complaint } = resolution;
      if (complaint !== undefined) return syntaxReply(complaint, given);
      return directRefusal(triple) === undefined ? undefined : { ...INVALID_SENDER, exit: EX.USAGE };
    }
    default:
      return undefined;
  }
}

const INVALID_SENDER = reply(553, "5.1.7", "Invalid sender address");

function refused(answer: Reply): SubmissionSender {
  return { kind: "refused", reply: answer };
}

/** Who that is here; a detail (`joe+box`) is taken off by ruleset 5. */
async function accountOf(names: LocalNames, triple: Triple, scope: MacroScope): Promise<User | undefined> {
  const { users } = names;
  try {
    const found = (await users.find(triple.user)) ?? (await users.find(triple.user.toLowerCase()));
    if (found !== undefined || triple.user.includes("\\")) return found;
    const located = await locate({ ...names, aliases: withoutAliases }, triple, false, scope);
    return located.kind === "user" ? located.user : undefined;
  } catch {
    return undefined; // a message is not held up for a name
  }
}
