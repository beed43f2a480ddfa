/**
 * `:include:/path` lists (manual §4.4): every line of the file is one or more destinations, # begins a comment line.
 *
 * A list that an alias names is read as DefaultUser, and what it names has the rights of the file's owner; a list that a
 * user's `.forward` or another list names is read, and what it names is done, with the rights that this one gave.
 */
import type { Rights } from "../envelope/recipient.ts";
import type { Reply } from "../mail/reply.ts";
import { type Member, parseMembers } from "./alias-list.ts";
import type { UserFiles } from "./user-files.ts";

export type IncludeAnswer =
  | {
      readonly kind: "members";
      readonly members: readonly Member[];
      /** uid of the file's owner. */
      readonly owner: number;
      readonly mayNamePrograms: boolean;
    }
  /** `reason` is the reply without the name of the list. */
  | { readonly kind: "error" | "tempfail"; readonly reply: Reply; readonly reason: string };

const LONGEST_INCLUDE = 8 * 1024 * 1024;

/** @param path as written, quotes allowed */
export async function readInclude(
  files: UserFiles,
  path: string,
  reader: Rights,
  dontBlame: ReadonlySet<string>,
): Promise<IncludeAnswer> {
  if (!path.startsWith("/")) return refuse(`:include: needs an absolute path, not ${path}`, "no absolute path");
  const answer = await files.read(reader, { path, use: "include", dontBlame, limit: LONGEST_INCLUDE });
  switch (answer.kind) {
    case "read": {
      const { text, uid: owner, mayNamePrograms } = answer;
      return { kind: "members", members: parseMembers(text), owner, mayNamePrograms };
    }
    case "missing":
      return refuse(`Cannot open ${path}: No such file or directory`, "No such file or directory");
    case "refused":
      return refuse(`Cannot open ${path}: ${answer.reason}`, answer.reason);
    case "tempfail":
      return {
        kind: "tempfail",
        reply: { code: 451, enhanced: "4.2.4", lines: [`Cannot open ${path}: ${answer.reason}`] },
        reason: answer.reason,
      };
  }
}

function refuse(text: string, reason: string): IncludeAnswer {
  return { kind: "error", reply: { code: 550, enhanced: "5.2.4", lines: [text] }, reason };
}
