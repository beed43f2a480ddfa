/** One destination: how many may talk to it at once, how many do, and until when it is to be left alone. */
import type { Clock } from "../../sys/clock.ts";

/** A place among those who talk to a destination. */
export interface Lease {
  readonly kind: "lease";
  /** It has answered a message: next time more may come at once. */
  worked(): void;
  /** A conversation failed: next time fewer. */
  failed(): void;
  /** The host talks to so many and to no more: for a while no more are tried. */
  tooMany(talking: number): void;
  leave(): void;
}

/** Not now. */
export interface Later {
  readonly kind: "later";
  /** When to ask again, ms since the epoch. */
  readonly until: number;
  readonly reason: string;
}

/** What an administrator may say about a destination; undefined: the rest of the program decides. */
export interface DestinationLimits {
  /** Connections at the same time. */
  readonly connections?: number;
  readonly messagesPerMinute?: number;
}

/** Connections to one destination when nothing says otherwise. */
const DEFAULT_CONNECTIONS = 20;
/** Agents that stand in line for one destination; others come back. */
const LONGEST_LINE = 100;
/** How long a destination that took so many connections and no more is not asked for more, ms. */
const CEILING_LASTS = 600_000;
/** When they come back, ms. */
const COME_BACK = 60_000;

interface Bucket {
  tokens: number;
  /** When they were counted. */
  counted: number;
}
/** Different limits that are kept for one destination. */
const MOST_BUCKETS = 20;

export class Destination {
  readonly name: string;
  /** Keys of the queue that are blocked because of it, the longest first. */
  readonly keys = new Set<string>();
  /** Messages that the queue has handed out for it. */
  claims = 0;

  readonly #clock: Clock;
  readonly #woken: (destination: Destination) => void;
  readonly #waiting = new Set<() => void>();
  #limits: DestinationLimits = {};
  #window = 1;
  /** The most connections that the hosts have been found to take, and until when that is believed. */
  #ceiling = { most: Infinity, until: 0 };
  #talking = 0;
  #held: Later | undefined;
  #cancelHold: () => void = () => undefined;
  /** By limit: messages that may go now. Senders to whom another limit applies, or none, neither use nor lift this one. */
  readonly #buckets = new Map<number, Bucket>();
  /** The next token is waited for. */
  #refilling = false;

  /** @param woken there may be room again */
  constructor(name: string, clock: Clock, woken: (destination: Destination) => void) {
    this.name = name;
    this.#clock = clock;
    this.#woken = woken;
  }

  set limits(limits: DestinationLimits) {
    this.#limits = limits;
  }

