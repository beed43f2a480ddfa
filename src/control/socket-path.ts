/** The place of a unix socket that is to be opened: what a killed daemon left there is taken away. */
import { lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";

/** True when somebody answers at this path. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2000, () => end(true));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}

/** Removes the socket that a killed daemon left behind. @throws when somebody answers there, or it is no socket */
export async function clearPath(path: string): Promise<void> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return;
  if (!stats.isSocket()) throw new Error(`Cannot listen on ${path}: there is something else of that name`);
  if (await isAnswered(path)) throw new Error(`Cannot listen on ${path}: another process answers there`);
  unlinkSync(path);
}
