/**
 * Where mailq takes its messages from: the server, over the socket that the caller may use; while none answers, the queue's
 * folders themselves.
 */
import { callAsAnybody, callServer } from "./call-server.ts";
import { type ControlClient, NoDaemonError } from "../control/client.ts";
import { listingOf, type QueueListing } from "../control/queue-listing.ts";
import type { Home } from "../daemon/home.ts";
import type { QueueFilter } from "../queue/filter.ts";
import type { GroupPath } from "../queue/spool-places.ts";
import type { LostMessage } from "../queue/lost-messages.ts";

/** Where everything is that the configuration sends to no other queue group. */
const FIRST_GROUP = "mqueue";

export interface ListedQueue {
  count(filter: QueueFilter): Promise<number>;
  /** In the order of arrival; one list at a time. */
  list(filter: QueueFilter): AsyncIterable<QueueListing> | Iterable<QueueListing>;
  /** What about the folder could not be read; nothing from a server, whose log says it. */
  readonly reports: readonly string[];
  close(): void;
}

/** @throws what the file system says, when no server answers and the folder cannot be read */
export async function openListedQueue(
  home: Pick<Home, "controlSocket" | "submitSocket">,
  directory: string,
  groups: readonly GroupPath[] = [],
): Promise<ListedQueue> {
  const client =
    (await answering(() => callServer(home.controlSocket))) ??
    (await answering(() => callAsAnybody(home.submitSocket)));
  if (client === undefined) return openFolder(directory, groups);
  return {
    count: (filter) => client.count(filter),
    list: (filter) => client.entries(filter),
    reports: [],
    close: () => client.close(),
  };
}

/** The control socket is its owner's; whoever may not use it is answered at the other. */
async function answering(connect: () => Promise<ControlClient>): Promise<ControlClient | undefined> {
  try {
    return await connect();
  } catch (error) {
    if (error instanceof NoDaemonError) return undefined;
    throw error;
  }
}

/** @throws what the file system says */
export async function openFolder(directory: string, groups: readonly GroupPath[] = []): Promise<ListedQueue> {
  const [{ readQueue }, { matcherOf }] = await Promise.all([
    import("../queue/read-queue.ts"),
    import("../queue/filter.ts"),
  ]);
  const { entries, reports } = await readQueue(directory, groups);
  return {
    count: (filter) => Promise.resolve(entries.filter(matcherOf(filter)).length),
    *list(filter) {
      const matches = matcherOf(filter);
      for (const entry of entries) if (matches(entry)) yield listingOf(entry, false);
    },
    reports,
    close: () => undefined,
  };
}

/**
 * What was set aside as damaged (-qL), always from the folder: no server works on it. Conditions are those of sendmail, which
 * knows no quarantine there.
 * @throws what the file system says
 */
export async function openLost(directory: string): Promise<ListedQueue> {
  const [{ lostMessages }, { matcherOf }] = await Promise.all([
    import("../queue/lost-messages.ts"),
    import("../queue/filter.ts"),
  ]);
  const lost = await lostMessages(directory);
  const matching = (filter: QueueFilter): readonly LostMessage[] => {
    const matches = matcherOf({ ...filter, held: undefined, reason: undefined });
    return lost.filter((message) => matches(asFiltered(message)));
  };
  return {
    count: (filter) => Promise.resolve(matching(filter).length),
    list: (filter) => matching(filter).map(listingOfLost),
    reports: [],
    close: () => undefined,
  };
}

/** Which group it was of, nobody knows: its folder is that of the first. */
function asFiltered({ id, sender, arrived, recipients }: LostMessage) {
  const open = recipients.map(({ address }) => ({ given: address, state: "todo" as const }));
  const envelope = { sender: sender.replace(/^<(.*)>$/, "$1"), arrived, recipients: open };
  return { id, group: FIRST_GROUP, envelope };
}

function listingOfLost({ status, ...message }: LostMessage): QueueListing {
  return {
    ...message,
    nextTry: message.arrived,
    group: FIRST_GROUP,
    claimed: false,
    warned: false,
    lost: true,
    ...(status === undefined ? {} : { status }),
  };
}
