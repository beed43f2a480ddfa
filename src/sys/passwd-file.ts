/**
 * Users from a file of passwd lines: `MailboxDatabase=passwd:/path`, and /etc/passwd in front of getent.
 *
 * The file is read whole and kept; a look-up costs one stat, and a changed file is read again.
 */
import { readFileSync, statSync } from "node:fs";
import { parsePasswdLine } from "./passwd-line.ts";
import { UserLookupError, type MailboxDatabase, type User } from "./users.ts";

export class PasswdFile implements MailboxDatabase {
  readonly #path: string;
  #version = "";
  #byName = new Map<string, User>();
  #byId = new Map<number, User>();

  constructor(path: string) {
    this.#path = path;
  }

  find(name: string): User | undefined {
    this.#refresh();
    return this.#byName.get(name);
  }

  findById(uid: number): User | undefined {
    this.#refresh();
    return this.#byId.get(uid);
  }

  #refresh(): void {
    try {
      const { ino, size, mtimeNs } = statSync(this.#path, { bigint: true });
      const version = `${ino} ${size} ${mtimeNs}`;
      if (version === this.#version) return;
      this.#read(readFileSync(this.#path, "latin1"));
      this.#version = version;
    } catch (error) {
      throw new UserLookupError(`Cannot read the users in "${this.#path}": ${(error as Error).message}`);
    }
  }

  #read(text: string): void {
    this.#byName = new Map();
    this.#byId = new Map();
    for (const line of text.split("\n")) {
      const user = parsePasswdLine(line);
      // The first line of a name or a uid counts, as for the system.
      if (user && !this.#byName.has(user.name)) this.#byName.set(user.name, user);
      if (user && !this.#byId.has(user.uid)) this.#byId.set(user.uid, user);
    }
  }
}
