import { MessageChannel } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { Channel } from "../../../../src/daemon/sessions/channel.ts";
import { QueueUnavailableError } from "../../../../src/queue/queue.ts";

interface Theirs {
  double: readonly [number, number];
  fail: readonly ["full" | "port" | "bug", undefined];
  octets: readonly [Uint8Array, number];
  note: readonly [string, undefined];
}

interface Nothing {
  nothing: readonly [undefined, undefined];
}
const nothing = { nothing: () => undefined };

let ends: readonly [MessageChannel["port1"], MessageChannel["port2"]];
let here: Channel<Theirs, Nothing>;
let heard: string[];
let parcels: number;

beforeEach(() => {
  const { port1, port2 } = new MessageChannel();
  ends = [port1, port2];
  heard = [];
  parcels = 0;
  port2.on("message", () => void parcels++);
  here = new Channel<Theirs, Nothing>(port1, nothing);
  const problems = {
    full: new QueueUnavailableError("no room"),
    port: Object.assign(new Error("in use"), { code: "EADDRINUSE", syscall: "listen" }),
    bug: new TypeError("a mistake"),
  };
  // The other end.
  void new Channel<Nothing, Theirs>(port2, {
    double: (number) => number * 2,
    fail: (which) => Promise.reject(problems[which]),
    octets: (octets) => octets.reduce((sum, each) => sum + each, 0),
    note: (text) => {
      heard.push(text);
      return undefined;
    },
  });
});

afterEach(() => {
  for (const port of ends) port.close();
});

describe("Channel", () => {
  test("what is said in one turn crosses in one message, in order", async () => {
    here.tell("note", "first");
    const answers = Promise.all([here.ask("double", 4), here.ask("double", 5)]);
    here.tell("note", "second");
    expect(await answers).toEqual([8, 10]);
    expect(heard).toEqual(["first", "second"]);
    expect(parcels).toBe(1);
  });

  test("a queue that takes nothing is one on the other side, too; what the system said stays with an error", async () => {
    await expect(here.ask("fail", "full")).rejects.toBeInstanceOf(QueueUnavailableError);
    await expect(here.ask("fail", "port")).rejects.toMatchObject({ code: "EADDRINUSE", syscall: "listen" });
    const bug = await here.ask("fail", "bug").catch((error: unknown) => error);
    expect(bug).toMatchObject({ message: "a mistake" });
    expect(bug).not.toBeInstanceOf(QueueUnavailableError);
  });

  test("octets are given away", async () => {
    const octets = new Uint8Array([1, 2, 3]);
    expect(await here.ask("octets", octets, [octets.buffer])).toBe(6);
    expect(octets).toHaveLength(0);
  });

  test("who waits for a side that is gone is told, and who asks later", async () => {
    const asked = here.ask("double", 1);
    here.close(new Error("gone"));
    await expect(asked).rejects.toThrow("gone");
    await expect(here.ask("double", 2)).rejects.toThrow("gone");
    here.tell("note", "into nothing");
    expect(here.isClosed).toBe(true);
  });
});
