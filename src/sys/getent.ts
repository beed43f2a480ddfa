/**
 * Users as the system knows them (`MailboxDatabase=pw`): /etc/passwd first, then getent(1), which asks whatever the
 * name service switch names (LDAP, SSSD, NIS ...). Node cannot call getpwnam itself.
 *
 * Answers are kept for a minute, also that there is no such user; a child is started once for callers that ask for
 * the same name at the same time. Where /etc/nsswitch.conf says that /etc/passwd is all there is, no child is started
 * at all: whoever tries a thousand invented names at the SMTP port must not start a thousand processes.
 */
import { readFileSync } from "node:fs";
import type { Clock } from "./clock.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import { parsePasswdLine } from "./passwd-line.ts";
import { PasswdFile } from "./passwd-file.ts";
import { UserLookupError, type MailboxDatabase, type User } from "./users.ts";

const KEPT_MS = 60_000;
/** A flood of invented names must not fill the memory. */
const MOST_KEPT = 10_000;
const TIMEOUT_MS = 10_000;
/** Children at a time; further questions wait. */
const MOST_CHILDREN = 4;
/** Services of nsswitch.conf whose users are in /etc/passwd, or never get mail (dynamic users of systemd). */
const FILE_SERVICES: ReadonlySet<string> = new Set(["files", "systemd"]);
/** Exit status of getent when the key is not in the database. */
const NOT_FOUND = 2;
/** What a user can be called at all; the longest name of the system is 32 or 256 octets. */
const POSSIBLE_NAME = /^(?!-)[^\0-\x20:/\x7f]{1,256}$/;

/** Runs `getent passwd KEY`; the line, or undefined when there is none. Replaced in tests. */
export type AskSystem = (key: string) => Promise<string | undefined>;

export interface SystemUsersOptions {
  readonly passwdFile?: string;
  readonly switchFile?: string;
  readonly ask?: AskSystem;
}

export class SystemUsers implements MailboxDatabase {
  readonly #clock: Clock;
  readonly #file: PasswdFile;
  readonly #ask: AskSystem;
  readonly #switchFile: string;
  readonly #queue: (() => void)[] = [];
  #children = 0;
  #fileIsAll: { readonly value: boolean; readonly until: number } = { value: false, until: 0 };
  readonly #kept = new Map<string, { readonly user: User | undefined; readonly until: number }>();
  readonly #waiting = new Map<string, Promise<User | undefined>>();

  constructor(clock: Clock, options: SystemUsersOptions = {}) {
    this.#clock = clock;
    this.#file = new PasswdFile(options.passwdFile ?? "/etc/passwd", clock);
    this.#switchFile = options.switchFile ?? "/etc/nsswitch.conf";
    this.#ask = options.ask ?? askGetent;
  }

  find(name: string): MaybePromise<User | undefined> {
    if (!POSSIBLE_NAME.test(name)) return undefined;
    // getent takes a name of digits for a uid; the answer must carry the name that was asked for.
    return this.#fromFile((file) => file.find(name)) ?? this.#fromSystem(name, (user) => user.name === name);
  }

  findById(uid: number): MaybePromise<User | undefined> {
    if (!Number.isInteger(uid) || uid < 0) return undefined;
    return this.#fromFile((file) => file.findById(uid)) ?? this.#fromSystem(String(uid), (user) => user.uid === uid);
  }

  #fromFile(look: (file: PasswdFile) => User | undefined): User | undefined {
    try {
      return look(this.#file);
    } catch (error) {
      if (this.#passwdIsAll()) throw error;
      return undefined; // a system may do without /etc/passwd; getent decides
    }
  }

  #fromSystem(key: string, fits: (user: User) => boolean): MaybePromise<User | undefined> {
    const kept = this.#kept.get(key);
    if (kept && kept.until > this.#clock.now()) return kept.user && fits(kept.user) ? kept.user : undefined;
    if (this.#passwdIsAll()) return undefined;
    let waiting = this.#waiting.get(key);
    if (!waiting) {
      waiting = this.#inTurn(key)
        .then((line) => this.#keep(key, line === undefined ? undefined : parsePasswdLine(line)))
        .finally(() => this.#waiting.delete(key));
      this.#waiting.set(key, waiting);
    }
    return waiting.then((user) => (user && fits(user) ? user : undefined));
  }

  async #inTurn(key: string): Promise<string | undefined> {
    if (this.#children < MOST_CHILDREN) this.#children++;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await this.#ask(key);
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#children--;
    }
  }

  #passwdIsAll(): boolean {
    const now = this.#clock.now();
    if (this.#fileIsAll.until <= now) {
      this.#fileIsAll = { value: namesFilesOnly(this.#switchFile), until: now + KEPT_MS };
    }
    return this.#fileIsAll.value;
  }

  #keep(key: string, user: User | undefined): User | undefined {
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    this.#kept.set(key, { user, until: this.#clock.now() + KEPT_MS });
    return user;
  }
}

/** nsswitch.conf(5): `passwd: files systemd`. A file that cannot be read or understood says nothing. */
function namesFilesOnly(switchFile: string): boolean {
  let text: string;
  try {
    text = readFileSync(switchFile, "latin1");
  } catch {
    return false;
  }
  const [, services] = /^[ \t]*passwd:([^#\n]*)/m.exec(text) ?? [];
  const words =
    services
      ?.replace(/\[[^\]]*\]/g, " ")
      .split(/\s+/)
      .filter(Boolean) ?? [];
  return words.includes("files") && words.every((word) => FILE_SERVICES.has(word));
}

const askGetent: AskSystem = (key) =>
  new Promise((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, maxBuffer: 65_536, encoding: "latin1" } as const;
    const child = process
      .getBuiltinModule("node:child_process")
      .execFile("getent", ["passwd", key], options, (error, stdout) => {
        if (!error) resolve(stdout.split("\n", 1)[0]);
        else if (error.code === NOT_FOUND) resolve(undefined);
        // A system without getent has no other users than those of /etc/passwd.
        else if ((error.code as unknown) === "ENOENT") resolve(undefined);
        else reject(new UserLookupError(`Cannot look up the user "${key}" with getent: ${error.message.trim()}`));
      });
    child.stdin?.end();
  });
