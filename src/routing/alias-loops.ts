/**
 * Aliases that name each other. Where a user of such a name exists, he gets the mail; where other members are left, they
 * get it; where nobody is left the circle is an error, 5.4.6, as soon as somebody asks.
 *
 *     l1: l2        l2: l1            error
 *     l1: l2, joe   l2: l1, ann       joe and ann
 *     joe: friend   friend: joe       joe, who has an account
 *     list: joe     joe: list         joe
 */
import type { Recipient, Triple } from "../envelope/recipient.ts";
import type { Reply } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { type Destination, parseDestinations } from "./alias-list.ts";
import { type LocalAnswer, type LocalNames, locate, sameTriple } from "./local-user.ts";

export const USER_UNKNOWN: Reply = { code: 550, enhanced: "5.1.1", lines: ["User unknown"] };
export const LOOP: Reply = { code: 554, enhanced: "5.4.6", lines: ["aliasing/forwarding loop broken"] };

/** True when a name that its own aliases lead back to is no user here. */
export async function isNobody(names: LocalNames, triple: Triple): Promise<boolean> {
  if (names.config.mailers.get(triple.mailer)?.flags.has("w") !== true) return true;
  try {
    return (await names.users.find(triple.user)) === undefined;
  } catch {
    // Who cannot be looked up now is asked for again when he is placed, and that waits.
    return false;
  }
}

/** The nearest ancestor who has an account: the mail of a circle of aliases below him is his. */
export async function nearestUser(names: LocalNames, ancestors: readonly Recipient[]): Promise<Triple | undefined> {
  for (const { resolved } of ancestors) {
    if (resolved !== undefined && !(await isNobody(names, resolved))) return resolved;
  }
  return undefined;
}

/**
 * The recipients that something is left of: they are no list, or lead to one who is none. All others lead only back to
 * themselves. Found from the ends, so that many lists cost what many recipients cost.
 * @param sameAs recipients that are left out because another one stands for them → that one
 */
export function leadSomewhere(
  recipients: readonly Recipient[],
  sameAs: ReadonlyMap<number, number>,
): ReadonlySet<number> {
  const before = new Map<number, number[]>();
  const leadsTo = (index: number, from: number): void => {
    const list = before.get(index);
    if (list === undefined) before.set(index, [from]);
    else list.push(from);
  };
  const found: number[] = [];
  recipients.forEach(({ parent, state }, index) => {
    const other = sameAs.get(index);
    if (state === "duplicate" && other !== undefined) leadsTo(other, index);
    else if (state !== "expanded") found.push(index);
    if (parent !== undefined && recipients[parent].state === "expanded") leadsTo(index, parent);
  });
  const seen = new Set<number>();
  for (let index = found.pop(); index !== undefined; index = found.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    for (const each of before.get(index) ?? []) if (!seen.has(each)) found.push(each);
  }
  return seen;
}

const isOnlyMember = (value: string): boolean => parseDestinations(value).length === 1;

/** Addresses that are followed before an alias is taken to be good: the rest is found when it is expanded. */
const MOST_FOLLOWED = 50;

/**
 * The error of an alias that leads to nobody but itself; undefined for all others. Stops at the first member that is
 * something else.
 */
export async function loopOf(
  names: LocalNames,
  alias: Extract<LocalAnswer, { kind: "alias" }>,
  scope: MacroScope,
): Promise<Reply | undefined> {
  const path: { readonly triple: Triple; readonly members: Destination[] }[] = [];
  const enter = ({ triple, value }: typeof alias): void =>
    void path.push({ triple, members: parseDestinations(value).toReversed() });
  enter(alias);
  for (let followed = 0; path.length > 0; followed++) {
    const member = path.at(-1)?.members.pop();
    if (member === undefined) {
      path.pop();
      continue;
    }
    if (member.kind !== "address" || member.final || followed >= MOST_FOLLOWED) return undefined;
    const resolution = await names.rules.resolve(member.text, scope);
    if (resolution.kind !== "triple") return undefined;
    const { triple } = resolution;
    const before = path.findLastIndex((each) => sameTriple(each.triple, triple));
    // Its own name: the user, who is known or not, as everywhere.
    if (before === path.length - 1 && before >= 0) {
      const alone = path.length === 1 && isOnlyMember(alias.value);
      return alone && (await isNobody(names, triple)) ? USER_UNKNOWN : undefined;
    }
    if (before >= 0) {
      for (const each of path) if (!(await isNobody(names, each.triple))) return undefined;
      continue;
    }
    const answer = await locate(names, triple, false, scope);
    if (answer.kind !== "alias") return undefined;
    enter(answer);
  }
  return LOOP;
}
