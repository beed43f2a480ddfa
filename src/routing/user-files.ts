/**
 * Files of users, `.forward` and `:include:`, read with the rights of the user concerned: what he may not read nobody reads
 * for him. Reading is a task like writing a mailbox; what is done there stands in mailbox/read-text.ts.
 */
import { lstatSync } from "node:fs";
import { systemClock, type Clock } from "../sys/clock.ts";
import type { Rights } from "../envelope/recipient.ts";
import type { FileUse } from "../sys/safe-file.ts";
import { NO_SUCH_ENTRY, READ_TASK } from "../mailbox/read-text.ts";
import type { TextRange, TrustedPart, TrustedText } from "../mailbox/trusted-text.ts";
import type { TaskResult, UserWorkers } from "../rights/task.ts";
import { AbsentFiles } from "./absent-files.ts";

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

const NOTHING: readonly Buffer[] = [];
const NEVER = new AbortController().signal;

export function filesOf(workers: UserWorkers, clock: Clock = systemClock): UserFiles {
  const absent = new AbsentFiles(clock);
  return {
    async read(reader, { path, use, owner = -1, dontBlame, limit }) {
      // Most users forward nothing, and no process needs to be asked about that.
      const folder = absent.look(path);
      if (folder === "absent") return { kind: "missing" };
      const isGone = (): void => (folder === undefined ? undefined : absent.note(path, folder));
      if (isAbsent(path)) {
        isGone();
        return { kind: "missing" };
      }
      const argument = { path, use, owner, dontBlame: [...dontBlame], limit };
      const result = await workers.run(reader, READ_TASK, argument, NOTHING, NEVER);
      const answer = textOf(result);
      if (answer.kind === "missing" && result.text === NO_SUCH_ENTRY) isGone();
      return answer;
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
