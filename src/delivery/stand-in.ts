/**
 * Stands in for Debian's sensible-mda: OSTYPE(`debian') gives local mail to that script, which runs the delivery program that
 * it finds. Where the script or all those programs are missing, this program writes the mailboxes itself. Decided when a
 * configuration comes into force (start and reload), and logged.
 */
import { accessSync, constants } from "node:fs";
import { basename } from "node:path";
import type { Mailer } from "../config/mailer.ts";
import { MACRO } from "../rewriting/tokens.ts";
import type { Agent, Job, Report } from "./agent.ts";

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
): { readonly mailer: Mailer; readonly reason: string } | undefined {
  if (basename(mailer.path) !== SCRIPT) return undefined;
  const missing = !canRun(mailer.path);
  if (!missing && PROGRAMS.some(canRun)) return undefined;
  const cause = missing ? `${mailer.path} is missing` : `${mailer.path} has no program to run`;
  return {
    mailer: { ...mailer, path: "[LOCAL]", argv: ["LOCAL", `${MAILBOX}${MACRO}u`] },
    reason: `mailer ${mailer.name}: ${cause}: mail goes to ${MAILBOX}USER by our own agent`,
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

/** Gives the jobs of one mailer to the agent of another. */
export class StandInAgent implements Agent {
  readonly #agent: Agent;
  readonly #mailer: Mailer;

  constructor(agent: Agent, mailer: Mailer) {
    this.#agent = agent;
    this.#mailer = mailer;
  }

  deliver(job: Job): Promise<Report> {
    return this.#agent.deliver({ ...job, mailer: this.#mailer });
  }
}
