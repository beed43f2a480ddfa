/**
 * Sockets that read into one buffer of their thread. Node makes a buffer of 64 KB for each read, and another one for what came:
 * of a command of forty octets that is more than half of what reading it costs. Its way out is the option `onread` of net.Socket,
 * which nobody can give to a socket that a server accepts; so it is set here where the constructor sets it.
 *
 * A Node that does it in another way, and whatever else looks like a socket, gets the event "data" as ever;
 * test/contract/shared-reads.test.ts tells the two apart.
 */
import { Socket } from "node:net";

/** What libuv wants to read at once. */
const SIZE = 65_536;

/** The keys under which a socket has what `onread` said. */
interface Keys {
  readonly buffer: symbol;
  readonly callback: symbol;
  readonly generator: symbol;
}

interface Shared extends Keys {
  readonly octets: Buffer;
}

/** undefined: not looked for yet; null: this Node has none of it. */
let known: Shared | null | undefined;

function findShared(): Shared | null {
  const octets = Buffer.allocUnsafeSlow(SIZE);
  const symbols = Object.getOwnPropertySymbols(new Socket({ onread: { buffer: octets, callback: () => true } }));
  const [buffer, callback, generator] = ["kBuffer", "kBufferCb", "kBufferGen"].map((name) =>
    symbols.find(({ description }) => description === name),
  );
  if (buffer === undefined || callback === undefined || generator === undefined) return null;
  return { octets, buffer, callback, generator };
}

type Internals = Socket & {
  readonly _handle?: { useUserBuffer?(octets: Buffer): void } | null;
} & Record<symbol, unknown>;

/**
 * Has everything that a socket reads from now on go to `take`: octets that hold good until it returns. Whoever listens for "data"
 * hears of them, too. What was read before comes first.
 * @returns how to take no more of it; undefined when nothing has changed and "data" is to be listened for
 */
export function readShared(socket: Socket, take: (octets: Buffer) => void): (() => void) | undefined {
  if (known === undefined) known = findShared();
  const inner = socket as Internals;
  if (known === null || socket.constructor !== Socket || inner._handle?.useUserBuffer === undefined) return undefined;
  const { octets, buffer, callback, generator } = known;
  let isOver = false;
  inner[buffer] = octets;
  inner[generator] = null;
  inner[callback] = (count: number): boolean => {
    const read = octets.subarray(0, count);
    if (!isOver) take(read);
    if (socket.listenerCount("data") > 0) socket.emit("data", read);
    return true;
  };
  inner._handle.useUserBuffer(octets);
  if (socket.readableLength > 0) process.nextTick(takeEarlier, socket, (early: Buffer) => !isOver && take(early));
  return () => {
    isOver = true;
  };
}

function takeEarlier(socket: Socket, take: (octets: Buffer) => void): void {
  for (let early = socket.read() as Buffer | null; early !== null; early = socket.read() as Buffer | null) take(early);
}
