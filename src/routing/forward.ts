/**
 * `.forward` files: where a user wants the mail to go (manual §4.6).
 *
 * ForwardPath lists the places, first one that exists wins. An empty file forwards nowhere. A file that others could
 * have written is ignored, with a line in the log; a home folder that cannot be read now delays the mail.
 */
import type { Config } from "../config/config.ts";
import type { Triple } from "../envelope/recipient.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { User } from "../sys/users.ts";
import { readTrustedText } from "./trusted-text.ts";

export type ForwardAnswer =
  | { readonly kind: "none" }
  | { readonly kind: "found"; readonly path: string; readonly text: string }
  | { readonly kind: "refused"; readonly path: string; readonly reason: string }
  | { readonly kind: "tempfail"; readonly reason: string };

/** Octets of a .forward file that we read. */
const LONGEST_FORWARD = 256 * 1024;

export function readForward(
  config: Config,
  user: User,
  triple: Triple,
  scope: MacroScope,
  dontBlame: ReadonlySet<string>,
): ForwardAnswer {
  const path = config.options.text("ForwardPath");
  if (path === "" || user.home === "") return { kind: "none" };
  const macros = scope.child([
    ["z", user.home],
    ["u", user.name],
    ["h", triple.host],
  ]);
  for (const template of path.split(":")) {
    const file = config.expand(template, macros);
    // `$z` of a user without home folder, or a relative path, names nothing of the user's.
    if (!file.startsWith("/")) continue;
    const answer = readTrustedText(file, "forward", { owner: user.uid, dontBlame }, LONGEST_FORWARD);
    switch (answer.kind) {
      case "missing":
        continue;
      case "read":
        return answer.text.trim() === "" ? { kind: "none" } : { kind: "found", path: file, text: answer.text };
      case "refused":
        return { kind: "refused", path: file, reason: answer.reason };
      case "tempfail":
        return { kind: "tempfail", reason: `${file}: ${answer.reason}` };
    }
  }
  return { kind: "none" };
}

/** Lines that begin with # are comments; the rest is a list whose line ends separate. */
export function withoutComments(text: string): string {
  return text
    .split(/\r?\n/)
    .filter((line) => !line.trimStart().startsWith("#"))
    .join("\n");
}
