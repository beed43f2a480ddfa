/**
 * One connection to a host that has several addresses. They are tried in order, the families in turns; the next one begins
 * when the one before has failed, or has not answered for a moment, and the first that connects wins (RFC 8305 §4, §5: a
 * family that leads nowhere costs a quarter of a second and not the time of a connection attempt).
 */
import type { Socket } from "node:net";
import type { ClientFailure } from "./failure.ts";

/** How long one address has the field to itself, ms (RFC 8305 §5). */
const HEAD_START = 250;
/** A name may have a thousand addresses that say nothing: no more than these are tried side by side. */
const MOST_AT_ONCE = 6;

/** The families in turns, beginning with that of the first; the order inside a family stays. */
export function inTurns<Address extends { readonly family: 4 | 6 }>(addresses: readonly Address[]): readonly Address[] {
  const first = addresses[0]?.family;
  const others = addresses.filter(({ family }) => family !== first);
  if (others.length === 0) return addresses;
  const ours = addresses.filter(({ family }) => family === first);
  const turns: Address[] = [];
  for (let at = 0; at < Math.max(ours.length, others.length); at++) {
    turns.push(...ours.slice(at, at + 1), ...others.slice(at, at + 1));
  }
  return turns;
}

type Opened = { readonly socket: Socket } | { readonly failure: ClientFailure };

/**
 * @param places at least one
 * @param connect tries one of them; it ends early when its signal fires
 * @returns the one that connected first; otherwise the last of them, and why it failed
 */
export function connectToFirst<Place>(
  places: readonly Place[],
  connect: (place: Place, signal: AbortSignal) => Promise<Opened>,
  signal: AbortSignal,
): Promise<{ readonly place: Place } & Opened> {
  const { promise, resolve } = Promise.withResolvers<{ readonly place: Place } & Opened>();
  const losers = new AbortController();
  const stopAll = (): void => losers.abort();
  if (signal.aborted) stopAll();
  signal.addEventListener("abort", stopAll, { once: true });
  let [begun, failed, over] = [0, 0, false];
  let last: Opened | undefined;
  let timer: NodeJS.Timeout | undefined;
  const end = (place: Place, opened: Opened): void => {
    over = true;
    clearTimeout(timer);
    signal.removeEventListener("abort", stopAll);
    losers.abort();
    resolve({ place, ...opened });
  };
  const begin = (): void => {
    clearTimeout(timer);
    if (over || begun === places.length || begun - failed >= MOST_AT_ONCE) return;
    const place = places[begun++];
    if (begun < places.length) timer = setTimeout(begin, HEAD_START);
    void connect(place, losers.signal).then((opened) => {
      // Two in the same moment: one is enough.
      if (over) return "socket" in opened ? void opened.socket.destroy() : undefined;
      if ("socket" in opened) return end(place, opened);
      if (place === places.at(-1)) last = opened;
      if (++failed === places.length || signal.aborted) return end(places.at(-1)!, last ?? opened);
      return begin();
    });
  };
  begin();
  return promise;
}
