/**
 * Open connections kept for the next message to the same place.
 *
 * ConnectionCacheSize connections for each place stay for ConnectionCacheTimeout. (A process of sendmail's delivers one
 * message at a time; this one delivers many, so the number counts for each place.) What a burst leaves beyond that
 * lingers for a moment: the next message of the burst is probably on its way. Size 0 keeps nothing.
 */
import type { Clock } from "../../sys/clock.ts";
import type { SmtpClient } from "./client.ts";
import type { Place } from "./socket.ts";

/** How long a connection beyond the cache size waits for more mail, ms. */
const LINGER = 2_000;
/** Until the first such look, ms: devices on the way forget connections that are silent for longer. */
const KEEP_ALIVE = 30_000;
/** Idle connections to all hosts together; beyond that the host that was used longest ago loses one. */
const MOST_IDLE = 1_000;

/** In the key of a place, between the host and what its owner has published about connections. */
export const UNDER_POLICY = "\x01";

interface Idle {
  readonly client: SmtpClient;
  readonly cancel: () => void;
  readonly onEnd: () => void;
}

export class Connections {
  readonly #clock: Clock;
  readonly #size: number;
  readonly #timeout: number;
  readonly #idle = new Map<string, Idle[]>();
  /** In use right now; closing the cache lets them finish. */
  readonly #used = new Set<SmtpClient>();
  readonly #places = new WeakMap<SmtpClient, Place>();
  /** Idle connections under a policy, by the host alone. */
  readonly #policed = new Map<string, number>();
  #count = 0;
  #closed = false;

  /** @param timeout ms that an unused connection is kept */
  constructor(clock: Clock, size: number, timeout: number) {
    this.#clock = clock;
    this.#size = size;
    this.#timeout = timeout;
  }

  /** The connection to this place that was used last, or undefined. It belongs to the caller until `put` or `drop`. */
  take(place: string): SmtpClient | undefined {
    const list = this.#idle.get(place);
    for (let entry = list?.pop(); entry !== undefined; entry = list?.pop()) {
      this.#forget(place, entry);
      if (!entry.client.isOpen) continue;
      this.#used.add(entry.client);
      if (list?.length === 0) this.#idle.delete(place);
      return entry.client;
    }
    this.#idle.delete(place);
    return undefined;
  }

  /** Is one kept for this place, under whatever policy? */
  has(place: string): boolean {
    return this.#idle.has(place) || this.#policed.has(place);
  }

  /** A connection just opened, and where it leads: of the addresses of a host, one has answered. */
  use(client: SmtpClient, place: Place): void {
    this.#used.add(client);
    this.#places.set(client, place);
  }

  /** Where a connection leads that `use` was told of. */
  placeOf(client: SmtpClient): Place {
    return this.#places.get(client)!;
  }

  /** Gives a connection back that can carry another message. */
  put(place: string, client: SmtpClient): void {
    this.#used.delete(client);
    // Who watched has seen his delivery.
    client.heard = undefined;
    if (this.#closed || this.#size <= 0 || !client.isOpen) return client.quit();
    let list = this.#idle.get(place);
    if (list === undefined) this.#idle.set(place, (list = []));
    const kept = list.length < this.#size;
    const entry: Idle = {
      client,
      cancel: this.#clock.after(kept ? this.#timeout : Math.min(LINGER, this.#timeout), () =>
        this.#expire(place, entry),
      ),
      onEnd: () => this.#remove(place, entry),
    };
    // The system looks now and then whether the other side is there. A program has nothing like it.
    if (kept) client.socket?.setKeepAlive?.(true, KEEP_ALIVE);
    client.once("end", entry.onEnd);
    list.push(entry);
    this.#police(place, 1);
    if (++this.#count > MOST_IDLE) this.#expireOldest();
  }

  /** A connection that is closed, or of no use any more. */
  drop(client: SmtpClient): void {
    this.#used.delete(client);
    if (client.isOpen) client.quit();
  }

  /** Number of idle connections (tests, statistics). */
  get idle(): number {
    return this.#count;
  }

  /** Ends idle connections politely; those in use end with their message. */
  close(): void {
    this.#closed = true;
    for (const [place, list] of this.#idle) {
      for (const entry of list) {
        this.#forget(place, entry);
        entry.client.quit();
      }
    }
    this.#idle.clear();
  }

  #expire(place: string, entry: Idle): void {
    this.#remove(place, entry);
    entry.client.quit();
  }

  #remove(place: string, entry: Idle): void {
    this.#forget(place, entry);
    const list = this.#idle.get(place);
    const at = list?.indexOf(entry) ?? -1;
    if (at >= 0) list?.splice(at, 1);
    if (list?.length === 0) this.#idle.delete(place);
  }

  #expireOldest(): void {
    const [first] = this.#idle;
    if (first !== undefined) this.#expire(first[0], first[1][0]);
  }

  #police(place: string, change: 1 | -1): void {
    const at = place.indexOf(UNDER_POLICY);
    if (at < 0) return;
    const host = place.slice(0, at);
    const count = (this.#policed.get(host) ?? 0) + change;
    if (count > 0) this.#policed.set(host, count);
    else this.#policed.delete(host);
  }

  #forget(place: string, { client, cancel, onEnd }: Idle): void {
    this.#count--;
    this.#police(place, -1);
    cancel();
    client.off("end", onEnd);
  }
}
