/**
 * Files of users, `.forward` and `:include:`, read with the rights of the user concerned: what he may not read nobody reads
 * for him. Reading is a task like writing a mailbox; who carries it out (rights/task.ts) can be replaced.
 */
import { lstatSync } from "node:fs";
import type { Rights } from "../envelope/recipient.ts";
import type { FileUse } from "../sys/safe-file.ts";
import type { Task, TaskArgument, TaskResult, UserWorkers } from "../rights/task.ts";
import {
  readTrustedPart,
  readTrustedText,
  type TextRange,
  type TrustedPart,
  type TrustedText,
} from "./trusted-text.ts";

/** What to read, and how safe it must be. */
export interface FileQuestion {
  readonly path: string;
  readonly use: Extract<FileUse, "forward" | "include">;
  /** Must belong to this user or to root; absent: to anybody. */
  readonly owner?: number;
  /** DontBlameSendmail names in force. */
  readonly dontBlame: ReadonlySet<string>;
  /** Octets that are read at most; a longer file is refused. */
  readonly limit: number;
}

export interface UserFiles {
  read(reader: Rights, question: FileQuestion): Promise<TrustedText>;
  /** A part of a file, which may be longer than `limit`. */
  readPart(reader: Rights, question: Omit<FileQuestion, "limit">, range: TextRange): Promise<TrustedPart>;
}

/** Name of the task in the table of tasks. */
export const READ_TASK = "read";

const NOTHING: readonly Buffer[] = [];
const NEVER = new AbortController().signal;

export function filesOf(workers: UserWorkers): UserFiles {
  return {
    async read(reader, { path, use, owner = -1, dontBlame, limit }) {
      // Most users forward nothing, and no process needs to be asked about that.
      if (isAbsent(path)) return { kind: "missing" };
      const argument = { path, use, owner, dontBlame: [...dontBlame], limit };
      return textOf(await workers.run(reader, READ_TASK, argument, NOTHING, NEVER));
    },
    async readPart(reader, { path, use, owner = -1, dontBlame }, { offset, length, version = "" }) {
      if (isAbsent(path)) return { kind: "missing" };
      const argument = { path, use, owner, dontBlame: [...dontBlame], limit: length, offset, version };
      return partOf(await workers.run(reader, READ_TASK, argument, NOTHING, NEVER));
    },
  };
}

function isAbsent(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

function textOf({ kind, text, output, file }: TaskResult): TrustedText {
  if (kind === "later") return { kind: "tempfail", reason: text };
  if (kind === "never") return { kind: "refused", reason: text };
  if (output === undefined || file === undefined) return { kind: "missing" };
  return { kind: "read", text: output, uid: file.uid, mayNamePrograms: file.mayNamePrograms };
}

function partOf(result: TaskResult): TrustedPart {
  const { file } = result;
  const answer = textOf(result);
  if (answer.kind !== "read") return answer;
  // Without a version there is nothing to go on from.
  if (file?.version === undefined) return { kind: "changed" };
  return { ...answer, kind: "part", version: file.version, isLast: file.isLast === true };
}

/** The task, in the process that has the user's rights. */
export const readTask: Task = (argument) => Promise.resolve(resultOf(read(argument)));

function read(argument: TaskArgument): TrustedText | TrustedPart {
  const { path, use, owner, dontBlame, limit, offset, version } = argument;
  if (typeof path !== "string" || typeof limit !== "number" || !Array.isArray(dontBlame))
    throw new Error("bad question");
  if (use !== "forward" && use !== "include") throw new Error(`bad use "${String(use)}"`);
  const safety = {
    dontBlame: new Set<string>(dontBlame as readonly string[]),
    ...(typeof owner === "number" && owner >= 0 ? { owner } : {}),
  };
  if (typeof offset !== "number") return readTrustedText(path, use, safety, limit);
  const range = { offset, length: limit, ...(typeof version === "string" && version !== "" ? { version } : {}) };
  return readTrustedPart(path, use, safety, range);
}

function resultOf(answer: TrustedText | TrustedPart): TaskResult {
  switch (answer.kind) {
    case "changed": {
      const file = { uid: -1, mayNamePrograms: false };
      return { kind: "done", status: "2.0.0", text: "", output: "", file };
    }
    case "part": {
      const { text, uid, mayNamePrograms, version, isLast } = answer;
      const file = { uid, mayNamePrograms, version, isLast };
      return { kind: "done", status: "2.0.0", text: "", output: text, file };
    }
    case "missing":
      return { kind: "done", status: "2.0.0", text: "" };
    case "refused":
      return { kind: "never", status: "5.2.0", text: answer.reason };
    case "tempfail":
      return { kind: "later", status: "4.2.0", text: answer.reason };
    case "read": {
      const { text, uid, mayNamePrograms } = answer;
      return { kind: "done", status: "2.0.0", text: "", output: text, file: { uid, mayNamePrograms } };
    }
  }
}
