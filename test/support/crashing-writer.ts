/**
 * A process that delivers into a mailbox and is killed while it does: `node crashing-writer.ts KIND PATH LOCKS AT COUNT`.
 *
 * It adds COUNT messages of several chunks. Before chunk number AT of the last it kills itself, without a chance to clean
 * up; with AT -1 it goes on until somebody else kills it, and says when it has begun.
 */
import { FcntlLocks } from "../../src/mailbox/fcntl-lock.ts";
import { deliverToMbox } from "../../src/mailbox/mbox.ts";
import { deliverToMmdf } from "../../src/mailbox/mmdf.ts";
import { tools } from "./mailbox-tools.ts";

/** More than fits into one call, so that a part of the message can be in the file. */
const CHUNK = 300 * 1024;
const CHUNKS = 4;

const [kind, path, locking, at, count] = process.argv.slice(2);

const locks = new FcntlLocks({
  asRoot: (work) => work(),
  warn: () => undefined,
  ...(locking === "none" ? { programs: [] } : {}),
});
const deliver = kind === "mmdf" ? deliverToMmdf : deliverToMbox;

function* message(number: number, dieAt: number): Generator<Buffer> {
  yield Buffer.from(`From joe@a.test Fri Nov 20 19:00:00 2026\nSubject: ${number}\n\n`);
  for (let index = 0; index < CHUNKS; index++) {
    if (index === dieAt) process.kill(process.pid, "SIGKILL");
    yield Buffer.from(`${String(index).repeat(59)}\n`.repeat(CHUNK / 60));
  }
  if (dieAt === CHUNKS) process.kill(process.pid, "SIGKILL");
  yield Buffer.from("end\n\n");
}

process.stdout.write("ready\n");
for (let number = 0; number < Number(count); number++) {
  const dieAt = number === Number(count) - 1 ? Number(at) : -1;
  const size = 80 + CHUNKS * CHUNK;
  const result = deliver({ path, owner: -1 }, { size, chunks: () => message(number, dieAt) }, tools(locks));
  process.stdout.write(`${result.kind}\n`);
}
locks.close();
