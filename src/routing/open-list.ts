/** Lists on their way: what is read of them next, and which of their members a message has already. */
import type { Recipient } from "../envelope/recipient.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { Member } from "./alias-list.ts";
import type { NextMember } from "./include.ts";
import type { MemberSource } from "./member-source.ts";

/** Gives the members of a list one after the other. */
export interface MemberList {
  next(): MaybePromise<NextMember>;
}

/** A list whose members are being placed. */
export interface OpenList {
  /** The recipient that is the list. */
  readonly parent: number;
  readonly source: MemberSource;
  readonly members: MemberList;
  /** Where it was named itself. */
  readonly origin?: string;
}

const END: NextMember = { kind: "end" };

/** Members that lie in memory. */
export function membersOf(members: Iterator<Member>): MemberList {
  return {
    next() {
      const next = members.next();
      return next.done === true ? END : { kind: "member", member: next.value };
    },
  };
}

/**
 * Members of lists that were opened before and not to their ends: a message that was interrupted, or a file that somebody
 * changed. Duplicates are not among them: they are met again and are duplicates again.
 */
export class KnownMembers {
  readonly #recipients: readonly Recipient[];
  /** List → what its members were called. */
  readonly #given = new Map<number, Set<string>>();
  /** What was said about bad lines, which have no names. */
  readonly #complaints = new Set<string>();

  constructor(recipients: readonly Recipient[]) {
    this.#recipients = recipients;
  }

  /**
   * Notes a member.
   * @returns false for what stands for a bad line: reading the list again brings the line itself
   */
  add(index: number, parent: number): boolean {
    const { given, resolved, state, status } = this.#recipients[index];
    if (resolved === undefined && given === this.#rootOf(index).given) {
      if (state === "failed" && status !== undefined) this.#complaints.add(status.text);
      return false;
    }
    if (state === "duplicate") return true;
    const members = this.#given.get(parent);
    if (members === undefined) this.#given.set(parent, new Set([given]));
    else members.add(given);
    return true;
  }

  /** Notes all members of a list. */
  addAll(list: number): void {
    this.#recipients.forEach(({ parent }, index) => {
      if (parent === list) this.add(index, list);
    });
  }

  has(parent: number, given: string): boolean {
    return this.#given.get(parent)?.has(given) === true;
  }

  hasHeard(complaint: string): boolean {
    return this.#complaints.has(complaint);
  }

  #rootOf(index: number): Recipient {
    let root = this.#recipients[index];
    while (root.parent !== undefined) root = this.#recipients[root.parent];
    return root;
  }
}