  /** Conversations that may go on at once. */
  get window(): number {
    return Math.min(this.#window, this.#most);
  }

  /** Conversations that go on. */
  get talking(): number {
    return this.#talking;
  }

  /** Messages that the queue may hand out now. */
  get room(): number {
    if (this.held !== undefined) return 0;
    const room = this.window - this.claims;
    const { messagesPerMinute } = this.#limits;
    if (messagesPerMinute === undefined || room <= 0) return room;
    // Who was handed out and does not talk yet will need a token, too.
    const tokens = Math.floor(this.#bucket(messagesPerMinute).tokens) - Math.max(0, this.claims - this.#talking);
    if (tokens <= 0) this.#refill(messagesPerMinute);
    return Math.min(room, tokens);
  }

  /** Until when nothing goes there, and why. */
  get held(): Later | undefined {
    if (this.#held !== undefined && this.#clock.now() >= this.#held.until) this.#held = undefined;
    return this.#held;
  }

  get isIdle(): boolean {
    return this.#talking === 0 && this.claims === 0 && this.#waiting.size === 0 && this.keys.size === 0 && !this.held;
  }

  /** Nothing goes there until then; undefined: from now on again. */
  hold(until: number | undefined, reason = ""): void {
    this.#cancelHold();
    this.#cancelHold = () => undefined;
    this.#held = undefined;
    if (until === undefined) return this.#next();
    this.#held = { kind: "later", until, reason };
    const wait = until - this.#clock.now();
    if (Number.isFinite(wait)) this.#cancelHold = this.#clock.after(wait, () => this.#next());
    // Those in line hear of it.
    this.#next();
  }

  /** It cannot be reached: next time one tries, and the others wait for what it finds. */
  isDown(): void {
    this.#window = 1;
  }

  /** Waits in line for a place, unless it is too long or nothing may go there now. */
  async enter(signal: AbortSignal): Promise<Lease | Later> {
    while (this.#talking >= this.window || this.held !== undefined) {
      const { held } = this;
      if (held !== undefined) return held;
      if (signal.aborted) return { kind: "later", until: this.#clock.now(), reason: "delivery interrupted" };
      if (this.#waiting.size >= LONGEST_LINE) return this.#comeBack("many other messages are going there now");
      await this.#turn(signal);
    }
    const { messagesPerMinute } = this.#limits;
    if (messagesPerMinute !== undefined) {
      const bucket = this.#bucket(messagesPerMinute);
      if (bucket.tokens < 1) return this.#outOfTokens(messagesPerMinute);
      bucket.tokens--;
    }
    this.#talking++;
    return this.#lease();
  }

  #lease(): Lease {
    let left = false;
    return {
      kind: "lease",
      worked: () => void (this.#window = Math.min(this.#window + 1, this.#most)),
      failed: () => void (this.#window = Math.max(1, this.#window >> 1)),
      tooMany: (talking) => {
        this.#ceiling = { most: Math.max(1, talking), until: this.#clock.now() + CEILING_LASTS };
      },
      leave: () => {
        if (left) return;
        left = true;
        this.#talking--;
        this.#next();
      },
    };
  }

  get #most(): number {
    const { most, until } = this.#ceiling;
    const allowed = Math.max(1, this.#limits.connections ?? DEFAULT_CONNECTIONS);
    return this.#clock.now() < until ? Math.min(allowed, most) : allowed;
  }

  #comeBack(reason: string, wait = COME_BACK): Later {
    return { kind: "later", until: this.#clock.now() + wait, reason };
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        this.#waiting.delete(go);
        signal.removeEventListener("abort", go);
        resolve();
      };
      signal.addEventListener("abort", go, { once: true });
      this.#waiting.add(go);
    });
  }

  /** Those in line first, then the queue. */
  #next(): void {
    let free = this.held === undefined ? this.window - this.#talking : this.#waiting.size;
    for (const go of this.#waiting) {
      if (free-- <= 0) break;
      go();
    }
    this.#woken(this);
  }

  // ---- messages per minute ---------------------------------------------------------------------------------------------

  /** As it is now. */
  #bucket(perMinute: number): Bucket {
    const now = this.#clock.now();
    let bucket = this.#buckets.get(perMinute);
    if (bucket === undefined) {
      // A table that changes leaves some behind.
      if (this.#buckets.size >= MOST_BUCKETS) this.#buckets.clear();
      this.#buckets.set(perMinute, (bucket = { tokens: 1, counted: now }));
    }
    const earned = ((now - bucket.counted) * perMinute) / 60_000;
    bucket.tokens = Math.min(burst(perMinute), bucket.tokens + Math.max(0, earned));
    bucket.counted = now;
    return bucket;
  }

  #outOfTokens(perMinute: number): Later {
    this.#refill(perMinute);
    return this.#comeBack(`${perMinute} messages per minute`, this.#untilToken(perMinute));
  }

  #untilToken(perMinute: number): number {
    return Math.max(1, Math.ceil(((1 - this.#bucket(perMinute).tokens) * 60_000) / perMinute));
  }

  #refill(perMinute: number): void {
    if (this.#refilling) return;
    this.#refilling = true;
    this.#clock.after(this.#untilToken(perMinute), () => {
      this.#refilling = false;
      this.#next();
    });
  }
}

/** As many as go in a second may go at once. */
function burst(perMinute: number): number {
  return Math.max(1, Math.ceil(perMinute / 60));
}
