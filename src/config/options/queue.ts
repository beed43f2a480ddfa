/** Options of the queue: its files, its order, its runs. */
import { wordsOf } from "./value-words.ts";
import { ALWAYS_DURABLE, NO_PROCESSES } from "../reasons.ts";
import type { Check, OptionRow } from "./row.ts";

/** The first letter of a word counts. */
const sortOrder: Check = (value, context) => {
  const letter = value.slice(0, 1).toLowerCase();
  const order = wordsOf(context).find((word) => word[0] === letter);
  if (order === undefined) context.messages.error(`Invalid queue sort order "${value}"`);
  return order;
};

export const QUEUE_OPTIONS = [
  {
    name: "CheckpointInterval",
    code: "C",
    type: "number",
    initial: 10,
    safe: true,
    meaning:
      "recipients that have the message between two updates of its queue entry during an attempt; 0: none before the end",
  },
  {
    name: "TempFileMode",
    code: "F",
    type: "octal",
    initial: "0600",
    meaning: "mode of files that mail makes: those of the mailer *file*, and in HostStatusDirectory",
  },
  {
    name: "QueueFactor",
    code: "q",
    type: "number",
    initial: 600_000,
    meaning: "priority up to which mail is delivered at a load of QueueLA, less at more",
  },
  {
    name: "QueueDirectory",
    code: "Q",
    type: "text",
    initial: "",
    path: "folder",
    meaning: "folder of the queue; with `*` at the end several, for its files",
  },
  {
    name: "SuperSafe",
    code: "s",
    type: "text",
    initial: "true",
    safe: true,
    meaning: "when a message is written to disk",
  },
  {
    name: "ForkEachJob",
    code: "Y",
    type: "flag",
    initial: false,
    meaning: "a process for each queue entry",
    notActedOn: NO_PROCESSES,
  },
  {
    name: "RecipientFactor",
    code: "y",
    type: "number",
    initial: 30_000,
    meaning: "what a recipient costs in the queue's order",
  },
  {
    name: "RetryFactor",
    code: "Z",
    type: "number",
    initial: 90_000,
    meaning: "what a failed try costs in the queue's order",
  },
  {
    name: "ClassFactor",
    code: "z",
    type: "number",
    initial: 1800,
    meaning: "what a step of Precedence: is worth in the queue's order",
  },
  {
    name: "QueueSortOrder",
    code: 0x81,
    type: "text",
    initial: "priority",
    safe: true,
    range: ["priority", "host", "filename", "time", "random", "modification", "none", "shuffle"],
    check: sortOrder,
    meaning: "order of a queue run",
  },
  {
    name: "MinQueueAge",
    code: 0x83,
    type: "time",
    unit: "m",
    initial: "0",
    safe: true,
    meaning: "shortest wait between two tries of an entry",
  },
  {
    name: "MaxQueueRunSize",
    code: 0x8c,
    type: "number",
    initial: 0,
    safe: true,
    meaning: "messages of a queue group begun between two runs, or in one run",
  },
  {
    name: "DataFileBufferSize",
    code: 0xb0,
    type: "number",
    initial: 4096,
    meaning: "octets of a body kept in memory",
    notActedOn: ALWAYS_DURABLE,
  },
  {
    name: "XscriptFileBufferSize",
    code: 0xb1,
    type: "number",
    initial: 4096,
    meaning: "octets of a transcript kept in memory",
    notActedOn: ALWAYS_DURABLE,
  },
  {
    name: "QueueFileMode",
    code: 0xbe,
    type: "octal",
    initial: "0600",
    meaning: "mode of qf, df and hf files; those of the client queue have 0640, the journal 0600",
  },
  {
    name: "MaxQueueChildren",
    code: 0xc5,
    type: "number",
    initial: 0,
    meaning: "queued messages worked on at once, in all",
  },
  {
    name: "MaxRunnersPerQueue",
    code: 0xc6,
    type: "number",
    initial: 1,
    meaning: "queued messages of a group worked on at once, when it is set",
  },
  {
    name: "NiceQueueRun",
    code: 0xc8,
    type: "number",
    initial: 0,
    meaning: "nice value of queue processes",
    notActedOn: NO_PROCESSES,
  },
  {
    name: "RequiresDirfsync",
    code: 0xd2,
    type: "flag",
    initial: true,
    meaning: "folders must be written to disk too",
    notActedOn: "folders are always written to disk",
  },
  {
    name: "MaxQueueAge",
    code: 0xe5,
    type: "time",
    unit: "m",
    initial: "0",
    meaning: "longest wait between two tries of an entry",
  },
] as const satisfies readonly OptionRow[];
