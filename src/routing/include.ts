/**
 * `:include:/path` lists (manual §4.4): every line of the file is one or more destinations, # begins a comment line. A list
 * may be of any length: it is read in parts, and never in memory as a whole.
 *
 * A list that an alias names is read as DefaultUser, and what it names has the rights of the file's owner; a list that a
 * user's `.forward` or another list names is read, and what it names is done, with the rights that this one gave.
 */
import type { Rights } from "../envelope/recipient.ts";
import type { Reply } from "../mail/reply.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import { eachLineMember, type Member } from "./alias-list.ts";
import type { TrustedPart } from "../mailbox/trusted-text.ts";
import type { FileQuestion, UserFiles } from "./user-files.ts";

export type IncludeAnswer =
  | {
      readonly kind: "members";
      readonly members: IncludedMembers;
      /** uid of the file's owner. */
      readonly owner: number;
      readonly mayNamePrograms: boolean;
    }
  | IncludeFailure;

/** `reason` is the reply without the name of the list. */
export interface IncludeFailure {
  readonly kind: "error" | "tempfail";
  readonly reply: Reply;
  readonly reason: string;
}

/** What comes next in a list. "changed": somebody has written to the file since its first member was read. */
export type NextMember =
  | { readonly kind: "member"; readonly member: Member }
  | { readonly kind: "end" }
  | { readonly kind: "changed" }
  | IncludeFailure;

/** Octets that are read at once: some thousand members. */
const PART = 128 * 1024;
/** Octets of a line, of which each may be many members. */
const LONGEST_LINE = 1024 * 1024;

type Question = Omit<FileQuestion, "limit">;
type Part = Extract<TrustedPart, { kind: "part" }>;

/** @param path as written, quotes allowed */
export async function openInclude(
  files: UserFiles,
  path: string,
  reader: Rights,
  dontBlame: ReadonlySet<string>,
): Promise<IncludeAnswer> {
  if (!path.startsWith("/")) return refuse(`:include: needs an absolute path, not ${path}`, "no absolute path");
  const question: Question = { path, use: "include", dontBlame };
  const first = await files.readPart(reader, question, { offset: 0, length: PART });
  if (first.kind === "changed") return later(path, "File was written to while it was being read");
  if (first.kind !== "part") return failureOf(path, first);
  const { uid: owner, mayNamePrograms } = first;
  return { kind: "members", members: new IncludedMembers(files, reader, question, first), owner, mayNamePrograms };
}

/** The members of an open list. */
class IncludedMembers {
  readonly #files: UserFiles;
  readonly #reader: Rights;
  readonly #question: Question;
  readonly #version: string;
  #members: Iterator<Member> = [][Symbol.iterator]();
  /** Octets that were read. */
  #offset = 0;
  /** Line ends before `#rest`, which has not ended yet. */
  #lines = 0;
  #rest = "";
  #isLast = false;

  constructor(files: UserFiles, reader: Rights, question: Question, first: Part) {
    this.#files = files;
    this.#reader = reader;
    this.#question = question;
    this.#version = first.version;
    this.#take(first);
  }

  next(): MaybePromise<NextMember> {
    const next = this.#members.next();
    if (next.done !== true) return { kind: "member", member: next.value };
    return this.#isLast ? { kind: "end" } : this.#readOn();
  }

  async #readOn(): Promise<NextMember> {
    const { path } = this.#question;
    if (this.#rest.length > LONGEST_LINE) {
      const reason = `line ${this.#lines + 1} is longer than ${LONGEST_LINE} octets`;
      return refuse(`Cannot read ${path}: ${reason}`, reason);
    }
    const range = { offset: this.#offset, length: PART, version: this.#version };
    const part = await this.#files.readPart(this.#reader, this.#question, range);
    if (part.kind === "changed" || part.kind === "missing") return { kind: "changed" };
    if (part.kind !== "part") return failureOf(path, part);
    this.#take(part);
    return this.next();
  }

  #take({ text, isLast }: Part): void {
    this.#offset += text.length;
    this.#isLast = isLast;
    const all = this.#rest + text;
    const end = isLast ? all.length : all.lastIndexOf("\n") + 1;
    const whole = all.slice(0, end);
    this.#rest = all.slice(end);
    this.#members = eachLineMember(whole, this.#lines + 1);
    for (let at = whole.indexOf("\n"); at >= 0; at = whole.indexOf("\n", at + 1)) this.#lines++;
  }
}

function failureOf(path: string, answer: Exclude<TrustedPart, { kind: "part" | "changed" }>): IncludeFailure {
  switch (answer.kind) {
    case "missing":
      return refuse(`Cannot open ${path}: No such file or directory`, "No such file or directory");
    case "refused":
      return refuse(`Cannot open ${path}: ${answer.reason}`, answer.reason);
    case "tempfail":
      return later(path, answer.reason);
  }
}

function refuse(text: string, reason: string): IncludeFailure {
  return { kind: "error", reply: { code: 550, enhanced: "5.2.4", lines: [text] }, reason };
}

function later(path: string, reason: string): IncludeFailure {
  return {
    kind: "tempfail",
    reply: { code: 451, enhanced: "4.2.4", lines: [`Cannot open ${path}: ${reason}`] },
    reason,
  };
}
