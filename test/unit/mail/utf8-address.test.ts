import { describe, expect, test } from "@jest/globals";
import { decodeUtf8Address, encodeUtf8Address, isUtf8Address } from "../../../src/mail/utf8-address.ts";

const octets = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

describe("addresses with characters beyond ASCII", () => {
  test.each([
    ["joe@b.test", "joe@b.test"],
    ["jörg@b.test", "j\\x{F6}rg@b.test"],
    ["用户@例子.test", "\\x{7528}\\x{6237}@\\x{4F8B}\\x{5B50}.test"],
    ["\u{1f600}@b.test", "\\x{1F600}@b.test"],
  ])("%s has a form in ASCII, and back", (text, ascii) => {
    expect(encodeUtf8Address(octets(text))).toBe(ascii);
    expect(decodeUtf8Address(ascii)).toBe(octets(text));
    expect(isUtf8Address(octets(text))).toBe(true);
  });

  test("what is no character is no text, and names none", () => {
    expect(isUtf8Address("j\xf6rg@b.test")).toBe(false);
    expect(isUtf8Address(octets("jö rg@b.test"))).toBe(false);
    expect(encodeUtf8Address("j\xf6rg")).toBe("j\\x{F6}rg");
    for (const bad of ["\\x{D800}", "\\x{110000}", "\\x{0A}", "\\x{7F}", "\\x{}"])
      expect(decodeUtf8Address(bad)).toBe(bad);
  });
});
