/**
 * Users from a file of passwd lines: `MailboxDatabase=passwd:/path`, and /etc/passwd in front of getent.
 *
 * The file is read whole and kept; a changed file is read again. Who is in it is believed for a second without a look at the
 * file; who is not makes us look. A file that is being rewritten in place may have half its lines: until it has been quiet for
 * a second nobody is unknown.
 */
import { readFileSync, statSync } from "node:fs";
import type { Clock } from "./clock.ts";
import { parsePasswdLine } from "./passwd-line.ts";
import { UserLookupError, type MailboxDatabase, type User } from "./users.ts";

/** ms after its last change that a file is taken for complete. */
const QUIET_MS = 1000;
/** ms for which users are believed: each message asks for its recipient three times. */
const BELIEVED_MS = 1000;

export class PasswdFile implements MailboxDatabase {
  readonly #path: string;
  readonly #clock: Clock;
  #version = "";
  #inode: bigint | undefined;
  /** When the file was changed in place, ms since the epoch. */
  #changedAt = Number.NEGATIVE_INFINITY;
  /** There were users, and now there are none. */
  #emptied = false;
  #byName = new Map<string, User>();
  #byId = new Map<number, User>();
  /** When the file was looked at last, ms since the epoch. */
  #seenAt = Number.NEGATIVE_INFINITY;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  find(name: string): User | undefined {
    return this.#believed(this.#byName.get(name)) ?? this.#afterLook(() => this.#byName.get(name));
  }

  findById(uid: number): User | undefined {
    return this.#believed(this.#byId.get(uid)) ?? this.#afterLook(() => this.#byId.get(uid));
  }

  #believed(user: User | undefined): User | undefined {
    return user !== undefined && Math.abs(this.#clock.now() - this.#seenAt) < BELIEVED_MS ? user : undefined;
  }

  #afterLook(find: () => User | undefined): User | undefined {
    this.#refresh();
    this.#seenAt = this.#clock.now();
    return find() ?? this.#missing();
  }

  #missing(): undefined {
    if (Math.abs(this.#clock.now() - this.#changedAt) < QUIET_MS) {
      throw new UserLookupError(`Cannot read the users in "${this.#path}": the file is being written`);
    }
    if (this.#emptied) throw new UserLookupError(`Cannot find a single user in "${this.#path}" any more`);
    return undefined;
  }

  #refresh(): void {
    try {
      const { ino, size, mtimeNs, mtimeMs } = statSync(this.#path, { bigint: true });
      const version = `${ino} ${size} ${mtimeNs}`;
      if (version === this.#version) return;
      this.#read(readFileSync(this.#path, "latin1"));
      this.#version = version;
      if (this.#inode === ino) this.#changedAt = Number(mtimeMs);
      this.#inode = ino;
    } catch (error) {
      throw new UserLookupError(`Cannot read the users in "${this.#path}": ${(error as Error).message}`);
    }
  }

  #read(text: string): void {
    const before = this.#byName.size;
    this.#byName = new Map();
    this.#byId = new Map();
    for (const line of text.split("\n")) {
      const user = parsePasswdLine(line);
      // The first line of a name or a uid counts, as for the system.
      if (user && !this.#byName.has(user.name)) this.#byName.set(user.name, user);
      if (user && !this.#byId.has(user.uid)) this.#byId.set(user.uid, user);
    }
    this.#emptied = this.#byName.size === 0 && (this.#emptied || before > 0);
  }
}
