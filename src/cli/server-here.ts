/** The server inside a command, for as long as one piece of work takes: nobody else has the queue then, and nothing listens. */
import { existsSync } from "node:fs";
import { queueFolder } from "../config/queue-folder.ts";
import type { CommandLineSetting } from "../config/environment.ts";
import type { Server } from "../daemon/server.ts";
import { serverUser } from "../daemon/server-user.ts";
import { startRootHelper } from "../daemon/start-helper.ts";
import type { DeliverySite } from "../dispatch/attempt.ts";
import { type Log, silentLog } from "../log/log.ts";
import type { OpenLog } from "../log/open-log.ts";
import { checkQueueUnused } from "../queue/lock.ts";
import type { RootHelper } from "../rights/root-helper.ts";
import { systemClock } from "../sys/clock.ts";
import { SystemUsers } from "../sys/getent.ts";
import type { CommandSurroundings } from "./system.ts";

/** @param warn hears what root would be told at the start of a server */
export interface Here {
  readonly site: DeliverySite;
  readonly settings: readonly CommandLineSetting[];
  readonly around: CommandSurroundings;
  readonly warn: (text: string) => void;
}

/**
 * Opens the queue with the rights that the server has, works, and closes everything.
 * @throws QueueLockedError when another process has it; what the file system says when it cannot be read
 */
export async function withServerHere<T>(here: Here, work: (server: Server) => Promise<T>): Promise<T> {
  const { site, settings, around } = here;
  const { Server: ServerOfOurs } = await import("../daemon/server.ts");
  const helper = process.getuid?.() === 0 ? await becomeServer(here) : undefined;
  try {
    // What is done here has to be found where the server would have noted it.
    const log = await openLogHere(here);
    const surroundings = { ...around, log };
    try {
      const server = await ServerOfOurs.start(
        { configFile: site.config.file, settings, listen: false },
        surroundings,
        site,
      );
      try {
        return await work(server);
      } finally {
        await server.stop();
      }
    } finally {
      await log.close();
    }
  } finally {
    helper?.close();
  }
}

async function openLogHere({ site, around, warn }: Here): Promise<Pick<OpenLog, keyof Log | "close">> {
  const { openServerLog } = await import("../daemon/server-log.ts");
  try {
    const log = openServerLog({ foreground: false }, around.machine.hostName);
    log.setLevel(site.config.options.number("LogLevel"));
    return log;
  } catch (error) {
    warn(`what is done is not noted in the log: ${(error as Error).message}`);
    return { ...silentLog, close: () => Promise.resolve() };
  }
}

/** What root runs works with the rights that the server has: what it leaves in the queue is the server's to read. */
async function becomeServer({ site, settings, around, warn }: Here): Promise<RootHelper | undefined> {
  const { workers, log } = around;
  const { giveUpRoot } = await import("../daemon/give-up-root.ts");
  const user = await serverUser(site.config, new SystemUsers(systemClock), site.users);
  if (user.uid === 0) return undefined;
  const queue = queueFolder(site.config);
  if (existsSync(queue)) checkQueueUnused(queue);
  const startHelper = async (): Promise<RootHelper> => {
    const helper = await startRootHelper({ file: site.config.file, settings, opMode: "q" }, site, user);
    workers.use(() => helper);
    return helper;
  };
  return giveUpRoot({ config: site.config, user, log, warn, startHelper });
}
