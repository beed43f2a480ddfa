/**
 * What a local triple means: an alias, a user with a mailbox, an address that ruleset 5 sends elsewhere, or nobody.
 *
 * The same answer serves RCPT (is there such a user?) and delivery (whom does it go to?), so that nothing accepted
 * is unknown a moment later for another reason than a changed table.
 */
import type { Config } from "../config/config.ts";
import type { Mailer } from "../config/mailer.ts";
import type { Triple } from "../envelope/recipient.ts";
import type { Reply } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { MailboxDatabase, User } from "../sys/users.ts";
import { type Aliases, withoutAliases } from "./aliases.ts";
import type { MailRules } from "./mail-rules.ts";

/** Everything that decides about local names. */
export interface LocalNames {
  readonly config: Config;
  readonly rules: MailRules;
  readonly aliases: Aliases;
  readonly users: MailboxDatabase;
}

export type LocalAnswer =
  /** An alias; `user` is the name it was found under, `value` its destinations. */
  | { readonly kind: "alias"; readonly triple: Triple; readonly value: string }
  /** A user with an account here (mailers with F=w). */
  | {
      readonly kind: "user";
      readonly triple: Triple;
      readonly user: User;
      /** Named with a backslash: no .forward either. */
      readonly final?: boolean;
    }
  /** Nothing to look up: the mailer takes the triple as it is. */
  | { readonly kind: "deliver"; readonly triple: Triple }
  | { readonly kind: "unknown"; readonly triple: Triple }
  | { readonly kind: "error" | "tempfail"; readonly reply: Reply }
  | { readonly kind: "discard" };

export function sameTriple(a: Triple, b: Triple): boolean {
  return a.mailer === b.mailer && a.user === b.user && a.host.toLowerCase() === b.host.toLowerCase();
}

/**
 * @param final delivered as named (`\user`): no alias, no ruleset 5
 * @param level how often ruleset 5 has already named a new address
 */
export function locate(
  names: LocalNames,
  triple: Triple,
  final: boolean,
  scope: MacroScope,
  level = 0,
): MaybePromise<LocalAnswer> {
  const mailer = names.config.mailers.get(triple.mailer);
  if (mailer === undefined) return { kind: "deliver", triple };
  const literal = final || names.aliases === NONE_AS_NAMED ? undefined : asNamed(mailer, triple);
  if (literal !== undefined) {
    return whenReady(locate({ ...names, aliases: NONE_AS_NAMED }, literal, false, scope, level), (answer) =>
      answer.kind === "user" ? { ...answer, final: true } : answer,
    );
  }
  if (final || !mailer.flags.has("A")) return afterAliases(names, mailer, triple, final, scope, level);
  return whenReady(names.aliases.lookup(triple.user), (answer) => {
    if (answer.kind === "found") return { kind: "alias", triple, value: answer.value };
    if (answer.kind === "tempfail") return { kind: "tempfail", reply: databaseFailure(answer.reason) };
    return afterAliases(names, mailer, triple, final, scope, level);
  });
}

/** For a user that was named with a backslash: no alias is looked for, and further backslashes are part of the name. */
const NONE_AS_NAMED: Aliases = { ...withoutAliases };

/** `\user`: the user of that name, without aliases and .forward; the triple without the backslash. */
function asNamed(mailer: Mailer, triple: Triple): Triple | undefined {
  if (!mailer.flags.has("A") || !triple.user.includes("\\")) return undefined;
  const user = triple.user.replace(/\\([^])/g, "$1");
  return user === triple.user ? undefined : { ...triple, user };
}

function afterAliases(
  names: LocalNames,
  mailer: Mailer,
  triple: Triple,
  final: boolean,
  scope: MacroScope,
  level: number,
): MaybePromise<LocalAnswer> {
  const limit = names.config.options.number("MaxAliasRecursion");
  if (final || !mailer.flags.has("5") || level >= limit) return account(names, mailer, triple);
  return whenReady(names.rules.localAddress(triple, scope), (moved) => {
    if (moved === undefined) return account(names, mailer, triple);
    if (moved.kind !== "triple") return moved;
    if (sameTriple(moved.triple, triple)) return account(names, mailer, triple);
    return locate(names, moved.triple, final, scope, level + 1);
  });
}

function account(names: LocalNames, mailer: Mailer, triple: Triple): MaybePromise<LocalAnswer> {
  if (!mailer.flags.has("w")) return { kind: "deliver", triple };
  let found: MaybePromise<User | undefined>;
  try {
    found = names.users.find(triple.user);
  } catch (error) {
    return unavailable(error);
  }
  const answer = whenReady(found, (user): LocalAnswer =>
    user === undefined ? { kind: "unknown", triple } : { kind: "user", triple, user },
  );
  return answer instanceof Promise ? answer.catch(unavailable) : answer;
}

function unavailable(error: unknown): LocalAnswer {
  return { kind: "tempfail", reply: databaseFailure(error instanceof Error ? error.message : String(error)) };
}

function databaseFailure(reason: string): Reply {
  return { code: 451, enhanced: "4.3.0", lines: [`Temporary lookup failure: ${reason}`] };
}
