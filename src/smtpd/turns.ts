/**
 * Who is served next, where the time of one thread is all there is: a connection works for a millisecond and then lets others
 * go on, and connections whose work comes to nothing get what is left.
 *
 * Time that led to a message in the queue is well spent. What was spent since (transactions without a message, commands that
 * are none, handshakes, connections that only come and go) is waste, forgotten in the course of a minute. A connection that
 * wasted more than a few milliseconds, and all connections of a client that left so much waste behind, stand in a line of
 * their own: while others have work, the line gets a part of the time; when nobody else does, all of it. First in it is the
 * client that wasted least, whatever the number of connections. Nobody is refused anything for it.
 */

/** What an answer that came later took of our time nobody knows: the time it took, up to this, ms. */
export const LONGEST_FEE = 0.3;

/** So long a connection goes on without a break, ms. */
const BUDGET = 1;
/** Waste that a connection, and a client for the connections that it has left, is forgiven, ms. */
const FORGIVEN = 4;
const FORGIVEN_CLIENT = 20;
/**
 * A recipient that was accepted promises mail: so much more time of its transaction is no waste before its end, ms; and so
 * much at most of one transaction, and of all those of a client.
 */
const HOPE = 0.15;
const MOST_HOPED = 15;
const MOST_OPEN = 40;
/** No piece of work counts for more, ms: the thread was kept from it then, by other processes or by the collection of garbage. */
const LONGEST_PIECE = 1.5;
/** What comes behind a message (QUIT, RSET) is not waste, ms for each. */
const BONUS = 1;
/** Half of all waste is forgotten in this time, ms. */
const HALF_LIFE = 10_000;
/** The line's part of the time while others have work: of all time, and as against what they take of it. */
const SHARE = 0.05;
const SHARE_OF_WORK = 0.1;
/** Time that the line may save up, ms. */
const MOST_SAVED = 2;
/** When the others have done nothing for so long they have no work, ms. */
const QUIET = 5;
/** While the line has no time, it looks so often whether there is some, ms. */
const LOOK_EVERY = 1;
/** Among so many clients at the head of the line the next one is looked for. */
const HEAD = 256;

/** Milliseconds that lose half their weight in ten seconds. */
export class Waste {
  #amount = 0;
  #at = 0;

  at(now: number): number {
    if (this.#amount === 0) return 0;
    return this.#amount * 0.5 ** ((now - this.#at) / HALF_LIFE);
  }

  /** The same question as `at(now) > limit`, for which there is mostly nothing to reckon. */
  exceeds(limit: number, now: number): boolean {
    return this.#amount > limit && this.at(now) > limit;
  }

  /** Orders amounts, whenever they were added to. */
  get rank(): number {
    return this.#amount === 0 ? -Infinity : Math.log2(this.#amount) + this.#at / HALF_LIFE;
  }

  add(ms: number, now: number): void {
    this.#amount = Math.max(0, this.at(now) + ms);
    this.#at = now;
  }
}

/** The connections of one client, as far as they share time. */
export class ClientShare {
  readonly waste = new Waste();
  /** Spent on transactions that promise mail. */
  promised = 0;
  /** What waits in the line. */
  readonly waiting: (() => void)[] = [];
}

/** Where time and later come from: tests bring their own. */
export interface TurnTime {
  /** Ms, with fractions. */
  now(): number;
  /** Does it when all that is ready now has had its turn. */
  next(action: () => void): void;
  /** Does it after so many ms. */
  later(action: () => void, ms: number): void;
}

const realTime: TurnTime = {
  now: () => performance.now(),
  next: (action) => void setImmediate(action),
  later: (action, ms) => void setTimeout(action, ms),
};

export class Turns {
  readonly time: TurnTime;
  /** Clients with connections in the line; who was served last is behind those not served since. */
  readonly #line: ClientShare[] = [];
  #saved = 0;
  #savedAt = 0;
  #lastOther = -Infinity;
  #isUnderWay = false;

  constructor(time: TurnTime = realTime) {
    this.time = time;
  }

  /** Others than the line have worked so long, up to now. */
  worked(ms: number, now: number): void {
    this.#lastOther = now;
    this.#saved = Math.min(MOST_SAVED, this.#saved + ms * SHARE_OF_WORK);
  }

  /** The line has cost so much elsewhere. */
  spent(ms: number): void {
    this.#saved -= ms;
  }

