/**
 * `.forward` files: where a user wants the mail to go (manual §4.6), read with that user's rights.
 *
 * ForwardPath lists the places, first one that exists wins. An empty file forwards nowhere. A file that others could
 * have written is ignored, with a line in the log; a home folder that cannot be read now delays the mail.
 */
import type { Config } from "../config/config.ts";
import type { Triple } from "../envelope/recipient.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { User } from "../sys/users.ts";
import type { UserFiles } from "./user-files.ts";

export type ForwardAnswer =
  | { readonly kind: "none" }
  | { readonly kind: "found"; readonly path: string; readonly text: string; readonly mayNamePrograms: boolean }
  | { readonly kind: "refused"; readonly path: string; readonly reason: string }
  | { readonly kind: "tempfail"; readonly reason: string };

/** Octets of a .forward file that we read. */
const LONGEST_FORWARD = 256 * 1024;

/** What is asked for a `.forward` file. */
export interface ForwardSurroundings {
  readonly config: Config;
  readonly files: UserFiles;
  readonly scope: MacroScope;
  readonly dontBlame: ReadonlySet<string>;
}

export async function readForward(
  { config, files, scope, dontBlame }: ForwardSurroundings,
  user: User,
  triple: Triple,
): Promise<ForwardAnswer> {
  const path = config.options.text("ForwardPath");
  if (path === "" || user.home === "") return { kind: "none" };
  const macros = scope.child([
    ["z", user.home],
    ["u", user.name],
    ["h", triple.host],
  ]);
  const reader = { user: user.name, uid: user.uid, gid: user.gid };
  for (const template of path.split(":")) {
    const file = config.expand(template, macros);
    // `$z` of a user without home folder, or a relative path, names nothing of the user's.
    if (!file.startsWith("/")) continue;
    const question = { path: file, use: "forward", owner: user.uid, dontBlame, limit: LONGEST_FORWARD } as const;
    const answer = await files.read(reader, question);
    switch (answer.kind) {
      case "missing":
        continue;
      case "read": {
        const { text, mayNamePrograms } = answer;
        return text.trim() === "" ? { kind: "none" } : { kind: "found", path: file, text, mayNamePrograms };
      }
      case "refused":
        return { kind: "refused", path: file, reason: answer.reason };
      case "tempfail":
        return { kind: "tempfail", reason: `${file}: ${answer.reason}` };
    }
  }
  return { kind: "none" };
}
