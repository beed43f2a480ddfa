/**
 * `sendmail -Qreason`, `-Q`: what -q selects is put aside under this reason, or with -qQ released. Through the server, or on
 * the queue itself while none runs; nothing is delivered. -v says what becomes of each message, in sendmail's words.
 */
import { loadConfig } from "../config/load.ts";
import { callServer } from "./call-server.ts";
import { NoDaemonError } from "../control/client.ts";
import type { Steering } from "../control/queue-answers.ts";
import { listingOf, type QueueListing } from "../control/queue-listing.ts";
import { homeFolder } from "../daemon/home.ts";
import { queueChanges } from "../daemon/queue-desk.ts";
import type { Server } from "../daemon/server.ts";
import { eachEntry } from "../queue/each-entry.ts";
import type { QueueFilter } from "../queue/filter.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import { octetsForTerminal } from "../sys/terminal-text.ts";
import type { SendmailArguments } from "./arguments.ts";
import { systemConfigFile } from "./config-file.ts";
import { octets } from "./given-words.ts";
import { filterOf } from "./queue-arguments.ts";
import { foldersOf, type QueueFolder } from "./queue-blocks.ts";
import { QueueCommandError } from "./queue/desk.ts";
import { folderOfRun, warn, withReasons } from "./queue-run.ts";
import { withServerHere } from "./server-here.ts";
import { systemEnvironment } from "./system-environment.ts";
import { openForCommand, surroundings } from "./system.ts";

/** Where messages are put aside. */
interface Desk {
  entries(filter: QueueFilter): AsyncIterable<QueueListing>;
  hold(filter: QueueFilter, reason: string): Promise<Steering>;
  release(filter: QueueFilter): Promise<Steering>;
}

export async function quarantine(args: SendmailArguments): Promise<ExitCode> {
  const folder = await folderOfRun(args);
  if (typeof folder === "number") return folder;
  const wish: Wish = { reason: octets(args.quarantine ?? ""), filter: filterOf(args.queueRun) };
  if (wish.reason === "" && wish.filter.held !== true) {
    process.stderr.write("sendmail: -Q without a reason releases what is quarantined: name it with -qQ\n");
  }
  if (args.variant === "c") return quarantineInClientQueue(args, wish);
  try {
    const client = await callServer(homeFolder().controlSocket);
    try {
      return await work(args, client, wish, () => foldersFor(args, wish));
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof NoDaemonError)) throw error;
    return quarantineHere(args, wish);
  }
}

async function quarantineHere(args: SendmailArguments, wish: Wish): Promise<ExitCode> {
  const around = surroundings();
  const opened = await openForCommand(args, around);
  if (typeof opened === "number") return opened;
  const { config } = opened;
  const [{ folder }] = foldersOf(config);
  const here = { site: opened, settings: args.settings, around, warn };
  return withReasons(folder, () =>
    withServerHere(here, (server) =>
      work(args, deskOf(server), wish, () => Promise.resolve(foldersOf(config, wish.filter.group))),
    ),
  );
}

/** What the server has not taken over yet; it leaves there what is put aside. */
async function quarantineInClientQueue(args: SendmailArguments, wish: Wish): Promise<ExitCode> {
  const home = homeFolder();
  const { clientDesk } = await import("./queue/client-desk.ts");
  try {
    const queue = await clientDesk(home);
    const desk: Desk = {
      entries: (filter) => queue.list(filter),
      hold: (filter, reason) => queue.hold(filter, reason),
      release: (filter) => queue.release(filter),
    };
    return await work(args, desk, wish, () => Promise.resolve([{ folder: home.clientQueue, groups: [] }]));
  } catch (error) {
    if (!(error instanceof QueueCommandError)) throw error;
    process.stderr.write(`sendmail: ${error.message}\n`);
    return error.exit;
  }
}

function deskOf(server: Server): Desk {
  const changes = queueChanges(server.steering());
  return {
    async *entries(filter) {
      for await (const entry of eachEntry(server.store, filter)) yield listingOf(entry, false);
    },
    hold: async (filter, reason) => changes.hold(filter, reason),
    release: async (filter) => changes.release(filter),
  };
}

interface Wish {
  /** "": release. */
  readonly reason: string;
  readonly filter: QueueFilter;
}

async function work(
  { verbose }: SendmailArguments,
  desk: Desk,
  wish: Wish,
  folders: () => Promise<readonly QueueFolder[]>,
): Promise<ExitCode> {
  const { reason, filter } = wish;
  if (verbose) return tellEach(desk, wish, await folders());
  if (reason === "" && filter.held !== true) return EX.OK;
  const { done, left } = reason === "" ? await desk.release(filter) : await desk.hold(filter, reason);
  if (left.length === 0) return EX.OK;
  const [first] = left;
  process.stderr.write(
    octetsForTerminal(
      `sendmail: ${done} done, ${left.length} left as they were, the first is ${first.id}: ${first.why}\n`,
    ),
  );
  return EX.TEMPFAIL;
}

/** One after the other, by the folders that the configuration names. */
async function tellEach(desk: Desk, { reason, filter }: Wish, folders: readonly QueueFolder[]): Promise<ExitCode> {
  const [first] = folders;
  const byFolder = new Map<string, QueueListing[]>(folders.map(({ folder }) => [folder, []]));
  for await (const listing of desk.entries(filter)) {
    const { folder } = folders.find(({ groups }) => groups.includes(listing.group)) ?? first ?? { folder: "" };
    byFolder.get(folder)?.push(listing);
  }
  let changes = 0;
  let failed = false;
  for (const [folder, listings] of byFolder) {
    say(listings.length === 0 ? `${folder}: no matches` : `Processing ${folder}:`);
    for (const { id, hold } of listings) {
      const said = await change(desk, id, hold, reason);
      if (said === undefined) continue;
      say(`${id}: ${said.text}`);
      if (said.isChange) changes++;
      failed ||= said.isFailure === true;
    }
  }
  say(changes === 0 ? "No changes" : changes === 1 ? "1 change" : `${changes} changes`);
  return failed ? EX.TEMPFAIL : EX.OK;
}

interface Said {
  readonly text: string;
  readonly isChange: boolean;
  /** It could not be changed. */
  readonly isFailure?: boolean;
}

async function change(desk: Desk, id: string, before: string | undefined, reason: string): Promise<Said | undefined> {
  const ids = [id];
  if (reason === "") {
    if (before === undefined) return undefined;
    const { done, left } = await desk.release({ ids, held: true });
    if (left.length > 0) return failure(left[0].why);
    if (done === 0) return undefined;
    return { text: `Removed quarantine of "${before}"`, isChange: true };
  }
  if (before === reason) return { text: `Already quarantined with "${reason}"`, isChange: false };
  const { done, left } = await desk.hold({ ids }, reason);
  if (left.length > 0) return failure(left[0].why);
  if (done === 0) return undefined;
  const text =
    before === undefined ? `Quarantined with "${reason}"` : `Quarantine changed from "${before}" to "${reason}"`;
  return { text, isChange: true };
}

const failure = (why: string): Said => ({ text: `left as it was: ${why}`, isChange: false, isFailure: true });

function say(text: string): void {
  process.stdout.write(Buffer.from(octetsForTerminal(`${text}\n`), "latin1"));
}

async function foldersFor(args: SendmailArguments, { filter }: Wish): Promise<readonly QueueFolder[]> {
  const environment = { ...systemEnvironment(), settings: args.settings };
  const { config } = await loadConfig(systemConfigFile(args), environment);
  if (config === undefined) return [];
  const folders = foldersOf(config, filter.group);
  config.close();
  return folders;
}
