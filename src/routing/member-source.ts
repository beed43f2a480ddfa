/**
 * Where the members of an expanded recipient come from, and what they may name: programs and files only where the mailer
 * says so, the file could have been written by its owner alone, and the owner could log in and do it himself.
 */
import type { Config } from "../config/config.ts";
import type { Recipient, Rights } from "../envelope/recipient.ts";
import { macroValue } from "../rewriting/macro-value.ts";
import type { Reply } from "../mail/reply.ts";
import type { User } from "../sys/users.ts";
import { hasLoginShell } from "./login-shell.ts";

export interface MemberSource {
  /** The file; absent for the value of an alias. */
  readonly path?: string;
  /** The recipient as messages call it: "joe", ":include:/etc/mail/list". */
  readonly name: string;
  /** Whose file it is: a user, or the uid of nobody that is known. */
  readonly owner?: User | number;
  readonly mayNamePrograms: boolean;
  /** New rights for the members; absent: those of the parent. */
  readonly rights?: Rights;
  /** owner-LIST. */
  readonly listOwner?: string;
}

export type Direct = "program" | "file" | "include";

const FLAGS = { program: "|", file: "/", include: ":" } as const;
const NOUNS = { program: "programs", file: "files", include: ":include:s" } as const;

/** Why a member may not be what it is, or undefined. */
export function directRefusalOf(
  config: Config,
  parent: Recipient,
  source: MemberSource,
  kind: Direct,
): Reply | undefined {
  const noun = NOUNS[kind];
  // Mailers say with F=| F=/ F=: whether their users' aliases may name programs, files and lists.
  const triple = parent.resolved;
  const mailer = triple && config.mailers.get(triple.mailer === "*include*" ? "local" : triple.mailer);
  if (mailer?.flags.has(FLAGS[kind]) !== true) return refuse(`Cannot mail directly to ${noun}`);
  if (kind === "include") return undefined;
  const { owner, mayNamePrograms, name } = source;
  if (typeof owner === "number") return refuse(`UID ${owner} is an unknown user: cannot mail to ${noun}`);
  if (owner !== undefined && !hasLoginShell(owner)) {
    const user = `${owner.name}@${macroValue("j", config.macros)}`;
    return refuse(`User ${user} doesn't have a valid shell for mailing to ${noun}`);
  }
  return mayNamePrograms ? undefined : refuse(`Address ${name} is unsafe for mailing to ${noun}`);
}

function refuse(text: string): Reply {
  return { code: 550, enhanced: "5.7.1", lines: [text] };
}
