/**
 * The recipients of a submitted message: lists from the command line and the header taken apart, each address resolved,
 * aliases and lists opened once to see whether they lead anywhere. What the caller can put right is said at once.
 */
import type { Config } from "../config/config.ts";
import { isResent } from "../envelope/complete-headers.ts";
import type { Recipient, Triple } from "../envelope/recipient.ts";
import { splitRecipients } from "../mail/recipient-list.ts";
import { withoutComments } from "../mail/comments.ts";
import { type HeaderField, unfold } from "../mail/header.ts";
import { type Reply, reply } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { withoutAliases } from "../routing/aliases.ts";
import type { LocalNames } from "../routing/local-user.ts";
import { directRefusal } from "../routing/refusal.ts";
import { type AliasOrigins, linesOfExpansion } from "../routing/expansion-lines.ts";
import type { Expansion, ExpansionWatch } from "../routing/expansion.ts";
import { expandRecipients } from "../routing/recipients.ts";
import type { MailRules } from "../routing/mail-rules.ts";
import type { UserFiles } from "../routing/user-files.ts";
import { EX } from "../sys/sysexits.ts";
import type { Problem, RecipientWishes, Submission, SubmissionList } from "./submission.ts";

/** Everything that recipients are looked up in. */
export interface RecipientNames extends LocalNames {
  readonly dontBlame: ReadonlySet<string>;
  readonly files: UserFiles;
  /** For somebody who wants to know which line of which file an alias stands in. */
  readonly aliasOrigins?: AliasOrigins;
}

/** -t: To, Cc, Bcc and Apparently-To, or Resent-To, -Cc and -Bcc when the message is resent. */
export function headerRecipients(fields: readonly HeaderField[], oldStyle: boolean): string[] {
  const wanted = isResent(fields) ? /^resent-(?:to|cc|bcc)$/i : /^(?:to|cc|bcc|apparently-to)$/i;
  return fields
    .filter(({ name }) => wanted.test(name))
    .flatMap(({ value }) => splitRecipients(unfold(value), oldStyle));
}

/** The addresses of a submission in their order, each once. */
export function namedAddresses(
  config: Config,
  { recipients, fromHeader, oldStyle, smtp }: Submission,
  fields: readonly HeaderField[],
): string[] {
  if (smtp) return [...new Set(recipients)];
  const old = oldStyle ?? config.options.flag("OldStyleHeaders");
  const words = recipients.flatMap((word) => splitRecipients(word, old));
  return [...new Set([...words, ...(fromHeader ? headerRecipients(fields, old) : [])])];
}

/** The address without its phrase and comments, as far as that can be told without rulesets. */
export function bareAddress(text: string): string {
  const angle = /<([^<>]*)>[^<>]*$/.exec(text);
  if (angle) return angle[1].trim();
  return withoutComments(text);
}

