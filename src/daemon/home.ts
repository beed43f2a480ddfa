/**
 * Where a running server and its helpers meet: folders and sockets whose places both sides must know without reading a
 * configuration (`sendmail -t` has no time to read one, decision D10).
 *
 * `RULEMAIL_HOME` names the home folder; the default is the one that packages use, also where real and effective ids differ.
 */
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { callersFolder } from "../control/protocol.ts";
import { hasOwnRights } from "../sys/own-rights.ts";

/** The home of packages. */
export const HOME_FOLDER = "/var/spool/rulemail";

export interface Home {
  readonly folder: string;
  /** Unix socket for everything one may ask of the server: its owner's alone. */
  readonly controlSocket: string;
  /** Unix socket that takes messages, from everybody who can reach the folder. */
  readonly submitSocket: string;
  /** Submissions that found no server running. */
  readonly clientQueue: string;
  /** Where callers of the submit socket show who they are (control/caller-proof.ts). */
  readonly callers: string;
}

/** Whether RULEMAIL_HOME names a folder; as an empty variable it does not, as with others of their kind. */
export function isHomeNamed(environment: NodeJS.ProcessEnv = process.env): boolean {
  return (environment.RULEMAIL_HOME ?? "") !== "";
}

export function homeFolder(environment: NodeJS.ProcessEnv = process.env): Home {
  const folder = (hasOwnRights() && environment.RULEMAIL_HOME) || HOME_FOLDER;
  const submitSocket = join(folder, "submit");
  return {
    folder,
    controlSocket: join(folder, "control"),
    submitSocket,
    clientQueue: join(folder, "clientmqueue"),
    callers: callersFolder(submitSocket),
  };
}

/**
 * Makes the home folder when it is not there: root's lets every user in, because their programs hand in mail there (what
 * is private has modes of its own); another user's is for nobody else. Throws what the file system says.
 */
export function makeHome(folder: string): void {
  if (existsSync(folder)) return;
  const isRoot = process.getuid?.() === 0;
  mkdirSync(folder, { recursive: true, mode: isRoot ? 0o755 : 0o700 });
  if (isRoot) chmodSync(folder, 0o755); // whatever the umask is
}
