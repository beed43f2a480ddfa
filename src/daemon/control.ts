/** What the control socket lets others ask of the running server. */
import type { ControlServices } from "../control/server.ts";
import { clearCallersFolder } from "../control/caller-check.ts";
import { serveControl } from "../control/server.ts";
import { listingOf, type QueueListing } from "../control/queue-listing.ts";
import { LocalSubmission } from "../reception/local-submission.ts";
import { eachEntry } from "../queue/each-entry.ts";
import type { QueueFilter } from "../queue/filter.ts";
import { SystemUsers } from "../sys/getent.ts";
import { systemClock } from "../sys/clock.ts";
import { callerOf } from "./caller.ts";
import { clientQueueChanges } from "./client-queue-desk.ts";
import { homeFolder } from "./home.ts";
import { mayListQueue } from "./may-list.ts";
import { queueChanges, queueLooks } from "./queue-desk.ts";
import type { Server } from "./server.ts";

export interface OpenControl {
  /** From now on who called is answered. */
  serve(services: ControlServices): void;
  close(): Promise<void>;
}

/**
 * Opens both sockets of the home: the owner's, and the one that only takes messages and may be everybody's. Who calls before
 * there is a server waits for it.
 * @param owner uid whose the first is to be, if not whose this process is
 */
export async function openControl(owner?: number): Promise<OpenControl> {
  const { controlSocket, submitSocket, callers } = homeFolder();
  const { promise: services, resolve: serve } = Promise.withResolvers<ControlServices>();
  const control = await serveControl({ path: controlSocket, mode: 0o600, owner, access: "all", services, callers });
  try {
    const submit = await serveControl({ path: submitSocket, mode: 0o666, access: "submit", services, callers });
    return {
      serve(given) {
        // Not before: whatever lies there is the server's user's to take away, not root's.
        clearCallersFolder(callers);
        serve(given);
      },
      async close() {
        await Promise.all([control.close(), submit.close()]);
      },
    };
  } catch (error) {
    await control.close();
    throw error;
  }
}

/** After so many messages it is asked again which of them are worked on. */
const LOOK_AGAIN = 1_000;

async function* listings({ store, runner }: Server, filter: QueueFilter): AsyncGenerator<QueueListing, undefined> {
  let claimed: ReadonlySet<string> = new Set();
  let listed = 0;
  for await (const entry of eachEntry(store, filter)) {
    if (listed++ % LOOK_AGAIN === 0) claimed = await store.claimedIds();
    yield listingOf(entry, claimed.has(entry.id), runner.whyNot(entry));
  }
}

export function controlServices(server: Server, shutdown: () => void): ControlServices {
  const started = Date.now();
  const { store } = server;
  const accounts = new SystemUsers(systemClock);
  return {
    submit: async ({ user: claimed, ...facts }, uid) => {
      const environment = server.submissions();
      const caller = await callerOf(claimed, uid, [environment.site.users, accounts]);
      return new LocalSubmission(environment, { ...facts, ...caller });
    },
    status: async () => ({
      pid: process.pid,
      started,
      version: server.site.config.macros.get("v") ?? "",
      queued: await store.count(),
      facts: { state: (await server.summary()).replace("state: ", "") },
    }),
    sessions: () => server.sessions(),
    mayList: (uid) => mayListQueue(server.site.config, uid, accounts),
    list: (filter) => listings(server, filter),
    count: (filter) => store.count(filter),
    run: (filter, watch) => server.runQueue(filter, watch),
    ...queueLooks({ store, site: () => server.site, whyNot: (entry) => server.runner.whyNot(entry) }),
    ...queueChanges(server.steering()),
    ...clientQueueChanges(server.collector, server.steering()),
    suspensions: (change) => server.suspensions(change),
    reload: () => server.reload(),
    shutdown,
  };
}
