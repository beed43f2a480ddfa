/** What mailq and the queue commands show of a message: plain data that travels over the control socket. */
import { isOpen, type Recipient } from "../envelope/recipient.ts";
import type { QueueEntry } from "../queue/queue.ts";

export interface ListedRecipient {
  readonly address: string;
  /** What the last attempt said. */
  readonly status?: string;
  /** In whose name an alias or a .forward file is acted on: "user:uid:gid:alias". */
  readonly rights?: string;
  /** From an alias, a .forward file or a list: nobody has named it. */
  readonly expanded?: true;
}

export interface QueueListing {
  readonly id: string;
  /** Octets of the body. */
  readonly size: number;
  /** Times in ms since the epoch. */
  readonly arrived: number;
  readonly lastTry?: number;
  readonly nextTry: number;
  readonly attempts: number;
  readonly sender: string;
  /** How it came in ($r): "ESMTP"; absent for mail of this machine's users. */
  readonly protocol?: string;
  readonly group: string;
  readonly priority: number;
  readonly bodyType?: string;
  /** Somebody works on it now. */
  readonly claimed: boolean;
  /** Its control file could not be read and was set aside (Qf); what of it can be read is here. */
  readonly lost?: true;
  /** Of such a message: what its file says of the last attempt. */
  readonly status?: string;
  /** The warning to the sender went out. */
  readonly warned: boolean;
  /** Reason, when held or quarantined. */
  readonly hold?: string;
  /** Why it is not tried now: its destination is suspended, left alone for a while ... */
  readonly waits?: string;
  /** Those that are still to be delivered. */
  readonly recipients: readonly ListedRecipient[];
}

export function listingOf(entry: QueueEntry, claimed: boolean, waits?: string): QueueListing {
  const { envelope } = entry;
  const open = envelope.recipients.filter(isOpen);
  return {
    id: entry.id,
    size: envelope.bodySize,
    arrived: envelope.arrived,
    ...(entry.lastTry === undefined ? {} : { lastTry: entry.lastTry }),
    nextTry: entry.nextTry,
    attempts: entry.attempts,
    sender: envelope.sender,
    ...(envelope.macros.r === undefined ? {} : { protocol: envelope.macros.r }),
    group: entry.group,
    priority: entry.priority,
    ...(envelope.bodyType === undefined ? {} : { bodyType: envelope.bodyType }),
    claimed,
    warned: envelope.warnedAt !== undefined,
    ...(entry.hold === undefined ? {} : { hold: entry.hold }),
    ...(waits === undefined ? {} : { waits }),
    recipients: open.map(({ given, status, rights, parent }) => ({
      address: given,
      ...(status === undefined ? {} : { status: status.text }),
      ...(rights === undefined
        ? {}
        : {
            rights: `${rights.user}:${rights.uid}:${rights.gid}:${rights.alias ?? nameOf(envelope.recipients, parent) ?? rights.user}`,
          }),
      ...(parent === undefined ? {} : { expanded: true }),
    })),
  };
}

/** The alias that a recipient comes from, where that is known. */
function nameOf(recipients: readonly Recipient[], parent: number | undefined): string | undefined {
  return parent === undefined ? undefined : recipients[parent]?.given;
}
