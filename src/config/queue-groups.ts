/** Q lines: `Qname, Path=/var/spool/mqueue/q*, Runners=5, Interval=10m`. */
import type { NamedLine } from "../cf/ast.ts";
import { parseEquates } from "../cf/equates.ts";
import type { ConfigMessages } from "../cf/messages.ts";
import { toInt32 } from "./integers.ts";
import { readTime, reportTime } from "./times.ts";

export interface QueueGroup {
  readonly name: string;
  /** Folder, `*` at the end for several; that of QueueDirectory unless given. */
  readonly path: string;
  /** "f" forks each runner. */
  readonly flags: ReadonlySet<string>;
  /** Milliseconds between two runs, 0 for the daemon's. */
  readonly interval: number;
  readonly runners: number;
  readonly jobs: number;
  readonly nice: number;
  /** Recipients in one envelope of this group, 0 for no limit. */
  readonly maxRecipients: number;
}

/** Where everything goes that nothing sends elsewhere; its path is QueueDirectory. */
export const DEFAULT_QUEUE_GROUP: QueueGroup = {
  name: "mqueue",
  path: "",
  flags: new Set<string>(),
  interval: 0,
  runners: 0,
  jobs: 0,
  nice: 0,
  maxRecipients: 0,
};

type Draft = { -readonly [Key in keyof QueueGroup]: QueueGroup[Key] };

/** @param queueDirectory QueueDirectory as it is at this line */
export function readQueueGroup(
  { name, equates }: NamedLine,
  queueDirectory: string,
  messages: ConfigMessages,
): QueueGroup | undefined {
  messages.focus(1);
  if (name === "" && equates === "") {
    messages.error("name required for queue");
    return undefined;
  }
  const group: Draft = { ...DEFAULT_QUEUE_GROUP, name };
  const list = 1 + name.length + 1;
  let runnersAt = 0;
  for (const { key, value, at, valueAt } of parseEquates(equates)) {
    messages.focus(list + valueAt);
    if (value === undefined) {
      messages.error(`queue ${name}: \`=' expected`);
      return undefined;
    }
    if (key.startsWith("R")) runnersAt = list + valueAt;
    setEquate(group, key[0] ?? "=", value, messages, at - valueAt);
  }
  messages.focus(1);
  if (group.path === "" && queueDirectory === "") {
    messages.error("QueueDir must be defined before queue groups");
    return undefined;
  }
  if (group.path === "") group.path = queueDirectory;
  if (group.runners > 1 && !group.flags.has("f")) {
    messages.focus(runnersAt);
    messages.warn(`Warning: Q=${name}: R=${group.runners}: multiple queue runners specified`);
    messages.warnMore("\tbut flag 'f' is not set");
  }
  return group;
}

/** @param keyAt where the key stands, counted from the value */
function setEquate(group: Draft, letter: string, value: string, messages: ConfigMessages, keyAt: number): void {
  const number = toInt32(value);
  switch (letter) {
    case "P":
      if (value === "") messages.error(`queue ${group.name}: empty path name`);
      else group.path = value;
      return;
    case "F":
      group.flags = new Set(value.replace(/\s/g, ""));
      return;
    case "I": {
      const reading = readTime(value, "m");
      reportTime(reading, messages);
      group.interval = reading.value;
      return;
    }
    case "N":
      group.nice = number;
      return;
    case "R":
      group.runners = number;
      return;
    case "J":
      group.jobs = number;
      return;
    case "r":
      group.maxRecipients = number;
      return;
    default:
      messages.error(`Q${group.name}: unknown queue equate ${letter}=`, { offset: keyAt });
  }
}
