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
import { type Destination, eachDestination } from "./alias-list.ts";
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
 * Which lists lead to anybody but themselves. Told of every end as it is met, so that many lists cost what many recipients
 * cost: a list is good from its first end on.
 */
export class LivingLists {
  readonly #recipients: readonly Recipient[];
  readonly #good = new Set<number>();
  /** Recipients that are on the list already → as which. */
  readonly #sameAs = new Map<number, number>();
  /** Lists of which nobody knows yet → who stands for nothing but them. */
  readonly #waiting = new Map<number, number[]>();

  /** @param recipients may grow and change */
  constructor(recipients: readonly Recipient[]) {
    this.#recipients = recipients;
  }

  isGood(index: number): boolean {
    return this.#good.has(index);
  }

  /** A recipient is somebody, or fails, or waits: the lists above it lead somewhere. */
  ends(index: number): void {
    const found = [index];
    for (let next = found.pop(); next !== undefined; next = found.pop()) {
      for (let up = this.#recipients[next].parent; up !== undefined; up = this.#recipients[up].parent) {
        if (this.#good.has(up)) break;
        this.#good.add(up);
        found.push(...(this.#waiting.get(up) ?? []));
        this.#waiting.delete(up);
      }
    }
  }

  /** A recipient is another one, which was met before. */
  isSame(index: number, other: number): void {
    this.#sameAs.set(index, other);
    let stands = other;
    for (let next = this.#sameAs.get(stands); next !== undefined; next = this.#sameAs.get(stands)) {
      if (next === index || next === stands) return;
      stands = next;
    }
    if (stands === index) return;
    if (this.#recipients[stands].state !== "expanded" || this.#good.has(stands)) return this.ends(index);
    const waiting = this.#waiting.get(stands);
    if (waiting === undefined) this.#waiting.set(stands, [index]);
    else waiting.push(index);
  }
}

function isOnlyMember(value: string): boolean {
  const members = eachDestination(value);
  return members.next().done !== true && members.next().done === true;
}

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
  // The right sides are read as far as they are followed: they may be long.
  const path: { readonly triple: Triple; readonly members: Iterator<Destination> }[] = [];
  const enter = ({ triple, value }: typeof alias): void => void path.push({ triple, members: eachDestination(value) });
  enter(alias);
  for (let followed = 0; path.length > 0; followed++) {
    const next = path.at(-1)!.members.next();
    if (next.done === true) {
      path.pop();
      continue;
    }
    const member = next.value;
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
