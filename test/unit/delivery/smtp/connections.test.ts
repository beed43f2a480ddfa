import { EventEmitter } from "node:events";
import { beforeEach, expect, test } from "@jest/globals";
import { Connections } from "../../../../src/delivery/smtp/connections.ts";
import type { SmtpClient } from "../../../../src/delivery/smtp/client.ts";

/** The side of a client that the cache sees. */
class FakeClient extends EventEmitter {
  isOpen = true;
  quits = 0;

  quit(): void {
    this.quits++;
    this.isOpen = false;
    this.emit("end");
  }
}

let now: number;
let timers: { at: number; action: () => void }[];
const clock = {
  now: () => now,
  after: (ms: number, action: () => void) => {
    const timer = { at: now + ms, action };
    timers.push(timer);
    return () => void (timers = timers.filter((each) => each !== timer));
  },
};

function pass(ms: number): void {
  now += ms;
  for (const { action } of timers.filter(({ at }) => at <= now)) action();
}

function fake(): FakeClient & SmtpClient {
  return new FakeClient() as FakeClient & SmtpClient;
}

beforeEach(() => {
  now = 0;
  timers = [];
});

test("a kept connection is used again, the last one first, until its time is over", () => {
  const cache = new Connections(clock, 2, 300_000);
  const [a, b] = [fake(), fake()];
  cache.put("x", a);
  cache.put("x", b);
  expect(cache.take("y")).toBeUndefined();
  expect(cache.take("x")).toBe(b);
  pass(300_000);
  expect(a.quits).toBe(1);
  expect(cache.take("x")).toBeUndefined();
  expect(b.quits).toBe(0);
  expect(timers).toEqual([]);
});

test("what a burst leaves beyond the cache size lingers for two seconds", () => {
  const cache = new Connections(clock, 1, 300_000);
  const [a, b] = [fake(), fake()];
  cache.put("x", a);
  cache.put("x", b);
  expect(cache.idle).toBe(2);
  pass(2_000);
  expect([a.quits, b.quits, cache.idle]).toEqual([0, 1, 1]);
});

test("a connection that the server closes leaves the cache", () => {
  const cache = new Connections(clock, 2, 300_000);
  const client = fake();
  cache.put("x", client);
  client.isOpen = false;
  client.emit("end");
  expect([cache.idle, client.listenerCount("end"), timers.length]).toEqual([0, 0, 0]);
});

test("size 0 and a closed cache keep nothing", () => {
  const none = new Connections(clock, 0, 300_000);
  const cache = new Connections(clock, 2, 300_000);
  const [a, b, c] = [fake(), fake(), fake()];
  none.put("x", a);
  cache.put("x", b);
  cache.close();
  cache.put("x", c);
  expect([a.quits, b.quits, c.quits]).toEqual([1, 1, 1]);
});

test("no more than a thousand stay for all hosts together: who was used longest ago loses one", () => {
  const cache = new Connections(clock, 2, 300_000);
  const clients = Array.from({ length: 1_003 }, fake);
  clients.forEach((client, number) => cache.put(`host${number}`, client));
  expect(cache.idle).toBe(1_000);
  expect(clients.flatMap(({ quits }, number) => (quits > 0 ? [number] : []))).toEqual([0, 1, 2]);
  expect(cache.take("host3")).toBe(clients[3]);
  expect([cache.idle, cache.take("host1")]).toEqual([999, undefined]);
});