/** An address that no ruleset needs to clean. */
const SIMPLE = /^[^\s<>()",;:]+$/;

async function kept(rules: MailRules, address: string, scope: MacroScope): Promise<string> {
  const bare = bareAddress(address);
  return SIMPLE.test(bare) || bare === "" ? bare || address : rules.plain(address, scope);
}

/** A problem, and which of the named addresses it is about. */
type Found = Problem & { readonly at: number };

/** A recipient before aliases are opened. */
interface Candidate {
  readonly at: number;
  readonly recipient: Recipient;
}

/** Resolves and opens all of them. */
export async function resolveRecipients(
  names: RecipientNames,
  addresses: readonly string[],
  submission: Submission,
  scope: MacroScope,
  now: number,
): Promise<SubmissionList> {
  const { returnByMail, noAliases } = submission;
  const wished = wishes(submission);
  const named = addresses.length > 0;
  if (returnByMail) {
    const accepted = addresses.map((address) => ({
      given: submission.smtp ? address : bareAddress(address),
      state: "todo" as const,
      ...wished(address),
    }));
    return { accepted, problems: [], told: [], named, typed: addresses, opened: accepted };
  }
  const candidates: Candidate[] = [];
  const problems: Found[] = [];
  for (const [at, address] of addresses.entries()) {
    const { problem, accepted, resolved } = await resolveOne(names.rules, address, scope);
    if (problem !== undefined) problems.push({ at, address, reply: problem });
    if (!accepted) continue;
    const given = await kept(names.rules, address, scope);
    candidates.push({
      at,
      recipient: { given, state: "todo", ...(resolved === undefined ? {} : { resolved }), ...wished(address) },
    });
  }
  const looked = noAliases ? { ...names, aliases: withoutAliases } : names;
  const opened = await open(looked, candidates, addresses, scope, now);
  const all = [...problems, ...opened.problems].toSorted((a, b) => a.at - b.at);
  return { ...opened, problems: all, named };
}

/** What was said about a recipient: by RCPT, or for all of them. */
function wishes({ recipients, each = [], notify }: Submission): (address: string) => RecipientWishes {
  const common = notify === undefined ? {} : { notify };
  const own = new Map(each.map((said, index) => [recipients[index], said]));
  return (address) => {
    const said = own.get(address);
    if (said === undefined) return common;
    return {
      ...(said.notify === undefined ? common : { notify: said.notify }),
      ...(said.orcpt === undefined ? {} : { orcpt: said.orcpt }),
    };
  };
}

interface Resolved {
  readonly accepted: boolean;
  readonly resolved?: Triple;
  readonly problem?: Reply;
}

async function resolveOne(rules: MailRules, address: string, scope: MacroScope): Promise<Resolved> {
  const resolution = await rules.resolve(address, scope);
  switch (resolution.kind) {
    case "discard":
      return { accepted: false };
    case "tempfail":
      // Only "never" is said to the caller; what cannot be told now waits in the queue.
      return { accepted: true };
    case "error": {
      const { code } = resolution.reply;
      return { accepted: code >= 400 && code < 500, problem: resolution.reply };
    }
    case "triple": {
      const { triple, complaint } = resolution;
      const refusal = directRefusal(triple);
      if (refusal !== undefined) return { accepted: false, problem: refusal };
      if (complaint === undefined) return { accepted: true, resolved: triple };
      return { accepted: true, resolved: triple, problem: syntaxReply(complaint, address) };
    }
  }
}

/** Opens aliases, .forward files and lists to see who would get the message; what is found is not kept. */
async function open(
  names: RecipientNames,
  candidates: readonly Candidate[],
  addresses: readonly string[],
  scope: MacroScope,
  now: number,
): Promise<Omit<SubmissionList, "problems" | "named"> & { readonly problems: readonly Found[] }> {
  const origins = new Map<number, string>();
  const aliasOrigins = new Map<number, string>();
  const watch: ExpansionWatch = {
    placed: (index, origin) => void (origin !== undefined && origins.set(index, origin)),
    opened: (index, { kind, name }) => {
      const origin = kind === "alias" ? names.aliasOrigins?.(name) : undefined;
      if (origin !== undefined) aliasOrigins.set(index, origin);
    },
  };
  const context = { ...names, scope, now, warn: () => undefined, watch };
  const recipients = candidates.map(({ recipient }) => recipient);
  const all = afterExpansion(recipients, await expandRecipients(context, recipients, [...recipients.keys()]));
  const parents = new Set(all.map(({ parent }) => parent));
  const problems: Found[] = [];
  const alive = new Set<number>();
  all.forEach((each, index) => {
    if (each.state === "failed" && each.status !== undefined) {
      const { at } = candidates[topOf(all, index)];
      const address = index < candidates.length ? addresses[at] : each.given;
      problems.push({ at, address, reply: replyOfStatus(each.status) });
    } else if (!parents.has(index) && each.state !== "expanded") {
      for (let up: number | undefined = index; up !== undefined; up = all[up].parent) alive.add(up);
    }
  });
  const accepted = recipients.filter((_, index) => alive.has(index));
  const typed = candidates.map(({ at }) => addresses[at]);
  return { accepted, problems, told: linesOfExpansion(all, origins, aliasOrigins), typed, opened: all };
}

/** The recipient that was named, of one that an alias or a list led to. */
function topOf(all: readonly Recipient[], index: number): number {
  let top = index;
  for (let up: number | undefined = index; up !== undefined; up = all[up].parent) top = up;
  return top;
}

function afterExpansion(candidates: readonly Recipient[], { changes, added }: Expansion): readonly Recipient[] {
  const all = candidates.map((each) => ({ ...each }));
  for (const { index, ...change } of changes) {
    all[index] = { ...all[index], ...change, status: change.status ?? all[index].status };
  }
  return [...all, ...added];
}

function replyOfStatus({ status, text, exit, diagnostic }: NonNullable<Recipient["status"]>): Reply {
  const code = Number(/^[0-9]{3}/.exec(diagnostic?.text ?? "")?.[0] ?? 550);
  return { code, enhanced: status, lines: [text], exit: exit ?? (status === "5.1.1" ? EX.NOUSER : EX.USAGE) };
}

/** The complaint about a text that was repaired; it names the address itself. */
export function syntaxReply(complaint: string, address: string): Reply {
  const prefix = `${address}... `;
  const named = complaint.startsWith(prefix) ? complaint.slice(prefix.length) : complaint;
  return { ...reply(553, "5.1.3", named), exit: EX.USAGE };
}
