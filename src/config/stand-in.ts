/**
 * Stands in for Debian's sensible-mda: OSTYPE(`debian') gives local mail to that script, which runs the delivery program that
 * it finds. Where the script or all those programs are missing, this program writes the mailboxes itself. Decided when a
 * configuration comes into force (start and reload), and logged.
 */
import { accessSync, constants } from "node:fs";
import { basename } from "node:path";
import type { Mailer } from "./mailer.ts";
import { MACRO } from "../rewriting/tokens.ts";

const SCRIPT = "sensible-mda";

/** What the script can run. */
const PROGRAMS: readonly string[] = [
  "/usr/bin/procmail",
  "/usr/bin/maildrop",
  "/usr/sbin/deliver",
  "/usr/bin/deliver",
  "/usr/libexec/sendmail/mail.local",
  "/usr/lib/sm.bin/mail.local",
];

/** Where its programs would have put the mail. */
const MAILBOX = "mbox:/var/mail/";

/**
 * @param canRun whether a file is there and may be run
 * @returns the mailer that delivers instead of `mailer`, and why; undefined when that one can do its work
 */
export function standInFor(
  mailer: Mailer,
  canRun: (file: string) => boolean = isExecutable,
): { readonly mailer: Mailer; readonly does: string; readonly reason: string } | undefined {
  if (basename(mailer.path) !== SCRIPT) return undefined;
  const missing = !canRun(mailer.path);
  if (!missing && PROGRAMS.some(canRun)) return undefined;
  const cause = missing ? `${mailer.path} is missing` : `${mailer.path} has no program to run`;
  const does = `mail goes to ${MAILBOX}USER by our own agent`;
  return {
    does,
    mailer: { ...mailer, path: "[LOCAL]", argv: ["LOCAL", `${MAILBOX}${MACRO}u`] },
    reason: `mailer ${mailer.name}: ${cause}: ${does}`,
  };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
