import { describe, expect, test } from "@jest/globals";
import { placeOf, readLines, withoutComment } from "../../../src/cf/read-lines.ts";

describe("readLines()", () => {
  test("joins continuation lines and keeps their white space", () => {
    expect(readLines("Dxone\n two\nDy\n")).toEqual([
      { text: "Dxone\n two", first: 1, last: 2 },
      { text: "Dy", first: 3, last: 3 },
    ]);
  });

  test("drops comments together with their continuation, and empty lines", () => {
    expect(readLines("# a\n b\n\nDx\n").map((line) => line.text)).toEqual(["Dx"]);
  });

  test("an empty line that is continued is a line", () => {
    expect(readLines("Dx\n\n y").map((line) => line.text)).toEqual(["Dx", "\n y"]);
  });

  test("a NUL ends its line", () => {
    expect(readLines("Da\0b\nDc\n").map(({ text }) => text)).toEqual(["Da", "Dc"]);
  });

  test("takes CRLF for a line end", () => {
    expect(readLines("Dx\r\nDy\r\n").map((line) => line.text)).toEqual(["Dx", "Dy"]);
  });
});

describe("withoutComment()", () => {
  test("cuts at # with the blanks before it", () => {
    expect(withoutComment("DNa#b", true)).toBe("DNa");
    expect(withoutComment("Dx v \t# comment", true)).toBe("Dx v");
    expect(withoutComment("Dx $&# $={a#b} ${c#d # comment", true)).toBe("Dx $&# $={a#b} ${c#d # comment");
    expect(withoutComment("Dx $=\\# # comment", true)).toBe("Dx $=#");
  });

  test("a comment ends with its physical line", () => {
    expect(withoutComment("Da b # one\n c # two\n d", true)).toBe("Da b\n c\n d");
  });

  test("keeps \\# as # and $# as it is", () => {
    expect(withoutComment("Dc\\#no $#x # c", true)).toBe("Dc#no $#x");
  });

  test("old files only know whole-line comments", () => {
    expect(withoutComment("DNa#b ", false)).toBe("DNa#b");
  });
});

test("placeOf() counts lines and columns through continuations", () => {
  const [line] = readLines("Dxone\n two");
  expect(placeOf("f.cf", line, 8)).toEqual({ file: "f.cf", line: 2, column: 3 });
});
