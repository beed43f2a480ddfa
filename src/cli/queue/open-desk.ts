/**
 * Where the queue commands take their answers from: the running server; while none answers, the queue's folder; or the client
 * queue. Looks read a folder as it is. Everything else opens the queue, alone and with the rights that a server has.
 */
import { existsSync } from "node:fs";
import { callAsAnybody, callServer } from "../call-server.ts";
import { type ControlClient, NoDaemonError } from "../../control/client.ts";
import { queueFolder, queuePaths } from "../../config/queue-folder.ts";
import { openDeliverySite } from "../../daemon/delivery-site.ts";
import { NO_QUEUE } from "../../daemon/free-space.ts";
import { type Home, homeFolder } from "../../daemon/home.ts";
import { queueChanges, queueLooks } from "../../daemon/queue-desk.ts";
import type { DeliverySite } from "../../dispatch/attempt.ts";
import { checkRoute, type NewRoute } from "../../dispatch/steer.ts";
import type { QueueFilter } from "../../queue/filter.ts";
import type { QueueEntry } from "../../queue/queue.ts";
import { EX, type ExitCode } from "../../sys/sysexits.ts";
import { ownConfigFile } from "../config-file.ts";
import type { CommandStreams } from "../command-streams.ts";
import { withServerHere } from "../server-here.ts";
import { surroundings } from "../system.ts";
import { clientDesk, clientLooks } from "./client-desk.ts";
import { type Desk, type Looks, QueueCommandError } from "./desk.ts";
import { folderLooks, looksOver, readable, readers } from "./folder-desk.ts";

export interface Place {
  /** The client queue, not that of the server. */
  readonly client: boolean;
  /** -C; for the case that no server answers. */
  readonly configFile?: string | undefined;
  readonly errors: CommandStreams["errors"];
}

/**
 * @param work gets what can be looked at
 * @throws QueueCommandError, ControlError
 */
export async function withLooks<T>(place: Place, work: (looks: Looks) => Promise<T>): Promise<T> {
  const home = homeFolder();
  if (place.client) return work(await clientLooks(home));
  return withServer(home, work, async () => {
    // Others than its owner see what PrivacyOptions let them see.
    const client = await asAnybody(home);
    if (client !== undefined) return asking(client, work);
    const site = await siteOf(place);
    try {
      const check = (route: NewRoute): Promise<void> => checkRoute({ site: () => site }, route);
      return await work(await folderLooks(folderOf(site), check, queuePaths(site.config)));
    } finally {
      await site.close();
    }
  });
}

/**
 * @param work gets what can be done
 * @throws QueueCommandError, ControlError, QueueLockedError
 */
export async function withDesk<T>(place: Place, work: (desk: Desk) => Promise<T>): Promise<T> {
  const home = homeFolder();
  if (place.client) return work(await clientDesk(home));
  return withServer(home, work, async () => {
    const around = surroundings();
    const site = await siteOf(place, around);
    const folder = folderOf(site);
    const warn = (text: string): void => {
      place.errors.line(`rulemail queue: warning: ${text}`);
      place.errors.flush();
    };
    return readable(folder, () =>
      withServerHere({ site, settings: [], around, warn }, (server) => {
        const { store, runner } = server;
        const whyNot = (entry: QueueEntry): string | undefined => runner.whyNot(entry);
        const looks = queueLooks({ store, site: () => server.site, whyNot });
        const retry = async (filter: QueueFilter): Promise<number> => {
          const count = await store.count({ ...filter, held: false });
          await runner.runOnce(filter);
          return count;
        };
        const steering = server.steering();
        const check = (route: NewRoute): Promise<void> => checkRoute(steering, route);
        return work({ ...looksOver(store, looks, check), ...readers(looks), ...queueChanges(steering), retry });
      }),
    );
  });
}

/** Asks the server; `otherwise` when none answers. */
async function withServer<T>(
  { controlSocket }: Home,
  work: (desk: Desk) => Promise<T>,
  otherwise: () => Promise<T>,
): Promise<T> {
  let client: ControlClient;
  try {
    client = await callServer(controlSocket);
  } catch (error) {
    if (error instanceof NoDaemonError) return otherwise();
    throw error;
  }
  return asking(client, work);
}

/** Undefined when no server answers there either. */
async function asAnybody({ submitSocket }: Home): Promise<ControlClient | undefined> {
  try {
    return await callAsAnybody(submitSocket);
  } catch (error) {
    if (error instanceof NoDaemonError) return undefined;
    throw error;
  }
}

async function asking<T>(client: ControlClient, work: (desk: Desk) => Promise<T>): Promise<T> {
  try {
    return await work({
      list: (filter) => client.entries(filter),
      count: (filter) => client.count(filter),
      ids: (filter) => client.ids(filter),
      top: (filter, by, most) => client.top(filter, by, most),
      checkRoute: async (route) => void (await client.reroute({ ids: [] }, route)),
      why: (id, filter) => client.why(id, filter),
      show: (id, body) => client.show(id, body),
      hold: (filter, reason) => client.hold(filter, reason),
      release: (filter) => client.release(filter),
      remove: (filter) => client.remove(filter),
      retry: (filter) => client.run(filter),
      bounce: (filter, reason) => client.bounce(filter, reason),
      reroute: (filter, route) => client.reroute(filter, route),
    });
  } finally {
    client.close();
  }
}

/** The configuration that a server would have. */
async function siteOf({ configFile, errors }: Place, around = surroundings()): Promise<DeliverySite> {
  const file = ownConfigFile({ configFile });
  const opened = await openDeliverySite({ file, settings: [], opMode: "q" }, around);
  for (const text of opened.messages) errors.line(text);
  errors.flush();
  if (opened.kind === "opened") return opened.site;
  const why = `no server answers, and ${file} cannot be read: name the configuration with -C`;
  throw new QueueCommandError(why, opened.exit === EX.OK ? EX.CONFIG : (opened.exit as ExitCode));
}

function folderOf({ config }: DeliverySite): string {
  const folder = queueFolder(config);
  if (folder === "") throw new QueueCommandError(NO_QUEUE, EX.CONFIG);
  if (!existsSync(folder))
    throw new QueueCommandError(`no server answers, and there is no queue ${folder}`, EX.NOINPUT);
  return folder;
}
