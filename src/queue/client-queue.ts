/**
 * The client queue: where programs leave mail while no daemon answers, and where the daemon collects it (decision D5).
 * Only files (qf and df), because many processes write here, without a lock, each its own message.
 *
 * The folder belongs to the daemon and is for others what /tmp is, with the group inherited (CLIENT_FOLDER_MODE); the
 * files are readable for their owner and that group. So nothing in a collected file is trusted but its owner: rights,
 * states and sizes that it claims are dropped.
 */
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import type { Envelope } from "../envelope/envelope.ts";
import type { MessageReader } from "../envelope/message.ts";
import { type Clock, systemClock } from "../sys/clock.ts";
import { type ClientWishes, readWishes } from "./client-wishes.ts";
import { QueueDraft, unavailable } from "./draft.ts";
import { newEntry } from "./entry.ts";
import { type FileOperations, reasonOf, systemFiles } from "./file-operations.ts";
import { standardFactors } from "./order.ts";
import type { AcceptOptions, Body, QueueEntry } from "./queue.ts";
import { QueueIds } from "./queue-id.ts";
import { SpooledBodies, SpoolStore } from "./spool-store.ts";

export interface ClientMessage {
  readonly entry: QueueEntry;
  /** User id of who left it: the only proof of the sender's identity. */
  readonly owner: number;
  readonly wishes: ClientWishes;
  readonly body: MessageReader;
}

export interface Collected {
  /** Ids that are no longer in the client queue. */
  readonly taken: readonly string[];
  /** Ids of what could not be taken, and why. */
  readonly failed: readonly { readonly id: string; readonly why: string }[];
  /** What is wrong with files of the folder. */
  readonly reports: readonly string[];
}

/** Of a client queue that several users write to. Reading is needed to sync the folder. */
export const CLIENT_FOLDER_MODE = 0o3777;
/**
 * Makes the folder when it is not there. Root's is for every user of the machine, that of another user for nobody else.
 * Throws what the file system says.
 */
export function makeClientFolder(folder: string): void {
  if (existsSync(folder)) return;
  mkdirSync(folder, { mode: 0o700 });
  // mkdir() takes the umask off and knows no sticky bit.
  if (process.getuid?.() === 0) chmodSync(folder, CLIENT_FOLDER_MODE);
}

/** Files without a control file are given up after this time, ms. */
const ABANDONED = 24 * 3600_000;
/** Bodies up to this size wait in memory. */
const IN_MEMORY = 1 << 20;

export class ClientQueue {
  readonly #spool: SpoolStore;
  readonly #clock: Clock;
  readonly #ids: QueueIds;

  constructor(directory: string, files: FileOperations = systemFiles, clock: Clock = systemClock) {
    this.#spool = new SpoolStore(files, directory, 0o640);
    this.#clock = clock;
    this.#ids = new QueueIds(clock);
  }

  /** A message to leave here: what `commit` makes durable, the daemon finds. */
  draft(): QueueDraft {
    const bodies = new SpooledBodies(this.#spool, IN_MEMORY, (work) => void work.catch(() => undefined));
    const accept = (envelope: Envelope, body: Body, options?: AcceptOptions) => this.#accept(envelope, body, options);
    const id = this.#ids.next();
    return new QueueDraft(id, { bodies, newId: () => id, accept });
  }

  async #accept(envelope: Envelope, body: Body, options: AcceptOptions | undefined): Promise<QueueEntry> {
    const entry = newEntry(envelope, options, standardFactors, this.#clock.now());
    try {
      if (body.kind === "octets")
        await this.#spool.writeBody(
          entry.id,
          body.chunks.map((each) => Buffer.from(each)),
        );
      await this.#spool.writeControl(entry);
    } catch (error) {
      await this.#spool.remove(entry.id).catch(() => undefined);
      throw unavailable(error);
    }
    return entry;
  }

  /**
   * Offers every message to `take`, one after the other. It answers true when the message is safe elsewhere; only
   * then are its files removed. A message that cannot be taken now stays for the next time.
   * @param isMeant which are offered; without it all but those that are held
   */
  async collect(
    take: (message: ClientMessage) => Promise<boolean>,
    isMeant: (entry: QueueEntry, wishes: ClientWishes) => boolean = ({ hold }) => hold === undefined,
  ): Promise<Collected> {
    const { entries, owners, reports } = await this.#spool.load(this.#clock.now() - ABANDONED);
    const taken: string[] = [];
    const failed: { id: string; why: string }[] = [];
    for (const entry of entries) {
      const wishes = readWishes(entry.envelope.macros);
      if (!isMeant(entry, wishes)) continue;
      const owner = owners.get(entry.id)!;
      try {
        const message = { entry: untrusted(entry), owner, wishes, body: this.#spool.body(entry, owner) };
        if (!(await take(message))) continue;
        await this.#spool.remove(entry.id);
        taken.push(entry.id);
      } catch (error) {
        failed.push({ id: entry.id, why: reasonOf(error) });
      }
    }
    return { taken, failed, reports };
  }
}

/** The entry as if its recipients had just been named: a user may write anything into his own file, and hold it. */
function untrusted(entry: QueueEntry): QueueEntry {
  const { envelope } = entry;
  const { quarantined: _, warnedAt: __, ...rest } = envelope;
  const recipients = envelope.recipients
    .filter(({ state }) => state === "todo" || state === "deferred")
    .map(({ given, orcpt, notify }) => ({
      given,
      state: "todo" as const,
      ...(orcpt === undefined ? {} : { orcpt }),
      ...(notify === undefined ? {} : { notify }),
    }));
  return {
    id: entry.id,
    ...(entry.hold === undefined ? {} : { hold: entry.hold }),
    envelope: { ...rest, recipients, isReport: false, macros: {} },
    group: "mqueue",
    priority: entry.priority,
    attempts: 0,
    nextTry: envelope.arrived,
  };
}
