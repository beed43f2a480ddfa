/** The files of a home folder for trying a configuration: mailboxes, aliases, and the tables that the configuration reads. */
import {
  accessSync,
  constants,
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { parseMapDeclaration } from "../cf/parse-line.ts";
import { DATABASE_ENDINGS, databasePath, sourcePath } from "../maps/database-file.ts";
import { COMMON_FLAGS, parseFlags } from "../maps/flags.ts";
import { processStreams } from "./command-streams.ts";
import { helpFileText } from "./test-mode/help-text.ts";
import { runMakemap } from "./makemap.ts";

/**
 * Mode of what the server reads: it may run as another user than the one who started it, and `sendmail -bs` and -bv of
 * all users read the configuration. Who may get here at all the folder says.
 */
export const READABLE = 0o644;

const USERS: readonly string[] = ["alice", "bob"];
/** Above the numbers of accounts, below those that containers use. */
const FIRST_UID = 64_101;

/** The file with the mailboxes, in the form of /etc/passwd. */
export function usersFile(home: string): string {
  return join(home, "passwd");
}

/**
 * Why this user cannot use the folder as a home: it was made by another one (`sudo npm start` after `npm start`: mailboxes and
 * queue belong to one user, and the other gets nowhere), or it cannot be made.
 */
export function homeProblem(home: string): string | undefined {
  const advice = "start as that user, or name another folder: RULEMAIL_HOME=FOLDER";
  const me = process.geteuid?.();
  for (const file of [usersFile(home), home]) {
    const uid = statSync(file, { throwIfNoEntry: false })?.uid;
    // An empty folder of somebody else is no home yet: root may make it one.
    if (uid === undefined || uid === me || (me === 0 && file === home)) continue;
    return `${home} belongs to user ${uid}, and this is user ${me}: ${advice}`;
  }
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    accessSync(home, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return `the home folder cannot be made (${(error as Error).message}): name one of your own: RULEMAIL_HOME=FOLDER`;
  }
}

/**
 * Folders, users and aliases; what is there already stays as it is. A server that root runs delivers with the rights of
 * its users, who then have numbers of their own: never those of root.
 */
export function prepareHome(home: string): void {
  const root = process.getuid?.() === 0;
  // Users of another number have to get through to their mailboxes, and to nothing else.
  const through = root ? 0o711 : 0o700;
  mkdirSync(home, { recursive: true, mode: through });
  // What a server shares with its user is left so: it may be running.
  if ((statSync(home).mode & 0o1000) === 0) chmodSync(home, through);
  for (const folder of ["mail", "home", "queue", "clientmqueue"]) {
    mkdirSync(join(home, folder), { recursive: true, mode: 0o700 });
  }
  const entries = USERS.map((name, index) => ({ name, ...(root ? stranger(index) : myself()) }));
  const passwd = entries.map(
    ({ name, uid, gid }) => `${name}:x:${uid}:${gid}:${name}:${join(home, "home", name)}:/bin/sh\n`,
  );
  writeOnce(usersFile(home), passwd.join(""));
  for (const { name, uid, gid } of entries) {
    const folder = join(home, "home", name);
    const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (made !== undefined && root) chownSync(folder, uid, gid);
  }
  if (root) shareFolders(home);
  writeFileSync(join(home, "helpfile"), helpFileText(), { mode: READABLE });
  writeOnce(
    join(home, "aliases"),
    "# Aliases of this server; read when the file changes.\npostmaster: alice\nMAILER-DAEMON: postmaster\nroot: alice\n",
  );
  letEverybodyRead(["helpfile", "passwd", "aliases"].map((name) => join(home, name)));
}

/** Each user makes mailboxes, whatever their kind, and takes away only the own ones. */
function shareFolders(home: string): void {
  chmodSync(join(home, "home"), 0o711);
  chownSync(join(home, "mail"), 0, FIRST_UID);
  chmodSync(join(home, "mail"), 0o1770);
}

interface Numbers {
  readonly uid: number;
  readonly gid: number;
}

function myself(): Numbers {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

function stranger(index: number): Numbers {
  return { uid: FIRST_UID + index, gid: FIRST_UID };
}

function writeOnce(file: string, text: string): void {
  if (!existsSync(file)) writeFileSync(file, text, { mode: READABLE });
}

/** Files that versions before this one made for root alone. */
export function letEverybodyRead(files: readonly string[]): void {
  for (const file of files) {
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (stats?.isFile() && stats.uid === process.geteuid?.() && (stats.mode & 0o777) === 0o600) {
      chmodSync(file, READABLE);
    }
  }
}

/**
 * Tables of a configuration below the home, each as a text beside its database: an empty one where there is none, built
 * again where its text is newer.
 */
export async function prepareTables(text: string, home: string): Promise<void> {
  for (const line of text.split("\n")) {
    if (!line.startsWith("K")) continue;
    const { name, mapClass, args } = parseMapDeclaration(line.slice(1));
    const flags = parseFlags(args, COMMON_FLAGS, name, [], () => undefined);
    const file = flags.firstWord;
    if (!file.startsWith(`${home}/`)) continue;
    if (mapClass === "text") writeEmpty(file);
    else if (DATABASE_ENDINGS.has(mapClass)) await buildTable(mapClass, file);
  }
}

function writeEmpty(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeOnce(file, "");
}

async function buildTable(mapClass: string, file: string): Promise<void> {
  const database = databasePath(mapClass, file);
  const source = sourcePath(database);
  const built = statSync(database, { throwIfNoEntry: false });
  // A database without its text was made elsewhere.
  if (built !== undefined && (!existsSync(source) || built.mtimeMs >= statSync(source).mtimeMs)) return;
  writeEmpty(source);
  const input = Readable.from([readFileSync(source)]);
  await runMakemap([mapClass, source], { ...processStreams(), input });
  // A table that its text keeps to its owner stays so.
  if ((statSync(source).mode & 0o004) !== 0 && existsSync(database)) chmodSync(database, READABLE);
}
