/** Framing: packets are found however the octets arrive, and what is no packet is refused before it is waited for. */
import { describe, expect, test } from "@jest/globals";
import { LONGEST_DATA, packet, PacketReader } from "../../../src/milter/packets.ts";

const shown = (reader: PacketReader): string[] => {
  const found: string[] = [];
  for (let each = reader.next(); each; each = reader.next()) found.push(`${each.code} ${each.data.toString("latin1")}`);
  return found;
};

test("a packet is its length, a letter and data", () => {
  expect(packet("H", "mx\0").toString("hex")).toBe("00000004486d7800");
  expect(packet("L", "\xe9\0", Buffer.from([1, 2])).toString("hex")).toBe("000000054ce9000102");
  expect(packet("c").toString("hex")).toBe("0000000163");
});

test("packets are found however the octets arrive", () => {
  const octets = Buffer.concat([packet("a"), packet("b", "x".repeat(60)), packet("c", "\0")]);
  for (let size = 1; size <= octets.length; size++) {
    const reader = new PacketReader();
    const found: string[] = [];
    for (let at = 0; at < octets.length; at += size) {
      reader.push(octets.subarray(at, at + size));
      found.push(...shown(reader));
    }
    expect(found).toEqual(["a ", `b ${"x".repeat(60)}`, "c \0"]);
    expect(reader.isEmpty).toBe(true);
  }
});

test("the largest packet is taken", () => {
  const reader = new PacketReader();
  reader.push(packet("b", Buffer.alloc(LONGEST_DATA, "x")));
  expect(reader.next()?.data.length).toBe(LONGEST_DATA);
});

describe("no packet", () => {
  test.each([
    [0, "a packet of length 0"],
    [LONGEST_DATA + 2, `a packet of ${LONGEST_DATA + 2} octets (at most ${LONGEST_DATA + 1})`],
    [0xffffffff, "a packet of 4294967295 octets"],
  ])("length %i", (length, words) => {
    const reader = new PacketReader();
    const octets = Buffer.alloc(4);
    octets.writeUInt32BE(length);
    reader.push(octets.subarray(0, 3));
    expect(reader.next()).toBeUndefined();
    reader.push(octets.subarray(3));
    expect(() => reader.next()).toThrow(words);
  });
});
