/**
 * Whether a mailer could deliver to local users now, asked when a configuration comes into force: the answer is for who
 * started the server, so that mail does not wait unnoticed. Makes the folder that mailboxes lie in when only that is missing.
 */
import { accessSync, constants, existsSync, lstatSync, mkdirSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "../config/config.ts";
import type { Mailer } from "../config/mailer.ts";
import { MACRO } from "../rewriting/tokens.ts";
import { storeOf } from "./local-agent.ts";
import { standInFor } from "./stand-in.ts";
import { belongsToRoot, folderExists } from "./new-mailbox.ts";

export interface Readiness {
  /** What was made. */
  readonly made: readonly string[];
  /** What is wrong, and what to do about it. */
  readonly problem?: string | undefined;
}

const READY: Readiness = { made: [] };
const WORLD_WRITE = 0o002;

/** @param user some user's name, for the path of the mailbox */
export function prepareMailer(config: Config, given: Mailer, user: string): Readiness {
  const mailer = standInFor(given)?.mailer ?? given;
  if (mailer.path.startsWith("/")) return program(mailer);
  const [how = "", socket = ""] = mailer.argv;
  if (/^\[(?:IPC|LPC|TCP)\]$/i.test(mailer.path) && how.toUpperCase() === "FILE") return listener(mailer, socket);
  if (mailer.path.toUpperCase() !== "[LOCAL]") return READY;
  const scope = config.macros.child([
    ["u", user],
    ["z", undefined],
  ]);
  // A mailbox below a home folder is its owner's business.
  const store = storeOf(mailer, (text) => config.expand(text, scope));
  return "action" in store ? { made: [], problem: store.text } : mailboxFolder(dirname(store.path));
}

function program({ name, path }: Mailer): Readiness {
  try {
    accessSync(path, constants.X_OK);
    return READY;
  } catch {
    const advice = "install it, or let the server write mailboxes itself (docs/migrating.md, Local delivery)";
    return { made: [], problem: `the program ${path} of mailer ${name} is missing or not executable: ${advice}` };
  }
}

function listener({ name }: Mailer, socket: string): Readiness {
  if (socket.includes(MACRO) || existsSync(socket)) return READY;
  return { made: [], problem: `there is no socket ${socket} of mailer ${name}: start the program that listens there` };
}

function mailboxFolder(folder: string): Readiness {
  const isRoot = process.geteuid?.() === 0;
  const made: string[] = [];
  if (!folderExists(folder)) {
    try {
      mkdirSync(folder, { mode: isRoot ? 0o755 : 0o700 });
      made.push(folder);
    } catch (error) {
      const reason = (error as Error).message;
      return { made, problem: `the folder ${folder} for mailboxes is missing and cannot be made (${reason}): make it` };
    }
  }
  return { made, problem: whyUnwritable(realpathSync(folder), isRoot) };
}

/** Why those who deliver, each user or this one, could not make a mailbox here. */
function whyUnwritable(folder: string, isRoot: boolean): string | undefined {
  if (isRoot) {
    const { uid, mode } = lstatSync(folder);
    if (uid !== 0 || (mode & WORLD_WRITE) !== 0 || belongsToRoot(folder)) return undefined;
    return `no mailboxes can be made in ${folder}: others than root may replace a folder above it`;
  }
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    return `no mailboxes can be made in ${folder}: user ${process.geteuid?.()} may not write there (chown it, or run as root)`;
  }
}
