/**
 * The terms: what the configuration lets the root side do, as plain data. They are made out of a configuration by who reads
 * it with root's rights, before the first octet of a stranger is looked at, and anew at each reload by a child of the root
 * helper; the server, once it has given up root, can name none of its own.
 *
 * Example: `{"users":{"kind":"passwd"},"mailboxes":[{"kind":"mbox","path":"/var/mail/$u"}],"forwardPath":["$z/.forward"],...}`
 */
import type { WordTemplate } from "./program-words.ts";
import type { TaskUser } from "./task.ts";

export type MailboxKind = "mbox" | "maildir" | "mh" | "mmdf";

/** Where users come from, as option MailboxDatabase says (sys/mailbox-database.ts). */
export type UserTerm = { readonly kind: "passwd" } | { readonly kind: "file"; readonly path: string };

/**
 * A= of a mailer. In the path stand `$u` (the user), `$h` (the detail, or whatever the rules put there) and `$z` (the home
 * folder of the user); all other macros are expanded.
 */
export interface MailboxTerm {
  readonly kind: MailboxKind;
  readonly path: string;
}

/** P= of a mailer. */
export interface ProgramTerm {
  readonly path: string;
  /** May be started as root: F=S without U=, or U=root. */
  readonly asRoot: boolean;
  /** A=, in each way in which it can come out; only of programs that may be started as root. */
  readonly words: readonly WordTemplate[];
  /** N=. */
  readonly nice: number;
  /** `/=`, expanded; "" for none. */
  readonly root: string;
}

/** A port of the configuration. */
export interface PortTerm {
  /** Numeric address; "" for all addresses of the family. */
  readonly host: string;
  readonly port: number;
  readonly family: 4 | 6;
}

export interface Terms {
  readonly users: UserTerm;
  readonly mailboxes: readonly MailboxTerm[];
  /** ForwardPath, one template for each of its parts, written as the paths of mailboxes. */
  readonly forwardPath: readonly string[];
  /** DefaultUser, U= of mailers: who is named with uid and gid, and need not be in the database. */
  readonly identities: readonly TaskUser[];
  /** DontBlameSendmail: names in force. */
  readonly dontBlame: readonly string[];
  readonly programs: readonly ProgramTerm[];
  readonly ports: readonly PortTerm[];
  /** Keys and texts of the configuration that only root may read: the server gets their octets. */
  readonly files: readonly string[];
  /** SafeFileEnvironment; "" for none. */
  readonly safeFileEnvironment: string;
  /** Whom the server has become. */
  readonly runAs: TaskUser;
}

/** Terms that let nothing happen: for tests, and to begin with. */
export const NO_TERMS: Terms = {
  users: { kind: "passwd" },
  mailboxes: [],
  forwardPath: [],
  identities: [],
  dontBlame: [],
  programs: [],
  ports: [],
  files: [],
  safeFileEnvironment: "",
  runAs: { user: "nobody", uid: 65_534, gid: 65_534 },
};

const KINDS: ReadonlySet<unknown> = new Set(["mbox", "maildir", "mh", "mmdf"]);

/**
 * Terms as another process has sent or printed them.
 * @throws when they are none: the old ones stay in force
 */
export function parseTerms(value: unknown): Terms {
  const terms = record(value, "terms");
  return {
    users: userTerm(record(terms.users, "users")),
    mailboxes: list(terms.mailboxes, "mailboxes", mailboxTerm),
    forwardPath: list(terms.forwardPath, "forwardPath", text),
    identities: list(terms.identities, "identities", parseTaskUser),
    dontBlame: list(terms.dontBlame, "dontBlame", text),
    programs: list(terms.programs, "programs", programTerm),
    ports: list(terms.ports, "ports", parsePort),
    files: list(terms.files, "files", text),
    safeFileEnvironment: text(terms.safeFileEnvironment, "safeFileEnvironment"),
    runAs: parseTaskUser(terms.runAs, "runAs"),
  };
}

export function parseTaskUser(value: unknown, name: string): TaskUser {
  const { user, uid, gid } = record(value, name);
  return { user: text(user, `${name}.user`), uid: id(uid, `${name}.uid`), gid: id(gid, `${name}.gid`) };
}

export function parsePort(value: unknown, name: string): PortTerm {
  const { host, port, family } = record(value, name);
  if (family !== 4 && family !== 6) throw bad(`${name}.family`);
  return { host: text(host, `${name}.host`), port: number(port, `${name}.port`, 0, 65_535), family };
}

function userTerm({ kind, path }: Readonly<Record<string, unknown>>): UserTerm {
  if (kind === "passwd") return { kind };
  if (kind === "file") return { kind, path: text(path, "users.path") };
  throw bad("users.kind");
}

function mailboxTerm(value: unknown, name: string): MailboxTerm {
  const { kind, path } = record(value, name);
  if (!isMailboxKind(kind)) throw bad(`${name}.kind`);
  return { kind, path: text(path, `${name}.path`) };
}

function isMailboxKind(value: unknown): value is MailboxKind {
  return KINDS.has(value);
}

function programTerm(value: unknown, name: string): ProgramTerm {
  const { path, asRoot, words, nice, root } = record(value, name);
  if (typeof asRoot !== "boolean") throw bad(`${name}.asRoot`);
  return {
    path: text(path, `${name}.path`),
    asRoot,
    words: list(words, `${name}.words`, (each, under) => list(each, under, text)),
    nice: number(nice, `${name}.nice`, -(2 ** 31), 2 ** 31),
    root: text(root, `${name}.root`),
  };
}

/** What another process says, member by member: each throws when it is something else, and names what. */
export function list<T>(value: unknown, name: string, read: (each: unknown, name: string) => T): readonly T[] {
  if (!Array.isArray(value)) throw bad(name);
  return value.map((each: unknown) => read(each, name));
}

export function record(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) throw bad(name);
  return value as Readonly<Record<string, unknown>>;
}

export function text(value: unknown, name: string): string {
  if (typeof value !== "string") throw bad(name);
  return value;
}

/** A whole number. */
export function number(value: unknown, name: string, least: number, most: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) throw bad(name);
  return value;
}

/** uid or gid; the largest number means "none" to the system calls. */
function id(value: unknown, name: string): number {
  return number(value, name, 0, 2 ** 32 - 2);
}

function bad(name: string): Error {
  return new Error(`"${name}" is not what it should be`);
}
