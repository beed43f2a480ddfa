/** What the control socket lets others ask of the running server. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { ControlServices } from "../control/server.ts";
import { serveControl } from "../control/server.ts";
import { listingOf } from "../control/queue-listing.ts";
import { LocalSubmission } from "../reception/local-submission.ts";
import type { QueueFilter } from "../queue/queue.ts";
import { homeFolder } from "./home.ts";
import type { Server } from "./server.ts";

export interface OpenControl {
  close(): Promise<void>;
}

/** Opens both sockets of the home: the owner's, and the one that only takes messages and may be everybody's. */
export async function openControl(server: Server, shutdown: () => void): Promise<OpenControl> {
  const { controlSocket, submitSocket } = homeFolder();
  const services = controlServices(server, shutdown);
  mkdirSync(dirname(controlSocket), { recursive: true, mode: 0o755 });
  const control = await serveControl({ path: controlSocket, mode: 0o600, access: "all", services });
  try {
    const submit = await serveControl({ path: submitSocket, mode: 0o666, access: "submit", services });
    return {
      async close() {
        await Promise.all([control.close(), submit.close()]);
      },
    };
  } catch (error) {
    await control.close();
    throw error;
  }
}

function controlServices(server: Server, shutdown: () => void): ControlServices {
  const started = Date.now();
  const { store } = server;
  const each = async (filter: QueueFilter, action: (id: string) => Promise<boolean>): Promise<number> => {
    let count = 0;
    for (const { id } of await store.list(filter)) if (await action(id)) count++;
    return count;
  };
  return {
    submit: (facts) => new LocalSubmission(server.submissions(), facts),
    status: async () => ({
      pid: process.pid,
      started,
      version: server.site.config.macros.get("v") ?? "",
      queued: await store.count(),
      facts: { state: await server.summary() },
    }),
    list: async (filter) => {
      const claimed = await store.claimedIds();
      return (await store.list(filter)).map((entry) => listingOf(entry, claimed.has(entry.id)));
    },
    run: (filter) => server.runQueue(filter),
    hold: (filter, reason) => each(filter, (id) => store.hold(id, reason)),
    release: (filter) => each({ ...filter, held: true }, (id) => store.release(id)),
    remove: (filter) => each(filter, (id) => store.remove(id)),
    reload: () => server.reload(),
    shutdown,
  };
}
