import { expect, test } from "@jest/globals";
import { TextRun } from "../../../src/mail/text-run.ts";

/** By definition. */
function end(octets: Buffer, from: number): number {
  const found = octets.subarray(from).findIndex((octet) => octet <= 13);
  return found < 0 ? octets.length : from + found;
}

test("finds the next octet up to CR from wherever, in texts of any length that begin anywhere in memory", () => {
  let seed = 11;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const others = [0x0e, 0x20, 0x7f, 0x80, 0x8d, 0x8e, 0xff];
  for (let round = 0; round < 400; round++) {
    const offset = random(8);
    const length = [random(20), 250 + random(12), 900 + random(9)][round % 3];
    const octets = Buffer.from(new ArrayBuffer(offset + length), offset);
    for (let i = 0; i < length; i++) octets[i] = random(60) === 0 ? random(14) : others[random(others.length)];
    const text = new TextRun(octets);
    const places = Array.from({ length: length + 1 }, (_, from) => from);
    expect(places.map((from) => text.end(from))).toEqual(places.map((from) => end(octets, from)));
  }
});
