/** Waiting with a client on the other side, which may go away or say something in the meantime. */
import type { Socket } from "node:net";
import type { Clock } from "../sys/clock.ts";
import type { Share } from "./turns.ts";
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";

/** Does something after so many ms, unless it is of no use by then: undefined. */
export function pause<T>(
  clock: Clock,
  ms: number,
  isOver: () => boolean,
  then: () => MaybePromise<T>,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    clock.after(ms, () => {
      if (isOver()) return resolve(undefined);
      try {
        const work = then();
        if (isPromise(work)) void work.then(resolve, reject);
        else resolve(work);
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** Waits so many ms; true as soon as the client says something, unasked. */
export async function isSpokenTo(clock: Clock, ms: number, socket: Socket): Promise<boolean> {
  if (socket.bytesRead > 0) return true;
  return new Promise((resolve) => {
    const over = (spoken: boolean): void => {
      cancel();
      socket.off("data", onData);
      socket.off("close", onClose);
      resolve(spoken);
    };
    const onData = (): void => over(true);
    const onClose = (): void => over(false);
    const cancel = clock.after(ms, () => over(false));
    socket.once("data", onData);
    socket.once("close", onClose);
  });
}

/** Writes replies, and charges the time that takes to the client. */
export function sayNow(text: string, socket: Socket, share: Share): void {
  if (text === "" || !socket.writable) return;
  share.watch(() => socket.write(text, "latin1"));
}

/** Octets that a client may still send when it has been told that all is over. */
const MOST_DISCARDED = 65_536;

/**
 * A last reply was said, and what still comes is read so that the client gets to see it (unread octets would make the kernel drop
 * the connection with the reply). A client that goes on and on is not listening: the connection is dropped.
 */
export function discardLittle(socket: Socket): void {
  let left = MOST_DISCARDED;
  socket.on("data", ({ length }: Buffer) => {
    left -= length;
    if (left < 0) socket.destroy();
  });
}
