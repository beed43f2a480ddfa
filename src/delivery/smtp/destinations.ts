/**
 * How much goes on with each destination: who may have a connection now, who waits, and what the queue should leave alone.
 *
 * A destination is where the best exchangers of a domain are: domains that share them share it. It begins with one
 * conversation at a time. Each message that it answers widens the window by one, up to its limit; each conversation that
 * fails halves it. So a host that is down is tried once, and a strong one soon has all it can take.
 *
 * Two doors lead in. The queue asks before it hands out a message (`admit`) and is told when to ask again: what waits there
 * costs nothing. An agent asks before it connects (`enter`): messages with several destinations, and those nobody had placed
 * before, come that way, and a few of them may stand in line. State outlives sites; nothing here is on disk.
 */
import type { Clock } from "../../sys/clock.ts";
import { hostOfKey } from "../../envelope/destination.ts";
import { Destination, type Later } from "./destination.ts";
import { HostStatus } from "./host-status.ts";

/** A key of the queue (envelope/destination.ts) while something is known about it. */
interface Line {
  readonly key: string;
  /** Messages that the queue has handed out and that are not back yet. */
  claims: number;
  /** The queue was told to leave its messages alone. */
  blocked: boolean;
  /** Where it leads; undefined before an agent has found out. */
  destination: Destination | undefined;
}

/** Keys, and destinations, that are remembered beyond those in use. */
const MOST = 20_000;

/** Tells the queue whether to leave the messages of a key alone. */
export type Block = (key: string, blocked: boolean) => void;

export class Destinations {
  /** Which of their hosts are down. */
  readonly hosts: HostStatus;
  readonly #clock: Clock;
  readonly #lines = new Map<string, Line>();
  readonly #destinations = new Map<string, Destination>();
  readonly #suspended = new Set<string>();
  #block: Block = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.hosts = new HostStatus(clock);
  }

  /** Who is told what to leave alone; one queue for each process. */
  set queue(block: Block) {
    this.#block = block;
  }

  /**
   * May a message for this key be worked on now? Call the answer when it is done. Undefined: not now; the queue is told
   * when to ask again.
   */
  admit(key: string): (() => void) | undefined {
    const line = this.#line(key);
    if (this.#room(line) <= 0) {
      this.#stop(line);
      return undefined;
    }
    line.claims++;
    if (line.destination !== undefined) line.destination.claims++;
    if (this.#room(line) <= 0) this.#stop(line);
    return () => {
      line.claims--;
      if (line.destination !== undefined) line.destination.claims--;
      this.#wake(line);
    };
  }

  /** Why messages for this key are not tried now, when that is more than "others are being tried". */
  whyNot(key: string): string | undefined {
    const destination = this.#lines.get(key)?.destination;
    return (this.suspended(hostOfKey(key), destination?.name) ?? destination?.held)?.reason;
  }

  /** Hosts for which an operator lets nothing go, or for domains below them; a name of an exchanger stops what goes there. */
  suspend(hosts: Iterable<string>): void {
    this.#suspended.clear();
    for (const host of hosts) this.#suspended.add(host);
    for (const line of this.#lines.values()) if (line.blocked && this.#room(line) > 0) this.#go(line);
  }

  /** @param destination as far as it is known */
  suspended(host: string, destination = ""): Later | undefined {
    if (this.#suspended.size === 0) return undefined;
    const names = [host, ...destination.split(",")].map((name) => name.toLowerCase().replace(/(?::\d+|\.)$/, ""));
    for (const name of names) {
      for (let part = name; part !== ""; part = part.slice(part.indexOf(".") + 1)) {
        if (this.#suspended.has(part))
          return { kind: "later", until: Infinity, reason: `suspended by an operator: ${part}` };
        if (!part.includes(".")) break;
      }
    }
    return undefined;
  }

  /** The destination of that name, and that this key of the queue leads there. */
  find(name: string, key: string): Destination {
    const destination = this.named(name);
    const line = this.#line(key);
    const before = line.destination;
    if (before === destination) return destination;
    if (before !== undefined) {
      before.claims -= line.claims;
      before.keys.delete(key);
    }
    line.destination = destination;
    destination.claims += line.claims;
    if (line.blocked) destination.keys.add(key);
    return destination;
  }

  /** The destination of that name. */
  named(name: string): Destination {
    let destination = this.#destinations.get(name);
    if (destination !== undefined) return destination;
    destination = new Destination(name, this.#clock, (each) => this.#wakeAll(each));
    this.#destinations.set(name, destination);
    forgetOld(this.#destinations, (each) => each.isIdle);
    return destination;
  }

  /** Every destination that is known now. */
  all(): Iterable<Destination> {
    return this.#destinations.values();
  }

  #room(line: Line): number {
    if (this.suspended(hostOfKey(line.key), line.destination?.name) !== undefined) return 0;
    // Before anybody has been there: one at a time.
    return line.destination?.room ?? 1 - line.claims;
  }

  #stop(line: Line): void {
    if (line.blocked) return;
    line.blocked = true;
    line.destination?.keys.add(line.key);
    this.#block(line.key, true);
  }

  #go(line: Line): void {
    line.blocked = false;
    line.destination?.keys.delete(line.key);
    this.#block(line.key, false);
  }

  #wake(line: Line): void {
    if (line.destination === undefined) {
      if (line.blocked && this.#room(line) > 0) this.#go(line);
    } else this.#wakeAll(line.destination);
  }

  /**
   * Lets the queue hand out messages again. A blocked key may have none left, so more keys are told than there is room for,
   * and all of them when nothing else would tell them later.
   */
  #wakeAll(destination: Destination): void {
    const { room, claims, keys } = destination;
    if (room <= 0) return;
    let left = claims === 0 ? keys.size : 2 * room + 1;
    for (const key of keys) {
      if (left-- <= 0) return;
      const line = this.#lines.get(key);
      if (line === undefined) keys.delete(key);
      else if (this.#room(line) > 0) this.#go(line);
    }
  }

  #line(key: string): Line {
    let line = this.#lines.get(key);
    if (line !== undefined) {
      // The last one used is the last one forgotten.
      this.#lines.delete(key);
      this.#lines.set(key, line);
      return line;
    }
    line = { key, claims: 0, blocked: false, destination: undefined };
    this.#lines.set(key, line);
    forgetOld(this.#lines, (each) => each.claims === 0 && !each.blocked);
    return line;
  }
}

/** Makes room for a newcomer, as far as the oldest are of no use. */
function forgetOld<T>(map: Map<string, T>, isIdle: (value: T) => boolean): void {
  if (map.size <= MOST) return;
  let looked = 0;
  for (const [key, value] of map) {
    map.delete(key);
    // What is in use for long must not stand before the others for ever.
    if (!isIdle(value)) map.set(key, value);
    if (map.size <= MOST || ++looked > 10) return;
  }
}
