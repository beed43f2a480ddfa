import { describe, expect, test } from "@jest/globals";
import { ClientShare, Share, type TurnTime, Turns } from "../../../src/smtpd/turns.ts";

/** A thread of its own: time passes only while work is done, or while nothing is left to do. */
class Thread implements TurnTime {
  #now = 0;
  #next: (() => void)[] = [];
  #later: { readonly at: number; readonly action: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  work(ms: number): void {
    this.#now += ms;
  }

  next(action: () => void): void {
    this.#next.push(action);
  }

  later(action: () => void, ms: number): void {
    this.#later.push({ at: this.#now + ms, action });
  }

  /** One turn of the loop; idle time is skipped. */
  turn(): void {
    const ready = this.#next;
    this.#next = [];
    for (const action of ready) action();
    if (ready.length === 0 && this.#later.length > 0) {
      this.#now = Math.max(this.#now, Math.min(...this.#later.map(({ at }) => at)));
    }
    const due = this.#later.filter(({ at }) => at <= this.#now);
    this.#later = this.#later.filter(({ at }) => at > this.#now);
    for (const { action } of due) action();
  }

  run(until: number): void {
    while (this.#now < until && this.#next.length + this.#later.length > 0) this.turn();
  }
}

interface Peer {
  readonly share: Share;
  /** Commands that were done. */
  done: number;
}

/** A peer that has sent commands without end, each of which takes so long; a message after so many makes them worth it. */
function flood(
  thread: Thread,
  turns: Turns,
  ms: number,
  { client = new ClientShare(), message = Infinity } = {},
): Peer {
  const peer: Peer = { share: new Share(turns, client), done: 0 };
  const work = (): void => {
    for (;;) {
      thread.work(ms);
      if (++peer.done % message === 0) peer.share.delivered();
      if (peer.share.isOver) return peer.share.later(work);
    }
  };
  peer.share.take(work);
  return peer;
}

/** A peer that waits for each answer, and is a moment under way with the next command. */
function converse(thread: Thread, turns: Turns, ms: number, away: number, message: number): Peer {
  const peer: Peer = { share: new Share(turns), done: 0 };
  const command = (): void =>
    peer.share.take(() => {
      thread.work(ms);
      if (++peer.done % message === 0) peer.share.delivered();
      thread.later(command, away);
    });
  command();
  return peer;
}

describe("a connection", () => {
  test("makes a break after a millisecond, also when it brings mail", () => {
    const thread = new Thread();
    const turns = new Turns(thread);
    const first = flood(thread, turns, 0.125, { message: 5 });
    const second = flood(thread, turns, 0.125, { message: 5 });
    expect([first.done, second.done]).toEqual([8, 8]);
    for (let i = 0; i < 100; i++) thread.turn();
    expect(Math.abs(first.done - second.done)).toBeLessThanOrEqual(20);
  });

  test("that floods has the thread for itself when nobody else is there", () => {
    const thread = new Thread();
    const peer = flood(thread, new Turns(thread), 0.1);
    thread.run(1000);
    expect(peer.done).toBeGreaterThan(9900);
  });

  test("that brings mail keeps more than half beside one that floods, and beside two hundred", () => {
    for (const attackers of [1, 200]) {
      const thread = new Thread();
      const turns = new Turns(thread);
      for (let i = 0; i < attackers; i++) flood(thread, turns, 0.1);
      // What everybody is forgiven is used up.
      thread.run(2000);
      const good = flood(thread, turns, 0.125, { message: 5 });
      const began = thread.now();
      thread.run(began + 1000);
      expect((good.done * 0.1) / (thread.now() - began)).toBeGreaterThan(0.5);
    }
  });

  test("that waits for its answers is served almost as if the flood were not there", () => {
    const alone = new Thread();
    const undisturbed = converse(alone, new Turns(alone), 0.1, 0.1, 5);
    alone.run(1000);
    const thread = new Thread();
    const turns = new Turns(thread);
    for (let i = 0; i < 200; i++) flood(thread, turns, 0.1);
    thread.run(2000);
    const peer = converse(thread, turns, 0.1, 0.1, 5);
    thread.run(thread.now() + 1000);
    expect(peer.done).toBeGreaterThan(undisturbed.done / 2);
  });

  test("that floods and then behaves is forgiven in the course of a minute", () => {
    const thread = new Thread();
    const turns = new Turns(thread);
    const peer = flood(thread, turns, 0.1);
    thread.run(5);
    const order: string[] = [];
    const ask = (): void => {
      order.length = 0;
      peer.share.take(() => order.push("peer"));
      order.push("after");
    };
    ask();
    expect(order).toEqual(["after"]);
    thread.work(120_000);
    ask();
    expect(order).toEqual(["peer", "after"]);
  });
});

