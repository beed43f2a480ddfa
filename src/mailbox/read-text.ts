/** The task that reads a `.forward` file or a list, whole or a part of it, with the rights of the user concerned. */
import { lstatSync } from "node:fs";
import type { FileTask, TaskArgument, TaskResult } from "../rights/task.ts";
import { readTrustedPart, readTrustedText, type TrustedPart, type TrustedText } from "./trusted-text.ts";

/** Its name among the tasks. */
export const READ_TASK = "read";
/** Text of the result about a file that is missing, and is no link that leads nowhere either. */
export const NO_SUCH_ENTRY = "no such entry";

export const readText: FileTask = (argument) => {
  const answer = read(argument);
  return answer.kind === "missing" ? missing(String(argument.path)) : resultOf(answer);
};

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

function missing(path: string): TaskResult {
  return { kind: "done", status: "2.0.0", text: isEntry(path) ? "" : NO_SUCH_ENTRY };
}

function isEntry(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true; // nobody knows
  }
}

function resultOf(answer: Exclude<TrustedText | TrustedPart, { readonly kind: "missing" }>): TaskResult {
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
