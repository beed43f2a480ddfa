/**
 * Whether a mailer could deliver to local users now, asked when a configuration comes into force: the answer is for who
 * started the server, so that mail does not wait unnoticed. Makes the folder that mailboxes lie in when only that is missing.
 */
import { accessSync, constants, existsSync, lstatSync, mkdirSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import type { Config } from "../config/config.ts";
import type { Mailer } from "../config/mailer.ts";
import { closedFolder } from "../sys/closed-folder.ts";
import { MACRO } from "../rewriting/tokens.ts";
import { storeOf } from "./local-agent.ts";
import { standInFor } from "../config/stand-in.ts";
import { belongsToRoot, folderExists } from "../mailbox/new-mailbox.ts";

export interface Readiness {
  /** What was made. */
  readonly made: readonly string[];
  /** What is wrong, and what to do about it. */
  readonly problem?: string | undefined;
}

const READY: Readiness = { made: [] };
const WORLD_WRITE = 0o002;
const GROUP_WRITE = 0o020;

/**
 * @param user some user's name, for the path of the mailbox
 * @param home of the server: what lies in it users reach from there (rights/worker-roles.ts)
 * @param isRoot mailboxes are made with root's rights, whoever asks
 */
export function prepareMailer(
  config: Config,
  given: Mailer,
  user: string,
  home: string,
  isRoot = process.geteuid?.() === 0,
): Readiness {
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
  if ("action" in store) return { made: [], problem: store.text };
  return mailboxFolder(dirname(store.path), { home, isFixedUser: mailer.user !== undefined, isRoot });
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

interface Writers {
  readonly home: string;
  /** U=: not each user writes the own mailbox. */
  readonly isFixedUser: boolean;
  /** Mailboxes are made with root's rights. */
  readonly isRoot: boolean;
}

function mailboxFolder(folder: string, writers: Writers): Readiness {
  const { isRoot } = writers;
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
  return { made, problem: isRoot ? whyNotForUsers(realpathSync(folder), writers) : whyNotForMe(folder) };
}

/** Why users, whose mailboxes root or each of them makes, have none here. What cannot be known is not said. */
function whyNotForUsers(folder: string, { home, isFixedUser }: Writers): string | undefined {
  const closed = isFixedUser ? undefined : closedFolder(folder, existsSync(home) ? realpathSync(home) : "/");
  if (closed !== undefined) {
    return `mailboxes in ${folder} cannot be reached: users may not enter ${closed} (chmod a+x ${closed}, or name another folder)`;
  }
  const { uid, gid, mode } = lstatSync(folder);
  const othersMay = (mode & WORLD_WRITE) !== 0 || ((mode & GROUP_WRITE) !== 0 && gid !== 0);
  if (uid !== 0 || othersMay || belongsToRoot(folder)) return undefined;
  return `no mailboxes can be made in ${folder}: others than root may replace a folder above it`;
}

function whyNotForMe(folder: string): string | undefined {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch {
    return `no mailboxes can be made in ${folder}: user ${process.geteuid?.()} may not write there (chown it, or run as root)`;
  }
}
