import { expect, test } from "@jest/globals";
import { encodeQuery } from "../../../src/dns/packet-codec.ts";
import { exchange } from "../../../src/dns/exchange.ts";
import { systemClock } from "../../../src/sys/clock.ts";

test("a name server that the system has no way to is a failed question, not an accident", async () => {
  // Sockets may not be connected to this address: the same as a network that is down.
  const server = { address: "255.255.255.255", port: 53 };
  const result = await exchange(server, encodeQuery("example.test", "A", true), 20_000, systemClock);
  expect(result).toEqual({ kind: "failed", reason: expect.stringMatching(/connect/) });
});
