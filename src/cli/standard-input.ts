/**
 * Standard input in pieces of octets, for commands that live for moments: Node's own stream costs several milliseconds before the
 * first octet, as all that a socket or a terminal would need is loaded for it.
 */
import { read } from "node:fs";

/** Octets that are read at a time. */
const MOST = 65_536;

/** @throws what the system says */
export async function* standardInput(): AsyncGenerator<Buffer> {
  const room = Buffer.allocUnsafeSlow(MOST);
  for (;;) {
    let length: number;
    try {
      length = await readInto(room);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      // Whoever shares it with us has made it non-blocking: somebody has to wait until there is something.
      yield* process.stdin as AsyncIterable<Buffer>;
      return;
    }
    if (length === 0) return;
    yield Buffer.from(room.subarray(0, length));
  }
}

function readInto(room: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    read(0, room, 0, room.length, null, (error, length) => (error === null ? resolve(length) : reject(error)));
  });
}
