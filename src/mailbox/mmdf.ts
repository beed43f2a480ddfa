/**
 * Delivery into a mailbox in MMDF format: one file, each message between two lines of four Control-A.
 *
 *     ^A^A^A^A
 *     From joe@example.org Fri Nov 20 19:00:00 2026
 *     Subject: ...
 *     ^A^A^A^A
 */
import type { FileTask, Octets } from "../rights/task.ts";
import { append } from "./append.ts";
import { failure, mailboxOf } from "./mailbox-task.ts";
import { mailboxFile } from "./mbox.ts";

const LINE = "\x01\x01\x01\x01\n";
const SEPARATOR = Buffer.from(LINE);
const NEWLINE = Buffer.from("\n");
const NOTHING = Buffer.alloc(0);
const LF = 10;

export const deliverToMmdf: FileTask = (argument, input, tools) => {
  const { path } = mailboxOf(argument);
  try {
    const target = {
      ...mailboxFile(argument, tools),
      before: (end: Buffer) => Buffer.concat([ending(end), SEPARATOR]),
    };
    return append({ ...target, after: SEPARATOR }, quoted(input), tools);
  } catch (error) {
    return failure(error, path, argument);
  }
};

/** Somebody's half-written last message must not turn the inside of ours out. */
function ending(end: Buffer): Buffer {
  if (end.length === 0 || end.equals(SEPARATOR)) return NOTHING;
  return end.at(-1) === LF ? SEPARATOR : Buffer.concat([NEWLINE, SEPARATOR]);
}

/** A line of the message that is a separator gets a `>`; the last line an end. */
function quoted(input: Octets): Octets {
  // Each separator in the text may grow by one octet; most messages have none.
  return { size: input.size + Math.ceil(input.size / SEPARATOR.length) + 1, chunks: () => quote(input.chunks()) };
}

function* quote(chunks: Iterable<Buffer>): Generator<Buffer> {
  // The beginning of a line that a chunk broke off, as long as it may become a separator.
  let held = "";
  let atStart = true;
  for (const chunk of chunks) {
    if (held === "" && !chunk.includes(1)) {
      yield chunk;
      if (chunk.length > 0) atStart = chunk.at(-1) === LF;
      continue;
    }
    const before = atStart ? "\n" : "x";
    const text = `${before}${held}${chunk.toString("latin1")}`.replaceAll(/(?<=\n)\x01{4}\n/g, ">$&");
    held = /(?<=\n)\x01{1,4}$/.exec(text)?.[0] ?? "";
    atStart = held !== "" || text.endsWith("\n");
    yield Buffer.from(text.slice(1, text.length - held.length), "latin1");
  }
  if (held !== "") yield Buffer.from(`${held.length === 4 ? ">" : ""}${held}\n`, "latin1");
  else if (!atStart) yield NEWLINE;
}
