import { describe, expect, test } from "@jest/globals";
import { LineShaper, type LineShape } from "../../../src/mail/lines.ts";

function shaped(text: string, shape: LineShape): string {
  return inChunks(text, text.length, shape);
}

/** The same body in chunks of `size` octets. */
function inChunks(text: string, size: number, shape: LineShape): string {
  const shaper = new LineShaper(shape);
  let result = "";
  for (let at = 0; at < text.length; at += size) {
    result += shaper.shape(Buffer.from(text.slice(at, at + size), "latin1")).toString("latin1");
  }
  return result + shaper.end().toString("latin1");
}

const SMTP: LineShape = { eol: "\r\n", limit: 20, stuffDots: true };
const MBOX: LineShape = { eol: "\n", escapeFrom: true };

test("a body that needs no change is returned as it is, without a copy", () => {
  const shaper = new LineShaper(SMTP);
  // Wherever it is cut, but between CR and LF.
  for (const chunk of ["one\r\n\r\ntwo\r\nth", "ree", "\r\n", "four\r\n"].map((text) => Buffer.from(text))) {
    expect(shaper.shape(chunk)).toBe(chunk);
  }
  expect(shaper.end()).toHaveLength(0);
});

describe.each([
  ["a dot at the start of a line is doubled", "a\r\n.b\r\n..\r\n.", SMTP, "a\r\n..b\r\n...\r\n..\r\n"],
  ["a dot behind NUL octets is doubled", "\0.\r\n\0\0.b\r\n\0a.\r\na\0.", SMTP, "\0..\r\n\0\0..b\r\n\0a.\r\na\0.\r\n"],
  ["the last line gets its end", "abc", SMTP, "abc\r\n"],
  ["an empty body stays empty", "", SMTP, ""],
  ["bare LF and bare CR become CRLF on the way to SMTP", "a\nb\rc\r\rd\r", SMTP, "a\r\nb\r\nc\r\n\r\nd\r\n"],
  ["a dot after a bare line end is stuffed too", "a\n.\rb\r.\n", SMTP, "a\r\n..\r\nb\r\n..\r\n"],
  ["a long line is cut with !", "x".repeat(21), SMTP, `${"x".repeat(19)}!\r\n xx\r\n`],
  ["a line of the longest length is not cut", `${"x".repeat(20)}\r\n`, SMTP, `${"x".repeat(20)}\r\n`],
  ["a dot after a cut is at the start of no line", `${"x".repeat(19)}.y\r\n`, SMTP, `${"x".repeat(19)}!\r\n .y\r\n`],
  ["CRLF becomes LF", "a\r\n\r\nb\r\n", MBOX, "a\n\nb\n"],
  [
    "From at the start of a line is escaped",
    "From x\r\nFromage\r\n From\r\nFrom y",
    MBOX,
    ">From x\nFromage\n From\n>From y\n",
  ],
  ["a bare CR inside a line stays for readers of LF", "a\rb\r\nc\r", MBOX, "a\rb\nc\n"],
  ["a short last line that could have become From stays", "a\r\nFro", MBOX, "a\nFro\n"],
  ["eight bits become seven, NUL goes", "\xe4\0b\r\n", { eol: "\n", sevenBit: true, dropNul: true }, "db\n"],
] as const)("%s", (_name, input, shape, expected) => {
  test("in one piece", () => expect(shaped(input, shape)).toBe(expected));
  // A line that is cut before it is known to be too long may be one octet longer.
  const sizes = "limit" in shape && input.length > 15 ? [] : [1, 2, 3, 5];
  test.each(sizes.length === 0 ? [100] : sizes)("in chunks of %d", (size) => {
    expect(inChunks(input, size, shape)).toBe(expected);
  });
});

test("any body in any chunks gives what it gives in one piece", () => {
  const alphabet = ["\0", "\r", "\n", "\r\n", ".", "F", "From ", "x", "\r\n.", "yy"];
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 300; round++) {
    const text = Array.from({ length: random(30) }, () => alphabet[random(alphabet.length)]).join("");
    for (const shape of [{ eol: "\r\n", stuffDots: true }, MBOX]) {
      expect(inChunks(text, 1 + random(4), shape)).toBe(shaped(text, shape));
    }
  }
});

test("whole lines in one piece come out as octet by octet, whatever is wrong with one of them", () => {
  const line = `${"0123456789".repeat(7)}\r\n`;
  const odd = [
    "",
    ".",
    "..\r\n",
    "From ",
    "From\r\n",
    "\0",
    "\0.",
    "a\0b",
    "\t",
    "\r",
    "\n",
    "a\rb",
    "a\n.",
    "\xe4",
    "x".repeat(70),
  ];
  const shapes: LineShape[] = [
    { eol: "\r\n", stuffDots: true },
    { eol: "\r\n", stuffDots: true, escapeFrom: true },
    { eol: "\r\n", sevenBit: true, dropNul: true },
    { eol: "\n", escapeFrom: true },
  ];
  for (const each of odd) {
    for (const text of [line.repeat(6) + each + line, each + line.repeat(6), line.repeat(6) + each]) {
      for (const shape of shapes) expect(shaped(text, shape)).toBe(inChunks(text, 1, shape));
      // One octet more than the limit may be one of the next chunk: the definition is a chunk of the whole line.
      const cut = shaped(text, { eol: "\r\n", limit: 100 });
      expect(cut.split("\r\n").every(({ length }) => length <= 100)).toBe(true);
      expect(cut.replaceAll("!\r\n ", "")).toBe(shaped(text, { eol: "\r\n" }));
    }
  }
});

test.each([1, 2, 3])("a limit of %d octets is no reason to write without end", (limit) => {
  for (const text of ["abcdef\r\n", "abcdef", "a\r\nbc\r\n"]) {
    for (const size of [1, 2, 3, text.length]) {
      const cut = inChunks(text, size, { eol: "\r\n", limit });
      expect(cut.replaceAll("!\r\n ", "")).toBe(`${text.trimEnd()}\r\n`);
    }
  }
});
