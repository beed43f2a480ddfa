/** The client queue: mail that programs have left while no server ran, and that the server has not taken over yet. */
import { accessSync, constants, existsSync } from "node:fs";
import { callServer } from "../call-server.ts";
import { type ControlClient, NoDaemonError } from "../../control/client.ts";
import type { Home } from "../../daemon/home.ts";
import { queueLooks } from "../../daemon/queue-desk.ts";
import { ClientOperator } from "../../queue/client-operator.ts";
import type { Steering } from "../../control/queue-answers.ts";
import { eachEntry } from "../../queue/each-entry.ts";
import { reasonOf } from "../../queue/file-operations.ts";
import type { QueueFilter } from "../../queue/filter.ts";
import { EX, type ExitCode } from "../../sys/sysexits.ts";
import { type Desk, type Looks, QueueCommandError } from "./desk.ts";
import { type FolderStore, folderLooks, folderStore, looksOver, readable, readers } from "./folder-desk.ts";

export function clientLooks({ clientQueue, controlSocket }: Home): Promise<Looks> {
  return folderLooks(thereIs(clientQueue), routeCheck(controlSocket));
}

/** Before the first message there is no folder. */
function thereIs(folder: string): string {
  if (existsSync(folder)) return folder;
  throw new QueueCommandError(`there is no client queue ${folder}: nobody has left mail there`, EX.NOINPUT);
}

/** What becomes of its recipients is known by the server alone, which takes the mail over first. */
function bySteering<T>(controlSocket: string, ask: (client: ControlClient) => Promise<T>): Promise<T> {
  const what = "mail in the client queue is returned or rerouted by the server";
  if (isClosed(controlSocket)) {
    const who = `user ${process.geteuid?.()} may not ask it at ${controlSocket}`;
    throw new QueueCommandError(`${what}, and ${who}: ask as root, or as the user that runs it`, EX.NOPERM);
  }
  const instead = "start it and try again, or remove the mail";
  return asking(controlSocket, ask, `${what}, and none answers at ${controlSocket}: ${instead}`, EX.TEMPFAIL);
}

function isClosed(socket: string): boolean {
  try {
    accessSync(socket, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EACCES";
  }
}

function routeCheck(controlSocket: string): Looks["checkRoute"] {
  return (route) => bySteering(controlSocket, async (client) => void (await client.rerouteClient({ ids: [] }, route)));
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
    ...looksOver(store, looks, routeCheck(controlSocket)),
    ...readers(looks),
    hold: (filter, reason) => each(filter, (id) => operator.hold(id, reason)),
    release: (filter) => each({ ...filter, held: true }, (id) => operator.release(id)),
    remove: (filter) => each(filter, (id) => operator.remove(id)),
    retry: (filter) => collected(store, filter, controlSocket),
    bounce: (filter, reason) => bySteering(controlSocket, (client) => client.bounceClient(filter, reason)),
    reroute: (filter, route) => bySteering(controlSocket, (client) => client.rerouteClient(filter, route)),
  };
}

/** The server takes everything over that is not held. */
async function collected(store: FolderStore, filter: QueueFilter, controlSocket: string): Promise<number> {
  const why = `no server answers at ${controlSocket}: it takes the client queue over at its start`;
  await asking(controlSocket, (client) => client.run({ ids: [] }), why, EX.UNAVAILABLE);
  return (await store.list({ ...filter, held: false })).length;
}

/** @throws QueueCommandError with the text and status that are given, when no server answers */
async function asking<T>(
  controlSocket: string,
  ask: (client: ControlClient) => Promise<T>,
  nobody: string,
  exit: ExitCode,
): Promise<T> {
  let client: ControlClient;
  try {
    client = await callServer(controlSocket);
  } catch (error) {
    if (!(error instanceof NoDaemonError)) throw error;
    throw new QueueCommandError(nobody, exit);
  }
  try {
    return await ask(client);
  } finally {
    client.close();
  }
}
