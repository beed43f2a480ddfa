/** What the tasks of mailboxes are given, and what they say when the system refuses. */
import { fromSystemError, type TaskArgument, type TaskResult } from "../rights/task.ts";

export interface MailboxArgument extends TaskArgument {
  /** File or folder, without a slash at the end. */
  readonly path: string;
  /** uid of the user whose mailbox it is; -1 when it is no user's. */
  readonly owner: number;
  /** It lies below the user's home, where root has no business: a home may be a folder of the system. */
  readonly isHome: boolean;
  /** Over quota is for ever (5.2.2), not for now. */
  readonly isQuotaFinal: boolean;
}

/** Checks what came from another process. */
export function mailboxOf({ path, owner, isHome, isQuotaFinal }: TaskArgument): MailboxArgument {
  if (typeof path !== "string" || path === "") throw new Error("the task names no mailbox");
  return {
    path,
    owner: typeof owner === "number" ? owner : -1,
    isHome: isHome === true,
    isQuotaFinal: isQuotaFinal === true,
  };
}

/** A full mailbox belongs to its reader, a full disk to the machine: only the first may be the sender's business. */
export function failure(error: unknown, path: string, argument: TaskArgument): TaskResult {
  const result = fromSystemError(error, path);
  return result.status === "4.2.2" && argument.isQuotaFinal === true
    ? { ...result, kind: "never", status: "5.2.2" }
    : result;
}
