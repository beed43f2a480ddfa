/**
 * A message whose control file cannot be read now (rights, the disk, a newer format) is there all the same: lists show it as held,
 * with the reason. It matches no condition about what nobody knows of it.
 */
import type { QueueFilter } from "./filter.ts";
import type { QueueEntry } from "./queue.ts";

/** What is known of it without its file. */
const KNOWN: ReadonlySet<string> = new Set<keyof QueueFilter>(["ids", "id", "held", "reason"]);

/** True when such a message can be meant. */
export function mayBeUnreadable(filter: QueueFilter): boolean {
  return Object.entries(filter).every(([name, value]) => value === undefined || KNOWN.has(name));
}

/**
 * @param why what the file system says
 * @param since ms since the epoch, when that is known
 */
export function unreadableEntry(id: string, why: string, since = 0): QueueEntry {
  return {
    id,
    group: "mqueue",
    priority: 0,
    attempts: 0,
    nextTry: since,
    hold: `cannot be read: ${why}`,
    envelope: {
      id,
      sender: "",
      recipients: [],
      headers: [],
      bodySize: 0,
      eightBit: false,
      smtputf8: false,
      arrived: since,
      macros: {},
      isReport: false,
      messageClass: 0,
    },
  };
}
