/** Queue runs that clients ask for (ETRN): each looks through the whole queue, and nothing keeps two hundred clients from asking. */
import type { MaybePromise } from "../sys/maybe-promise.ts";

/** Runs one after the other; whoever asks for a host that a run is under way or waiting for, gets the answer of that run. */
export function oneAfterTheOther(run: (host: string) => MaybePromise<number>): (host: string) => Promise<number> {
  const open = new Map<string, Promise<number>>();
  let last: Promise<unknown> = Promise.resolve();
  return (host) => {
    const key = host.toLowerCase();
    const known = open.get(key);
    if (known !== undefined) return known;
    const mine = last.then(() => run(host)).finally(() => open.delete(key));
    open.set(key, mine);
    last = mine.catch(() => undefined);
    return mine;
  };
}