  /** Puts work at the end of its client's part of the line. */
  stand(client: ClientShare, work: () => void): void {
    if (client.waiting.push(work) === 1) this.#line.push(client);
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    this.time.next(this.#serve);
  }

  readonly #serve = (): void => {
    const { time } = this;
    const began = time.now();
    const isQuiet = began - this.#lastOther >= QUIET;
    this.#saved = Math.min(MOST_SAVED, this.#saved + (began - this.#savedAt) * SHARE);
    this.#savedAt = began;
    if (isQuiet) this.#saved = Math.max(0, this.#saved);
    else if (this.#saved <= 0) return time.later(this.#serve, LOOK_EVERY);
    let now = began;
    do {
      this.#first()?.();
      now = time.now();
    } while (this.#line.length > 0 && now - began < BUDGET);
    if (!isQuiet) this.#saved -= now - began;
    this.#isUnderWay = this.#line.length > 0;
    if (this.#isUnderWay) time.next(this.#serve);
  };

  /** Takes the next piece of work out of the line. */
  #first(): (() => void) | undefined {
    let least = Infinity;
    let at = 0;
    for (let i = 0; i < this.#line.length && i < HEAD; i++) {
      const { rank } = this.#line[i].waste;
      if (rank < least) [least, at] = [rank, i];
    }
    const [client] = this.#line.splice(at, 1);
    const work = client.waiting.shift();
    if (client.waiting.length > 0) this.#line.push(client);
    return work;
  }
}

/** The time of one connection. */
export class Share {
  readonly #turns: Turns;
  readonly #client: ClientShare;
  readonly #waste = new Waste();
  /** Since the last message; and as much of it as its client does not have to its account yet. */
  #spent = 0;
  #own = 0;
  /** Time that the transaction under way may take, for what it promises; and as much of it as was taken, which is no waste yet. */
  #hoped = 0;
  #open = 0;
  /** When the work that goes on began. */
  #since: number | undefined;
  /** What belongs to the end of the work that goes on. */
  #last: (() => void) | undefined;

  constructor(turns: Turns, client = new ClientShare()) {
    this.#turns = turns;
    this.#client = client;
  }

  /** Does work of this connection when it is its turn: now, unless it has to stand in the line. */
  take(work: () => void): void {
    if (this.#since !== undefined) return work();
    const now = this.#turns.time.now();
    if (this.#standsBack(now)) this.#turns.stand(this.#client, () => this.#work(work));
    else this.#work(work, now);
  }

  /** Does it (the latest of those said) at the end of the work that goes on, as part of it. @returns false when none does */
  atEnd(action: () => void): boolean {
    if (this.#since === undefined) return false;
    this.#last = action;
    return true;
  }

  /** True when the work that goes on has to make a break: `later` is to follow. */
  get isOver(): boolean {
    return this.#since !== undefined && this.#turns.time.now() - this.#since >= BUDGET;
  }

  /** Goes on with it after others had their turn. */
  later(work: () => void): void {
    const { time } = this.#turns;
    if (this.#standsBack(time.now())) this.#turns.stand(this.#client, () => this.#work(work));
    else time.next(() => this.#work(work));
  }

  /** Does something for this connection now, and counts its time, in the midst of its work or outside of it. */
  watch(action: () => void): void {
    if (this.#since !== undefined) return action();
    const { time } = this.#turns;
    const began = time.now();
    action();
    this.charge(time.now() - began);
  }

  /** Work that could not be watched took so long, ms. */
  charge(ms: number): void {
    const now = this.#turns.time.now();
    const isOther = !this.#standsBack(now);
    if (isOther) this.#turns.worked(ms, now);
    else this.#turns.spent(ms);
    this.#note(ms, now, isOther);
  }

  /** A recipient was accepted. */
  hope(): void {
    this.#hoped = Math.min(MOST_HOPED, this.#hoped + HOPE);
  }

  /** The transaction is over. What was spent on it is waste, unless its message is in the queue: `delivered` follows. */
  endHope(): void {
    const ms = this.#open;
    this.#hoped = this.#open = 0;
    if (ms === 0) return;
    this.#client.promised -= ms;
    this.#spent += ms;
    this.#own += ms;
    this.#waste.add(ms, this.#turns.time.now());
  }

  /** The connection is over. */
  end(): void {
    this.endHope();
    const now = this.#turns.time.now();
    this.#client.waste.add(Math.min(this.#own, this.#waste.at(now)), now);
  }

  /** A message is in the queue: what was spent on it was well spent. */
  delivered(): void {
    this.endHope();
    const now = this.#turns.time.now();
    this.#client.waste.add(this.#own - this.#spent - BONUS, now);
    this.#waste.add(-this.#spent - BONUS, now);
    this.#spent = this.#own = 0;
  }

  #standsBack(now: number): boolean {
    return this.#waste.exceeds(FORGIVEN, now) || this.#client.waste.exceeds(FORGIVEN_CLIENT, now);
  }

  #work(work: () => void, began = this.#turns.time.now()): void {
    const { time } = this.#turns;
    const isOther = !this.#standsBack(began);
    this.#since = began;
    try {
      work();
    } finally {
      this.#last?.();
      this.#last = undefined;
      this.#since = undefined;
      const now = time.now();
      if (isOther) this.#turns.worked(now - began, now);
      this.#note(now - began, now, isOther);
    }
  }

  #note(took: number, now: number, isOther: boolean): void {
    const ms = Math.min(took, LONGEST_PIECE);
    if (isOther && this.#open + ms <= this.#hoped && this.#client.promised + ms <= MOST_OPEN) {
      this.#open += ms;
      this.#client.promised += ms;
      return;
    }
    this.#spent += ms;
    this.#waste.add(ms, now);
    if (isOther) this.#own += ms;
    else this.#client.waste.add(ms, now);
  }
}
