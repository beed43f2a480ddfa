/**
 * `:include:/path` lists (manual §4.4): every line of the file is one or more destinations, # begins a comment line.
 * The members get the rights of the file's owner.
 */
import type { Rights } from "../envelope/recipient.ts";
import type { Reply } from "../mail/reply.ts";
import { type Destination, parseDestinations } from "./alias-list.ts";
import { withoutComments } from "./forward.ts";
import { readTrustedText } from "./trusted-text.ts";

export type IncludeAnswer =
  | {
      readonly kind: "members";
      readonly members: readonly Destination[];
      readonly owner: number;
      readonly group: number;
    }
  | { readonly kind: "error" | "tempfail"; readonly reply: Reply };

const LONGEST_INCLUDE = 8 * 1024 * 1024;

export function readInclude(path: string, rights: Rights | undefined, dontBlame: ReadonlySet<string>): IncludeAnswer {
  if (!path.startsWith("/")) return refuse(`:include: needs an absolute path, not ${path}`);
  const answer = readTrustedText(path, "include", { owner: rights?.uid, dontBlame }, LONGEST_INCLUDE);
  switch (answer.kind) {
    case "read":
      return {
        kind: "members",
        members: parseDestinations(withoutComments(answer.text)),
        owner: answer.uid,
        group: answer.gid,
      };
    case "missing":
      return refuse(`Cannot open ${path}: No such file or directory`);
    case "refused":
      return refuse(`Cannot open ${path}: ${answer.reason}`);
    case "tempfail":
      return {
        kind: "tempfail",
        reply: { code: 451, enhanced: "4.2.4", lines: [`Cannot open ${path}: ${answer.reason}`] },
      };
  }
}

function refuse(text: string): IncludeAnswer {
  return { kind: "error", reply: { code: 550, enhanced: "5.2.4", lines: [text] } };
}
