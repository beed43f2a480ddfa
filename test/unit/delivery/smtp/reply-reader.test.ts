import { describe, expect, test } from "@jest/globals";
import { isClosing, isRefusal, ReplyReader, replyKind } from "../../../../src/delivery/smtp/reply-reader.ts";

/** The replies in these octets, which come in pieces of `size`. */
function read(octets: string, size = octets.length): string[] | undefined {
  const reader = new ReplyReader();
  const replies: string[] = [];
  for (let at = 0; at < octets.length; at += size) {
    const found = reader.read(Buffer.from(octets.slice(at, at + size), "latin1"));
    if (found === undefined) return undefined;
    replies.push(...found);
  }
  return replies;
}

describe("ReplyReader", () => {
  test.each([
    ["250 ok\r\n", ["250 ok"]],
    ["250-a\r\n250-b\r\n250 c\r\n", ["250-a\n250-b\n250 c"]],
    ["250-a\r\n250\r\n", ["250-a\n250"]],
    ["250 a\r\n354 b\r\n", ["250 a", "354 b"]],
    ["250 a\n250 b\n", ["250 a", "250 b"]],
    ["250 a\rb\r\n", ["250 a\rb"]],
    ["250 gr\xfc\xdfe\r\n", ["250 gr\xfc\xdfe"]],
    ["250 a", []],
    ["250-a\r\n", []],
    // Lines without a code, alone and inside a reply.
    ["hello\r\n\r\n25 ok\r\n2500 ok\r\n250ok\r\n-\r\n250 a\r\n", ["250 a"]],
    ["250-a\r\nwarning\r\n250 b\r\n", ["250-a\n250 b"]],
  ])("%j is %j, in pieces of any size", (octets, expected) => {
    for (let size = 1; size <= octets.length; size++) expect(read(octets, size)).toEqual(expected);
  });

  test("knows whether a reply has begun", () => {
    const reader = new ReplyReader();
    const begun = (octets: string) => {
      reader.read(Buffer.from(octets));
      return reader.hasBegun;
    };
    const pieces = ["", "2", "50 ok\r\n", "250-a\r\n", "250 b\r\n", "junk\r\n", "more junk", "\r\n\r"];
    expect(pieces.map(begun)).toEqual([false, true, false, true, false, false, false, false]);
  });

  test.each([
    ["a long line", `250 ${"x".repeat(500_000)}\r\n`],
    ["many lines", `${"250-x\r\n".repeat(100_000)}250 x\r\n`],
  ])("keeps the beginning of %s", (_name, octets) => {
    for (const size of [1_000, octets.length]) {
      const replies = read(`${octets}354 next\r\n`, size);
      expect(replies).toEqual([expect.stringMatching(/^250[ -]x/), "354 next"]);
      expect(replies?.[0].length).toBeLessThan(70_000);
      expect(replyKind(replies?.[0] ?? "")).toBe("yes");
    }
  });

  test.each([
    ["a line", "x".repeat(2_000_000)],
    ["a reply", "250-x\r\n".repeat(300_000)],
    ["lines without a code", "hello\r\n".repeat(300_000)],
  ])("gives up on %s without an end", (_name, octets) => {
    for (const size of [10_000, octets.length]) expect(read(octets, size)).toBeUndefined();
  });
});

test.each([
  ["250 ok", "yes"],
  ["250", "yes"],
  ["354 go", "go on"],
  ["451 later", "later"],
  ["554-never\n554 no", "never"],
  ["150 hm", "nonsense"],
  ["650 hm", "nonsense"],
  ["050 hm", "nonsense"],
  ["250-ok\n554 no", "nonsense"],
  ["554-no\n250 ok", "nonsense"],
  ["250-a\n251 b", "yes"],
])("replyKind(%j) is %j", (reply, kind) => {
  expect(replyKind(reply)).toBe(kind);
  expect(isRefusal(reply)).toBe(kind === "later" || kind === "never");
});

test("isClosing() knows 421", () => {
  expect(["421 bye", "421-a\n421 b", "451 later"].map(isClosing)).toEqual([true, true, false]);
});
