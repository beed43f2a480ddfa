/** Queue runs that clients ask for (ETRN): each looks through the whole queue, and nothing keeps two hundred clients from asking. */
import type { QueueFilter } from "../queue/filter.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";

/**
 * Which mail is asked for (RFC 1985 §5.1): that of a host, of "@domain" with all that is below it, or of "#group", a queue group.
 * As by sendmail, the addresses of recipients are looked at.
 */
export function etrnFilter(asked: string): QueueFilter {
  if (asked.startsWith("#")) return { group: asked.slice(1) };
  return { recipient: [{ text: asked.startsWith("@") ? asked.slice(1) : `@${asked}` }] };
}

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
