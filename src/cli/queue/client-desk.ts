/** The client queue: mail that programs have left while no server ran, and that the server has not taken over yet. */
import { existsSync } from "node:fs";
import { callServer } from "../call-server.ts";
import { type ControlClient, NoDaemonError } from "../../control/client.ts";
import type { Home } from "../../daemon/home.ts";
import { queueLooks } from "../../daemon/queue-desk.ts";
import { ClientOperator } from "../../queue/client-operator.ts";
import type { Steering } from "../../control/queue-answers.ts";
import { eachEntry } from "../../queue/each-entry.ts";
import { reasonOf } from "../../queue/file-operations.ts";
import type { QueueFilter } from "../../queue/filter.ts";
import { EX } from "../../sys/sysexits.ts";
import { type Desk, type Looks, QueueCommandError } from "./desk.ts";
import { type FolderStore, folderLooks, folderStore, looksOver, readable, readers } from "./folder-desk.ts";

export function clientLooks({ clientQueue }: Home): Promise<Looks> {
  return folderLooks(thereIs(clientQueue), refuse);
}

/** Before the first message there is no folder. */
function thereIs(folder: string): string {
  if (existsSync(folder)) return folder;
  throw new QueueCommandError(`there is no client queue ${folder}: nobody has left mail there`, EX.NOINPUT);
}

/** Whether its recipients can be, nobody has looked at yet. */
function refuse(): never {
  const why = "the server has not taken it over yet: start the server, or remove it";
  throw new QueueCommandError(`mail in the client queue can be neither returned nor rerouted: ${why}`, EX.UNAVAILABLE);
}

export async function clientDesk({ clientQueue, controlSocket }: Home): Promise<Desk> {
  const operator = new ClientOperator(thereIs(clientQueue));
  const store = await folderStore(clientQueue, (id) => readable(clientQueue, () => operator.inspect(id)));
  const looks = queueLooks({ store, site: () => undefined, whyNot: () => "for the server to take it over" });
  const each = async (filter: QueueFilter, action: (id: string) => Promise<boolean>): Promise<Steering> => {
    let done = 0;
    const left: { id: string; why: string }[] = [];
    for await (const { id } of eachEntry(store, filter)) {
      try {
        if (await readable(clientQueue, () => action(id))) done++;
      } catch (error) {
        if (error instanceof QueueCommandError) throw error;
        left.push({ id, why: reasonOf(error) });
      }
    }
    return { done, left };
  };
  return {
    ...looksOver(store, looks, refuse),
    ...readers(looks),
    hold: (filter, reason) => each(filter, (id) => operator.hold(id, reason)),
    release: (filter) => each({ ...filter, held: true }, (id) => operator.release(id)),
    remove: (filter) => each(filter, (id) => operator.remove(id)),
    retry: (filter) => collected(store, filter, controlSocket),
    bounce: refuse,
    reroute: refuse,
  };
}

/** The server takes everything over that is not held. */
async function collected(store: FolderStore, filter: QueueFilter, controlSocket: string): Promise<number> {
  let client: ControlClient;
  try {
    client = await callServer(controlSocket);
  } catch (error) {
    if (!(error instanceof NoDaemonError)) throw error;
    throw new QueueCommandError(
      `no server answers at ${controlSocket}: it takes the client queue over at its start`,
      EX.UNAVAILABLE,
    );
  }
  try {
    await client.run({ ids: [] });
  } finally {
    client.close();
  }
  return (await store.list({ ...filter, held: false })).length;
}
