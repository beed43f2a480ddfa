/**
 * Delivery into a mailbox in mbox format. The octets come ready (`From ` line, `>From `, blank last line: delivery/
 * message-writer.ts). A mailbox that is missing is made: by its owner, or by root for him where only root may.
 */
import { constants, openSync } from "node:fs";
import type { FileTask, TaskArgument, TaskTools } from "../rights/task.ts";
import { append } from "./append.ts";
import { fileNotOwn } from "./mailbox-owner.ts";
import { makeNewMailbox } from "./new-mailbox.ts";
import { failure, mailboxOf } from "./mailbox-task.ts";

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
const NOTHING = Buffer.alloc(0);
const NEWLINES = [Buffer.from("\n\n"), Buffer.from("\n"), NOTHING];

export const deliverToMbox: FileTask = (argument, input, tools) => {
  const { path } = mailboxOf(argument);
  try {
    const target = {
      ...mailboxFile(argument, tools),
      before: (end: Buffer) => (end.length === 0 ? NOTHING : blankLine(end)),
    };
    return append(target, input, tools);
  } catch (error) {
    return failure(error, path, argument);
  }
};

/** A message begins after an empty line, also where somebody left half a line. */
function blankLine(end: Buffer): Buffer {
  const count = end.at(-1) !== 10 ? 0 : end.at(-2) === 10 ? 2 : 1;
  return NEWLINES[count];
}

/** A mailbox that is one file, whatever is in it. */
export function mailboxFile(argument: TaskArgument, tools: TaskTools) {
  const { path, owner, isHome } = mailboxOf(argument);
  return {
    path,
    open: () => openMailbox(path, !isHome, tools),
    problem: (status: Parameters<typeof fileNotOwn>[1]) => fileNotOwn(path, status, owner),
    lockAsRoot: !isHome,
    mustLock: true,
  };
}

function openMailbox(path: string, mayBeMade: boolean, tools: TaskTools): number {
  // O_NONBLOCK: a FIFO without a reader must not hold us.
  const flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
  try {
    return openSync(path, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  if (mayBeMade) tools.asRoot(() => makeNewMailbox("mbox", path, tools.user));
  try {
    return openSync(path, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  return openSync(path, flags | O_CREAT | O_EXCL, 0o600);
}
