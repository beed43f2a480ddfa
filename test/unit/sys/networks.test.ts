import { expect, test } from "@jest/globals";
import { readNetworks } from "../../../src/sys/networks.ts";

test.each([
  ["127.0.0.1", "127.0.0.1", true],
  ["127.0.0.1", "::ffff:127.0.0.1", true],
  ["127.0.0.1", "127.0.0.2", false],
  ["192.0.2.0/24, 10.0.0.0/8", "10.255.0.1", true],
  ["192.0.2.0/24 10.0.0.0/8", "192.0.3.1", false],
  ["2001:db8::/32", "2001:db8:1::1", true],
  ["IPv6:2001:db8::/32", "2001:db9::1", false],
  ["0.0.0.0/0", "::1", false],
  ["::/0", "::1", true],
  ["", "127.0.0.1", false],
  ["0.0.0.0/0", "", false],
])("%j has %j: %s", (list, address, expected) => {
  const networks = readNetworks(list);
  expect([networks.bad, networks.has(address)]).toEqual([[], expected]);
});

test("words that are no network are named, with their places", () => {
  expect(readNetworks("10.0.0.1, localhost 10.0.0.0/33 1.2.3.4/8/9 ::1/x").bad).toEqual([
    { word: "localhost", offset: 10 },
    { word: "10.0.0.0/33", offset: 20 },
    { word: "1.2.3.4/8/9", offset: 32 },
    { word: "::1/x", offset: 44 },
  ]);
});