/** Says how soon a command of the peer is done: before what has to wait for its turn, or not. */
function isServedAtOnce(share: Share): boolean {
  let isDone = false;
  share.take(() => (isDone = true));
  return isDone;
}

function accept(thread: Thread, share: Share, recipients: number): void {
  for (let i = 0; i < recipients; i++) {
    share.take(() => {
      thread.work(0.125);
      share.hope();
    });
    thread.turn();
  }
}

describe("recipients that were accepted", () => {
  test("keep a client out of the line while their transaction lasts, and for ever when it brings the message", () => {
    const thread = new Thread();
    const turns = new Turns(thread);
    const share = new Share(turns);
    for (let message = 0; message < 10; message++) {
      accept(thread, share, 100);
      expect(isServedAtOnce(share)).toBe(true);
      share.endHope();
      share.delivered();
    }
    expect(isServedAtOnce(share)).toBe(true);
  });

  test("count as waste when their transaction is given up", () => {
    const thread = new Thread();
    const share = new Share(new Turns(thread));
    accept(thread, share, 100);
    share.endHope();
    expect(isServedAtOnce(share)).toBe(false);
    // What they promise now is not believed: what was wasted before counts.
    accept(thread, share, 100);
    expect(isServedAtOnce(share)).toBe(false);
  });

  test("promise no more than a hundred can take", () => {
    const thread = new Thread();
    const share = new Share(new Turns(thread));
    accept(thread, share, 200);
    expect(isServedAtOnce(share)).toBe(false);
  });

  test("of all connections of a client together promise 40 ms", () => {
    const thread = new Thread();
    const turns = new Turns(thread);
    const client = new ClientShare();
    const shares = Array.from({ length: 6 }, () => new Share(turns, client));
    for (const share of shares) accept(thread, share, 90);
    expect(shares.map(isServedAtOnce)).toEqual([true, true, true, false, false, false]);
    // The promises of those who go are free for others.
    shares[0].delivered();
    shares[1].delivered();
    const next = new Share(turns, client);
    accept(thread, next, 90);
    expect(isServedAtOnce(next)).toBe(true);
  });
});

describe("clients", () => {
  test("share the time of the line, whatever the number of their connections", () => {
    const thread = new Thread();
    const turns = new Turns(thread);
    const many = new ClientShare();
    const peers = Array.from({ length: 50 }, () => flood(thread, turns, 0.1, { client: many }));
    const single = flood(thread, turns, 0.1);
    thread.run(1000);
    const before = [single.done, peers.reduce((sum, { done }) => sum + done, 0)];
    thread.run(2000);
    const after = [single.done, peers.reduce((sum, { done }) => sum + done, 0)];
    expect((after[0] - before[0]) / (after[1] - before[1])).toBeCloseTo(1, 1);
  });

  test("that come again and again with short connections stand in the line as well", () => {
    const thread = new Thread();
    const client = new ClientShare();
    const turns = new Turns(thread);
    let atOnce = 0;
    for (let i = 0; i < 100; i++) {
      let isDone = false;
      const share = new Share(turns, client);
      share.take(() => {
        thread.work(1);
        isDone = true;
      });
      share.end();
      if (isDone) atOnce++;
    }
    expect(atOnce).toBeLessThan(50);
  });
});
