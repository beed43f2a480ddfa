import { describe, expect, test } from "@jest/globals";
import { Clients, ConnectionCount, type VisitLimits } from "../../../src/smtpd/clients.ts";
import { clientKey } from "../../../src/sys/client-key.ts";

const LIMITS: VisitLimits = { most: 0, window: 60_000, logInterval: 1000 };

test("connections are counted within a window that moves on", () => {
  const count = new ConnectionCount();
  const added = (...seconds: number[]): number[] => seconds.map((second) => count.add(second * 1000, 60_000));
  expect(added(0, 1, 30, 59)).toEqual([1, 2, 3, 4]);
  // Ten seconds are the smallest step: the two of the beginning are out of it.
  expect(added(60, 70, 95)).toEqual([3, 4, 4]);
  expect(added(1000)).toEqual([1]);
});

test("an IPv6 client is its network of 64 bits", () => {
  for (const [address, key] of [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"],
    ["2001:db8:1:2::6", "2001:db8:1:2::"],
    ["2001:db8::6", "2001:db8:0:0::"],
    ["::1", "0:0:0:0::"],
    ["fe80::", "fe80:0:0:0::"],
  ]) {
    expect([address, clientKey(address)]).toEqual([address, key]);
  }
});

describe("Clients", () => {
  test("counts what is open, refuses above the limit, and says once in an interval that it is news", () => {
    const clients = new Clients();
    const arrive = (now: number) => clients.arrive("192.0.2.1", now, { ...LIMITS, most: 2 });
    const first = arrive(0);
    expect(first).toMatchObject({ connections: 1, rate: 1, totalRate: 1 });
    expect(clients.arrive("192.0.2.2", 0, LIMITS)).toMatchObject({ connections: 1, rate: 1, totalRate: 2 });
    expect(arrive(0)).toMatchObject({ connections: 2, rate: 2, totalRate: 3 });
    expect([0, 999, 1000].map(arrive)).toEqual([
      { open: 2, isNews: true },
      { open: 2, isNews: false },
      { open: 2, isNews: true },
    ]);
    for (let i = 0; i < 2; i++) if ("leave" in first) first.leave();
    expect(arrive(2000)).toMatchObject({ connections: 2 });
    expect(arrive(2000)).toMatchObject({ open: 2 });
  });

  test("a botnet does not fill the memory: clients that have gone are forgotten, open ones are not", () => {
    const clients = new Clients();
    clients.arrive("192.0.2.1", 0, LIMITS);
    for (let i = 0; i < 50_000; i++) {
      const visit = clients.arrive(`2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::1`, 0, LIMITS);
      if (!("leave" in visit)) throw new Error("refused");
      // Half of them wasted time.
      if (i % 2 === 0) visit.share.charge(50);
      visit.leave();
    }
    expect(clients.size).toBeLessThanOrEqual(10_000);
    expect(clients.arrive("192.0.2.1", 0, LIMITS)).toMatchObject({ connections: 2 });
  });
});
