/** Reads `$# mailer $@ host $: user` off the end of ruleset 0. */
import type { Mailer } from "../config/mailer.ts";
import { CANON_HOST, CANON_MAILER, CANON_USER, type Tokens } from "../rewriting/tokens.ts";

export type TripleReading =
  /** `$#error`; both parts as text. */
  | { readonly kind: "error"; readonly host: Tokens; readonly user: Tokens }
  | { readonly kind: "discard" }
  | { readonly kind: "mailer"; readonly mailer: Mailer; readonly host: Tokens; readonly user: Tokens }
  /** Not a triple that mail can follow; the text is sendmail's. */
  | { readonly kind: "broken"; readonly message: string };

/**
 * @param discards whether `$#discard` has its meaning (checks); as a destination it is an unknown mailer
 */
export function readTriple(
  workspace: Tokens,
  findMailer: (name: string) => Mailer | undefined,
  discards: boolean,
): TripleReading {
  if (workspace[0] !== CANON_MAILER) return broken("no mailer in parsed address");
  const name = workspace[1] ?? "";
  const user = workspace.indexOf(CANON_USER, 2);
  const end = user === -1 ? workspace.length : user;
  const host = workspace[2] === CANON_HOST ? workspace.slice(3, end) : [];
  if (discards && name.toLowerCase() === "discard") return { kind: "discard" };
  if (user === -1) return broken("no user");
  const rest = workspace.slice(user + 1);
  if (name.toLowerCase() === "error") return { kind: "error", host, user: rest };
  const mailer = findMailer(name);
  if (!mailer) return broken(`unknown mailer ${name}`);
  if (host.length === 0 && !mailer.flags.has("l")) return broken("no host");
  return { kind: "mailer", mailer, host, user: rest };
}

function broken(message: string): TripleReading {
  return { kind: "broken", message: `buildaddr: ${message}` };
}
