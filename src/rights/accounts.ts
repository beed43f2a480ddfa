/**
 * Who a task is for, as the root side knows it: the server names a user with uid and gid, and this looks in the users of the
 * terms whether it is so. Groups are asked for once in a while only: each question reads the whole group database.
 */
import { systemClock, type Clock } from "../sys/clock.ts";
import { openMailboxDatabase } from "../sys/mailbox-database.ts";
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";
import { PasswdFile } from "../sys/passwd-file.ts";
import type { MailboxDatabase, User } from "../sys/users.ts";
import { groupsOf, type IdCalls, systemIds } from "./identity.ts";
import { isPlainAddress, type NamedUsers } from "./program-words.ts";
import type { TaskUser } from "./task.ts";
import type { Terms } from "./terms.ts";

/** A user whom the root side knows. */
export interface Account extends TaskUser {
  readonly home: string;
  /** Named by the configuration with uid and gid: DefaultUser, U= of a mailer. Writes mailboxes of anybody. */
  readonly isFixed: boolean;
  /** Root, for a program that the configuration runs as root, where the users of the terms have no root. */
  readonly onlyPrograms?: boolean;
}

export interface Unknown {
  readonly kind: "unknown";
  readonly reason: string;
}

/** ms that groups are believed. */
const KEPT = 60_000;
const MOST_KEPT = 10_000;

export class Accounts {
  readonly #terms: Terms;
  readonly #clock: Clock;
  readonly #calls: IdCalls;
  readonly #users: MailboxDatabase;
  readonly #system: PasswdFile;
  readonly #groups = new Map<string, { readonly groups: readonly number[]; readonly until: number }>();

  constructor(terms: Terms, clock: Clock = systemClock, calls: IdCalls = systemIds) {
    this.#terms = terms;
    this.#clock = clock;
    this.#calls = calls;
    this.#users = openMailboxDatabase(terms.users.kind === "passwd" ? "pw" : `passwd:${terms.users.path}`, clock);
    this.#system = new PasswdFile("/etc/passwd", clock);
  }

  /** Rejects or throws when the users cannot be asked now. */
  find(who: TaskUser): MaybePromise<Account | Unknown> {
    const { user, uid, gid } = who;
    const isNamed = this.#terms.identities.some((each) => each.user === user && each.uid === uid && each.gid === gid);
    if (isNamed) return { user, uid, gid, home: "", isFixed: true };
    const found = this.#users.find(user);
    return isPromise(found) ? found.then((each) => this.#compare(who, each)) : this.#compare(who, found);
  }

  /**
   * Whether all of these are users (or at least addresses, where no home is asked for), and the homes are homes of theirs.
   * @throws when the users cannot be asked now
   */
  async areUsers({ users, homes }: NamedUsers): Promise<boolean> {
    const known = new Set<string>();
    for (const user of users) {
      const found = await this.#users.find(user);
      if (found !== undefined) known.add(found.home);
      else if (!isPlainAddress(user)) return false;
    }
    return homes.every((home) => known.has(home));
  }

  #compare(who: TaskUser, found: User | undefined): Account | Unknown {
    const { user, uid, gid } = who;
    const isRoot = user === "root" && uid === 0 && gid === 0;
    if (found !== undefined || !isRoot || !this.#terms.programs.some(({ asRoot }) => asRoot))
      return compare(who, found);
    return { user, uid, gid, home: "", isFixed: true, onlyPrograms: true };
  }

  /** All groups of a user; the process must be root. */
  groups({ user, uid, gid, isFixed }: Account): readonly number[] {
    const key = `${user}\0${uid}\0${gid}`;
    const now = this.#clock.now();
    const kept = this.#groups.get(key);
    if (kept !== undefined && kept.until > now) return kept.groups;
    const isOfSystem = this.#terms.users.kind === "passwd" || isFixed || this.#isOfSystem(user, uid);
    // A name in a file of our own may be the name of somebody else's account.
    const groups = isOfSystem ? groupsOf({ user, uid, gid }, this.#calls) : [gid];
    if (this.#groups.size >= MOST_KEPT) this.#groups.clear();
    this.#groups.set(key, { groups, until: now + KEPT });
    return groups;
  }

  #isOfSystem(user: string, uid: number): boolean {
    try {
      return this.#system.find(user)?.uid === uid;
    } catch {
      return false;
    }
  }
}

function compare({ user, uid, gid }: TaskUser, found: User | undefined): Account | Unknown {
  if (found === undefined) return { kind: "unknown", reason: `no user ${user}` };
  if (found.uid !== uid || found.gid !== gid) {
    return { kind: "unknown", reason: `user ${user} is ${found.uid}:${found.gid}, not ${uid}:${gid}` };
  }
  return { user, uid, gid, home: found.home, isFixed: false };
}
