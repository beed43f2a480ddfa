/**
 * Who is connected and who was: for each client address how many connections are open, how many came of late, and what they
 * made of the server's time. An IPv6 client is a network of 64 bits: that is what one customer gets.
 */
import { clientKey } from "../sys/client-key.ts";
import { ClientShare, Share, Turns } from "./turns.ts";

/** The window of ConnectionRateWindowSize moves on in so many steps. */
const STEPS = 6;
/** So many clients that have gone are remembered before those without waste are looked for. */
const REMEMBERED = 10_000;
/** Waste not worth remembering, ms. */
const NO_WASTE = 1;

/** Connections within a window that moves on. */
export class ConnectionCount {
  readonly #steps = new Uint32Array(STEPS);
  /** Number of the step that is counted in, from the epoch on. */
  #step = 0;

  /** @returns how many there were in the window that ends now, this one included */
  add(now: number, window: number): number {
    this.#turn(now, window);
    this.#steps[this.#step % STEPS]++;
    return this.#steps.reduce((sum, each) => sum + each, 0);
  }

  #turn(now: number, window: number): void {
    const step = Math.floor(now / (Math.max(window, STEPS) / STEPS));
    const gone = Math.abs(step - this.#step);
    if (gone >= STEPS) this.#steps.fill(0);
    else for (let i = 1; i <= gone; i++) this.#steps[(this.#step + i) % STEPS] = 0;
    this.#step = step;
  }
}

class Client extends ClientShare {
  readonly rate = new ConnectionCount();
  open = 0;
  /** When it was last said in the log that connections are refused, ms since the epoch. */
  toldAt = -Infinity;
}

/** One connection, as it is counted. */
export interface Visit {
  /** Who has connected, or for whom a proxy has; "" for programs of this machine. XCLIENT changes nothing about it. */
  readonly address: string;
  readonly share: Share;
  /** Connections of the client that are open, this one included. */
  readonly connections: number;
  /** Connections of the client, and of all clients, within ConnectionRateWindowSize. */
  readonly rate: number;
  readonly totalRate: number;
  /** The connection is over. */
  leave(): void;
}

/** A connection that nobody counts (-bs). */
export function onlyVisit(): Visit {
  return { address: "", share: new Share(new Turns()), connections: 1, rate: 1, totalRate: 1, leave: () => undefined };
}

export interface VisitLimits {
  /** Connections at a time, 0 for no limit. */
  readonly most: number;
  /** ConnectionRateWindowSize, ms. */
  readonly window: number;
  /** RejectLogInterval, ms. */
  readonly logInterval: number;
}

/** Too many connections of this client are open. `isNews`: the log has not said so for RejectLogInterval. */
export interface Excess {
  readonly open: number;
  readonly isNews: boolean;
}

export class Clients {
  readonly #turns: Turns;
  readonly #byAddress = new Map<string, Client>();
  readonly #total = new ConnectionCount();

  constructor(turns = new Turns()) {
    this.#turns = turns;
  }

  /** Clients that are remembered. */
  get size(): number {
    return this.#byAddress.size;
  }

  /** @param now ms since the epoch */
  arrive(address: string, now: number, { most, window, logInterval }: VisitLimits): Visit | Excess {
    const key = clientKey(address);
    let client = this.#byAddress.get(key);
    if (client === undefined) {
      if (this.#byAddress.size >= REMEMBERED) this.#forget();
      client = new Client();
      this.#byAddress.set(key, client);
    }
    const rate = client.rate.add(now, window);
    const totalRate = this.#total.add(now, window);
    if (most > 0 && client.open >= most) {
      const isNews = now - client.toldAt >= logInterval;
      if (isNews) client.toldAt = now;
      return { open: client.open, isNews };
    }
    const counted = client;
    let isOpen = true;
    const share = new Share(this.#turns, counted);
    return {
      address,
      share,
      connections: ++counted.open,
      rate,
      totalRate,
      leave: () => {
        if (!isOpen) return;
        isOpen = false;
        counted.open--;
        share.end();
      },
    };
  }

  /** Drops clients that have gone and left nothing; when all left something, those who came first. */
  #forget(): void {
    const now = this.#turns.time.now();
    let spare = Math.ceil(REMEMBERED / 10);
    for (const [key, { open, waste }] of this.#byAddress) {
      if (open > 0 || waste.at(now) > NO_WASTE) continue;
      this.#byAddress.delete(key);
      spare--;
    }
    for (const [key, { open }] of this.#byAddress) {
      if (spare <= 0) return;
      if (open > 0) continue;
      this.#byAddress.delete(key);
      spare--;
    }
  }
}
