/**
 * The moment in which a process that root started becomes the server's user: its files are given to him, the root helper is
 * started, and then nothing of root's is left (rights/identity.ts). For servers, and for a queue run without one.
 */
import { constants, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Config } from "../config/config.ts";
import { queueFolder, queuePaths } from "../config/queue-folder.ts";
import { hostStatusSettings } from "../delivery/smtp/host-status.ts";
import type { Log } from "../log/log.ts";
import { makeClientFolder } from "../queue/client-queue.ts";
import { becomeForGood } from "../rights/identity.ts";
import type { RootHelper } from "../rights/root-helper.ts";
import { keepCompiledCode } from "../sys/compiled-code.ts";
import { programPlace } from "../sys/program-files.ts";
import { homeFolder } from "./home.ts";
import { CALLERS, CLIENT_QUEUE, GROUP_QUEUE, HOST_STATUS, QUEUE } from "./own-files.ts";
import { whyOutOfReach } from "./reach.ts";
import type { ServerUser } from "./server-user.ts";
import { isStatisticsFile } from "./statistics-file.ts";
import { shareFolder, takeOverFile, takeOverFolder } from "./take-over.ts";

export interface DropOptions {
  readonly config: Config;
  /** Whom the process becomes. */
  readonly user: ServerUser;
  readonly log: Log;
  readonly warn: (text: string) => void;
  /** The last thing that is done with root's rights. */
  readonly startHelper: () => Promise<RootHelper | undefined>;
}

/** @throws with what the user cannot do his work for; the process must end then */
export async function giveUpRoot(options: DropOptions): Promise<RootHelper | undefined> {
  const { config, user, log, warn, startHelper } = options;
  if (user.uid === 0) {
    warn(`the server keeps root's rights (${user.because}): name a user for it in RunAsUser`);
    return startHelper();
  }
  const queue = queueFolder(config);
  makeFolders([queue, ...queuePaths(config).flatMap(({ path }) => (path.endsWith("*") ? [] : [path]))]);
  const left = takeOver(user, queue, config);
  left.forEach(warn);
  const helper = await startHelper();
  // What is compiled so far is kept for the next start beside the program, where the user cannot write.
  keepCompiledCode();
  becomeForGood(user);
  const groups = process.getgroups?.().join(",") ?? "";
  const text = `runs as user ${user.user} (uid=${user.uid}, gid=${user.gid}, groups=${groups}): ${user.because}`;
  log.write(1, { priority: "info", text });
  const problem = whyUseless(user, queue);
  if (problem === undefined) return helper;
  await helper?.tidy().catch(() => undefined);
  helper?.close();
  throw new Error([problem, ...left, `or set RunAsUser (${user.because})`].join("; "));
}

/** What only root can make where it belongs. What is there already, a link too, is left to take-over.ts. */
function makeFolders(queues: readonly string[]): void {
  for (const queue of queues) {
    if (lstatSync(queue, { throwIfNoEntry: false }) === undefined) mkdirSync(queue, { recursive: true, mode: 0o700 });
  }
  makeClientFolder(homeFolder().clientQueue);
}

/** Folders of queue groups that are there, beside that of the queue itself. */
function groupFolders(config: Config, queue: string): readonly string[] {
  const found = queuePaths(config).flatMap(({ path }) => {
    if (!path.endsWith("*")) return [path];
    const [parent, beginning] = [dirname(path), basename(path).slice(0, -1)];
    if (lstatSync(parent, { throwIfNoEntry: false }) === undefined) return [];
    const names = readdirSync(parent, { withFileTypes: true });
    return names.flatMap(({ name }) => (name.startsWith(beginning) && name !== "journal" ? [join(parent, name)] : []));
  });
  return [...new Set(found)].filter(
    (path) => path !== queue && lstatSync(path, { throwIfNoEntry: false })?.isDirectory(),
  );
}

/** Gives the user what is the server's. @returns what could not be given */
function takeOver(user: ServerUser, queue: string, config: Config): readonly string[] {
  const { folder: home, clientQueue, callers } = homeFolder();
  const { folder: status } = hostStatusSettings(config);
  const statistics = config.options.text("StatusFile");
  return [
    ...shareFolder(home, user),
    ...takeOverFile(join(home, "log"), user),
    ...takeOverFolder(queue, QUEUE, user),
    ...groupFolders(config, queue).flatMap((path) => takeOverFolder(path, GROUP_QUEUE, user)),
    ...takeOverFolder(clientQueue, CLIENT_QUEUE, user),
    ...takeOverFolder(callers, CALLERS, user),
    ...(isStatisticsFile(statistics) ? takeOverFile(statistics, user) : []),
    ...(status === undefined ? [] : takeOverFolder(status, HOST_STATUS, user)),
  ];
}

function whyUseless({ user }: ServerUser, queue: string): string | undefined {
  const { folder: home } = homeFolder();
  const { R_OK, W_OK, X_OK } = constants;
  const needed: readonly (readonly [path: string, wanted: number])[] = [
    [home, W_OK | X_OK],
    [queue, R_OK | W_OK | X_OK],
    [programPlace(), R_OK | X_OK],
  ];
  return needed.map(([path, wanted]) => whyOutOfReach(path, wanted, `user ${user}`)).find((text) => text !== undefined);
}
