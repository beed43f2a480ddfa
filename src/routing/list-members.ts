/**
 * Who would get a message for an address, for people who ask (EXPN, VRFY): aliases, .forward files and lists are opened
 * down to the last member; what is found is shown and not kept.
 */
import type { Recipient, Triple } from "../envelope/recipient.ts";
import { accountName } from "../mail/full-name.ts";
import type { Reply } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { Clock } from "../sys/clock.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { User } from "../sys/users.ts";
import type { LocalNames } from "./local-user.ts";
import type { ExpansionContext } from "./expansion.ts";
import { expansionText, linesOfExpansion } from "./expansion-lines.ts";
import { expandRecipients } from "./recipients.ts";
import type { UserFiles } from "./user-files.ts";

export interface Member {
  /** As it stands in the list: an address, or a program or file in the form of aliases. */
  readonly given: string;
  /** A user of this machine, or another local name. */
  readonly isLocal: boolean;
  /** Its mailer says that it is one (F=q); of others nobody knows before mail goes there. */
  readonly isSure: boolean;
  /** From the account of a user; "" when there is none. */
  readonly fullName: string;
}

export type ListAnswer =
  | {
      readonly kind: "members";
      readonly members: readonly Member[];
      /** What expands to what, and which line of which file says so. */
      readonly told?: readonly string[];
    }
  /** One member cannot be: there is nothing to tell of the others then, as with the original. */
  | { readonly kind: "refused"; readonly address: string; readonly reply: Reply };

/** @param triple where the address goes */
async function listMembers(context: ExpansionContext, given: string, triple: Triple): Promise<ListAnswer> {
  const asked: Recipient = { given, state: "todo", resolved: triple };
  const origins = new Map<number, string>();
  const watch = {
    placed: (index: number, origin: string | undefined) => void (origin !== undefined && origins.set(index, origin)),
    opened: () => undefined,
  };
  const { changes, added } = await expandRecipients({ ...context, watch }, [asked], [0]);
  const change = changes.find(({ index }) => index === 0);
  const all: readonly Recipient[] = [{ ...asked, ...change, resolved: change?.resolved ?? triple }, ...added];
  const bad = all.find(({ state }) => state === "failed" || state === "deferred");
  if (bad?.status !== undefined) {
    const { status, text, diagnostic } = bad.status;
    const code = Number(/^[0-9]{3}/.exec(diagnostic?.text ?? "")?.[0] ?? 550);
    return { kind: "refused", address: bad.given, reply: { code, enhanced: status, lines: [text] } };
  }
  const members: Member[] = [];
  for (const each of all) if (each.state === "todo") members.push(await memberOf(context, each));
  return { kind: "members", members, told: linesOfExpansion(all, origins).map(expansionText) };
}

/** One user or address as it is shown. */
async function memberOf(
  { config, users }: Pick<ExpansionContext, "config" | "users">,
  { given, resolved }: Pick<Recipient, "given" | "resolved">,
): Promise<Member> {
  const flags = resolved === undefined ? undefined : config.mailers.get(resolved.mailer)?.flags;
  const isLocal = flags?.has("A") === true || flags?.has("w") === true;
  const user = resolved !== undefined && flags?.has("w") ? await accountOf(users, resolved.user) : undefined;
  return {
    given,
    isLocal,
    isSure: flags !== undefined && flags.has("q"),
    fullName: user === undefined ? "" : accountName(user),
  };
}

/** Of a user, also with a detail. */
async function accountOf(users: ExpansionContext["users"], name: string): Promise<User | undefined> {
  const user = name.replace(/^\\/, "");
  return (await users.find(user)) ?? (user.includes("+") ? users.find(user.replace(/\+.*$/s, "")) : undefined);
}

type Place = LocalNames & Pick<ExpansionContext, "dontBlame">;

/** What an SMTP server asks for VRFY and EXPN. */
export interface ListServices {
  /** EXPN: whom an address stands for, to the last member. */
  expand(site: Place, given: string, triple: Triple, scope: MacroScope): MaybePromise<ListAnswer>;
  /** VRFY: who an address is; aliases stay closed. */
  member(site: Place, given: string, triple: Triple): MaybePromise<ListAnswer>;
}

export function listServices(clock: Clock, files: () => UserFiles): ListServices {
  return {
    expand({ config, rules, aliases, users, dontBlame }, given, triple, scope) {
      const names = { config, rules, aliases, users, dontBlame };
      const context = { ...names, scope, files: files(), now: clock.now(), warn: () => undefined };
      return listMembers(context, given, triple);
    },
    member: async (site, given, resolved) => ({
      kind: "members",
      members: [await memberOf(site, { given, resolved })],
    }),
  };
}
