import { PassThrough } from "node:stream";
import type { Socket } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { readProxyHeader, takeProxyHeader } from "../../../src/smtpd/proxy-header.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";
const binary = (hex: string): Buffer => Buffer.from(SIGNATURE + hex.replaceAll(" ", ""), "hex");

const CLIENT = { remoteAddress: "192.0.2.7", remotePort: 40_000, localAddress: "198.51.100.1", localPort: 25 };
const CLIENT6 = {
  remoteAddress: "2001:db8:0:0:0:0:0:7",
  remotePort: 1,
  localAddress: "0:0:0:0:0:0:0:1",
  localPort: 25,
};

describe("a whole header", () => {
  test.each([
    ["version 1", Buffer.from("PROXY TCP4 192.0.2.7 198.51.100.1 40000 25\r\n"), CLIENT],
    [
      "version 1, IPv6",
      Buffer.from("PROXY TCP6 2001:db8::7 ::1 1 25\r\n"),
      { ...CLIENT6, remoteAddress: "2001:db8::7", localAddress: "::1" },
    ],
    ["version 1, UNKNOWN", Buffer.from("PROXY UNKNOWN\r\n"), undefined],
    ["version 1, UNKNOWN with words", Buffer.from("PROXY UNKNOWN ffff:: ffff:: 1 2\r\n"), undefined],
    ["version 2", binary("21 11 000c c0000207 c6336401 9c40 0019"), CLIENT],
    ["version 2 with a TLV", binary("21 11 0010 c0000207 c6336401 9c40 0019 04000141"), CLIENT],
    [
      "version 2, IPv6",
      binary("21 21 0024 20010db8000000000000000000000007 00000000000000000000000000000001 0001 0019"),
      CLIENT6,
    ],
    ["version 2, LOCAL", binary("20 00 0000"), undefined],
    ["version 2, unix socket", binary("21 31 0002 0000"), undefined],
  ])("%s", (_name, octets, ends) => {
    const header = readProxyHeader(Buffer.concat([octets, Buffer.from("EHLO x\r\n")]));
    expect(header).toEqual({ kind: "header", length: octets.length, ...(ends === undefined ? {} : { ends }) });
    for (let end = 0; end < octets.length; end++) {
      expect(readProxyHeader(octets.subarray(0, end)).kind).toBe("more");
    }
  });
});

test.each([
  ["a command", Buffer.from("EHLO x\r\n")],
  ["another family", Buffer.from("PROXY UDP4 192.0.2.7 198.51.100.1 40000 25\r\n")],
  ["an address of the other family", Buffer.from("PROXY TCP4 ::1 ::1 40000 25\r\n")],
  ["a name", Buffer.from("PROXY TCP4 localhost 198.51.100.1 40000 25\r\n")],
  ["a port too high", Buffer.from("PROXY TCP4 192.0.2.7 198.51.100.1 65536 25\r\n")],
  ["a port that is none", Buffer.from("PROXY TCP4 192.0.2.7 198.51.100.1 -1 25\r\n")],
  ["a word too many", Buffer.from("PROXY TCP4 192.0.2.7 198.51.100.1 1 25 x\r\n")],
  ["a word too few", Buffer.from("PROXY TCP4 192.0.2.7 198.51.100.1 1\r\n")],
  ["a line without end", Buffer.from(`PROXY TCP4 ${"1".repeat(200)}`)],
  ["a line too long", Buffer.from(`PROXY UNKNOWN ${"1".repeat(200)}\r\n`)],
  ["version 3", binary("31 11 000c c0000207 c6336401 9c40 0019")],
  ["another command", binary("22 11 000c c0000207 c6336401 9c40 0019")],
  ["datagrams", binary("21 12 000c c0000207 c6336401 9c40 0019")],
  ["addresses cut short", binary("21 11 0008 c0000207 c6336401")],
  ["too much behind the addresses", binary("21 11 ffff")],
])("no header: %s", (_name, octets) => {
  expect(readProxyHeader(octets).kind).toBe("bad");
});

test("what comes behind the header stays in the socket; a header may come in pieces", async () => {
  const stream = new PassThrough();
  const taken = takeProxyHeader(stream as unknown as Socket, new ManualClock());
  stream.write("PROXY TCP4 192.0.2.7 198.51.");
  await new Promise((resolve) => setImmediate(resolve));
  stream.write("100.1 40000 25\r\nEHLO x\r\n");
  expect(await taken).toEqual(CLIENT);
  expect(String(stream.read())).toBe("EHLO x\r\n");
});

test("a proxy that says nothing, or goes, is not waited for", async () => {
  const clock = new ManualClock();
  const silent = takeProxyHeader(new PassThrough() as unknown as Socket, clock);
  clock.advance(10_000);
  expect(await silent).toEqual({ reason: "no PROXY header in time" });
  const gone = new PassThrough();
  const taken = takeProxyHeader(gone as unknown as Socket, clock);
  gone.end();
  expect(await taken).toEqual({ reason: "closed before the PROXY header" });
});
