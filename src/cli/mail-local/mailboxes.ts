/**
 * The mailboxes that mail.local writes: found, locked and written by what the server's own deliveries use (src/mailbox), with
 * the ids of each user where the process is root's.
 */
import { join } from "node:path";
import { FcntlLocks } from "../../mailbox/fcntl-lock.ts";
import { deliverToMbox } from "../../mailbox/mbox.ts";
import { Batches } from "../../rights/batches.ts";
import { groupsOf, Identities, systemIds } from "../../rights/identity.ts";
import type { Octets, TaskResult } from "../../rights/task.ts";
import { type Clock, systemClock } from "../../sys/clock.ts";
import { openMailboxDatabase } from "../../sys/mailbox-database.ts";
import type { MailboxDatabase, User } from "../../sys/users.ts";

/** Where mailboxes of a system lie. */
const SPOOL = "/var/mail";

export interface MailboxOptions {
  /** -D: `pw`, or `passwd:/path`. */
  readonly database?: string;
  /** -p: the folder of the mailboxes. */
  readonly spool?: string;
  /** -h: the file below each user's home that is his mailbox. */
  readonly inHome?: string;
  /** -b: over quota is for ever. */
  readonly isQuotaFinal: boolean;
  readonly clock?: Clock;
}

export class Mailboxes {
  readonly #options: MailboxOptions;
  readonly #users: MailboxDatabase;
  readonly #batches: Batches;
  readonly #locks: FcntlLocks;
  readonly #isRoot: boolean;

  /** @throws when there is no such database of users */
  constructor(options: MailboxOptions) {
    const clock = options.clock ?? systemClock;
    this.#options = options;
    this.#users = openMailboxDatabase(options.database ?? "pw", clock);
    this.#isRoot = systemIds.getuid() === 0 && systemIds.geteuid() === 0;
    const identities = this.#isRoot ? new Identities() : undefined;
    this.#locks = new FcntlLocks({
      asRoot: (work) => (identities === undefined ? work() : identities.asRoot(work)),
      // The dot lock remains; said by the server where it matters.
      warn: () => undefined,
    });
    this.#batches = new Batches({ identities, locks: this.#locks, clock });
  }

  /** @throws (or rejects) when the users cannot be asked now */
  async find(name: string): Promise<User | undefined> {
    return this.#users.find(name);
  }

  /** Resolves, whatever happens. A mailbox that somebody has locked is tried for half a minute. */
  deliver({ name, uid, gid, home }: User, octets: Octets): Promise<TaskResult> {
    const { inHome, spool = SPOOL, isQuotaFinal } = this.#options;
    // The name comes from a table of users, and becomes the name of a file.
    if (name === "" || name === "." || name === ".." || name.includes("/")) {
      return Promise.resolve({ kind: "never", status: "5.1.1", text: `${name}: User unknown` });
    }
    const isHome = inHome !== undefined;
    const user = { user: name, uid, gid };
    return new Promise((answer) => {
      this.#batches.add({
        name: "mbox",
        run: deliverToMbox,
        user,
        groups: () => groupsOf(user),
        argument: { path: join(isHome ? home : spool, inHome ?? name), owner: uid, isHome, isQuotaFinal },
        octets,
        mayMake: this.#isRoot && !isHome,
        isCancelled: () => false,
        answer,
      });
    });
  }

  close(): void {
    this.#locks.close();
  }
}
