import { beforeEach, describe, expect, test } from "@jest/globals";
import { Destinations } from "../../../../src/delivery/smtp/destinations.ts";
import type { Destination, Lease } from "../../../../src/delivery/smtp/destination.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const never = new AbortController().signal;
let clock: ManualClock;
let destinations: Destinations;
/** Keys that the queue was told to leave alone. */
let blocked: Set<string>;

beforeEach(() => {
  clock = new ManualClock();
  destinations = new Destinations(clock);
  blocked = new Set();
  destinations.queue = (key, isBlocked) => void (isBlocked ? blocked.add(key) : blocked.delete(key));
});

async function lease(destination: Destination): Promise<Lease> {
  const entered = await destination.enter(never);
  if (entered.kind !== "lease") throw new Error(entered.reason);
  return entered;
}

/** Talks so often that the window has its full size. */
async function proven(name: string, key: string): Promise<Destination> {
  const destination = destinations.find(name, key);
  for (let count = 0; count < 40; count++) {
    const held = await lease(destination);
    held.worked();
    held.leave();
  }
  return destination;
}

/** How many of `many` messages are admitted; what gives them back. */
function admitted(key: string, many: number): (() => void)[] {
  return Array.from({ length: many }, () => destinations.admit(key)).filter((each) => each !== undefined);
}

describe("the queue's door", () => {
  test("lets one message out for a destination that nobody has been to, and the next one when it is back", () => {
    const done = destinations.admit("esmtp a.test");
    expect(blocked).toEqual(new Set(["esmtp a.test"]));
    expect(destinations.admit("esmtp a.test")).toBeUndefined();
    expect(destinations.admit("esmtp b.test")).toBeDefined();
    done!();
    expect(blocked).toEqual(new Set(["esmtp b.test"]));
    expect(destinations.admit("esmtp a.test")).toBeDefined();
  });

  test("opens with each success up to 20 at once, and half as far after a failure", async () => {
    const destination = destinations.find("mx.a.test", "esmtp a.test");
    const sizes: number[] = [];
    for (let count = 0; count < 25; count++) {
      const held = await lease(destination);
      held.worked();
      held.leave();
      sizes.push(destination.window);
    }
    expect(sizes.slice(0, 3)).toEqual([2, 3, 4]);
    expect(admitted("esmtp a.test", 60)).toHaveLength(20);
    const held = await lease(destination);
    held.failed();
    held.leave();
    expect(destination.window).toBe(10);
    destination.isDown();
    expect(destination.window).toBe(1);
  });

  test("domains with the same hosts share what these take, and none of them is forgotten", async () => {
    const shared = await proven("mx.big.test", "esmtp a.test");
    expect(destinations.find("mx.big.test", "esmtp b.test")).toBe(shared);
    const [first, second] = [admitted("esmtp a.test", 15), admitted("esmtp b.test", 15)];
    expect([first.length, second.length]).toEqual([15, 5]);
    expect(destinations.admit("esmtp a.test")).toBeUndefined();
    expect(blocked).toEqual(new Set(["esmtp a.test", "esmtp b.test"]));
    for (const done of [...first, ...second]) done();
    expect(blocked).toEqual(new Set());
  });

  test("a message that was let out before anybody knew where it leads counts there", () => {
    const done = destinations.admit("esmtp a.test");
    const destination = destinations.find("mx.big.test", "esmtp a.test");
    expect([destination.claims, destinations.admit("esmtp a.test")]).toEqual([1, undefined]);
    // The domain moves to other hosts.
    const other = destinations.find("mx.other.test", "esmtp a.test");
    expect([destination.claims, other.claims]).toEqual([0, 1]);
    done!();
    expect([other.claims, blocked.size]).toEqual([0, 0]);
  });

  test("what is held stays in the queue with a reason, until its time is over", async () => {
    const destination = await proven("mx.a.test", "esmtp a.test");
    destination.hold(clock.now() + 60_000, "it has had enough");
    expect(destinations.admit("esmtp a.test")).toBeUndefined();
    expect(destinations.whyNot("esmtp a.test")).toBe("it has had enough");
    expect(blocked).toEqual(new Set(["esmtp a.test"]));
    clock.advance(60_000);
    expect(blocked).toEqual(new Set());
    expect(destinations.whyNot("esmtp a.test")).toBeUndefined();
    expect(destinations.admit("esmtp a.test")).toBeDefined();
    destination.hold(Infinity, "suspended");
    clock.advance(10 ** 12);
    expect(destinations.admit("esmtp a.test")).toBeUndefined();
    destination.hold(undefined);
    expect(destinations.admit("esmtp a.test")).toBeDefined();
  });

  test("messages per minute are not exceeded in any minute, beyond what goes in a second", async () => {
    const destination = await proven("mx.a.test", "esmtp a.test");
    destination.limits = { messagesPerMinute: 30 };
    const times: number[] = [];
    for (let second = 0; second < 600; second++) {
      for (let done = destinations.admit("esmtp a.test"); done; done = destinations.admit("esmtp a.test")) {
        (await lease(destination)).leave();
        times.push(clock.now());
        done();
      }
      clock.advance(1_000);
    }
    expect(times.length).toBeGreaterThan(290);
    for (const from of times) {
      expect(times.filter((at) => at >= from && at < from + 60_000).length).toBeLessThanOrEqual(31);
    }
    expect(blocked.size).toBeLessThanOrEqual(1);
  });
});

describe("the agent's door", () => {
  test("lets those in line go on in their order, and sends the rest away for a minute", async () => {
    const destination = destinations.find("mx.a.test", "esmtp a.test");
    const first = await lease(destination);
    const order: number[] = [];
    const waiting = Array.from({ length: 100 }, async (_, number) => {
      const each = await lease(destination);
      order.push(number);
      each.leave();
    });
    expect(await destination.enter(never)).toMatchObject({ kind: "later", until: clock.now() + 60_000 });
    first.leave();
    await Promise.all(waiting);
    expect(order).toEqual(Array.from({ length: 100 }, (_, number) => number));
    expect(destination.isIdle).toBe(true);
  });

  test("whoever waits hears that the destination is held, or that the delivery is over", async () => {
    const destination = destinations.find("mx.a.test", "esmtp a.test");
    const first = await lease(destination);
    const abort = new AbortController();
    const aborted = destination.enter(abort.signal);
    const other = destination.enter(never);
    abort.abort();
    expect(await aborted).toMatchObject({ kind: "later", reason: "delivery interrupted" });
    destination.hold(Infinity, "suspended");
    expect(await other).toEqual({ kind: "later", until: Infinity, reason: "suspended" });
    first.leave();
    expect(destination.talking).toBe(0);
  });

  test("a thousand destinations that are not used any more are forgotten", () => {
    for (let number = 0; number < 45_000; number++) destinations.find(`mx${number}.test`, `esmtp d${number}.test`);
    expect([...destinations.all()].length).toBeLessThanOrEqual(20_001);
  });
});

test("what is known about destinations stays within bounds, also when some are held for ever", () => {
  const held = Array.from({ length: 30 }, (_, count) => destinations.named(`held${count}.test`));
  for (const each of held) each.hold(Infinity, "suspended");
  for (let count = 0; count < 25_000; count++) destinations.find(`mx${count}.test`, `esmtp b${count}.test`);
  const known = [...destinations.all()];
  expect(known.length).toBeLessThan(20_100);
  expect(known.filter((each) => held.includes(each))).toHaveLength(30);
});
