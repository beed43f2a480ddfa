import { expect, test } from "@jest/globals";
import { findField, formatField, parseHeader, unfold } from "../../../src/mail/header.ts";

test("parseHeader() keeps names, values and folding as they were written", () => {
  const block = "From: a@b\r\nSubject:  one\r\n two\r\n\tthree\r\nX-Empty:\r\n";
  const { fields, rest } = parseHeader(block);
  expect(rest).toBe("");
  expect(fields).toEqual([
    { name: "From", value: " a@b" },
    { name: "Subject", value: "  one\r\n two\r\n\tthree" },
    { name: "X-Empty", value: "" },
  ]);
  expect(fields.map(formatField).join("")).toBe(block);
});

test("parseHeader() gives the body what follows the first line that is no field", () => {
  const { fields, rest } = parseHeader("To: a\r\nhello there\r\nCc: b\r\n");
  expect(fields).toEqual([{ name: "To", value: " a" }]);
  expect(rest).toBe("hello there\r\nCc: b\r\n");
});

test("parseHeader() drops mbox separators at the top only", () => {
  expect(parseHeader("From a@b Fri Nov 20\r\n>From c Fri\r\nTo: x\r\n").fields).toEqual([{ name: "To", value: " x" }]);
  expect(parseHeader("To: x\r\nFrom a@b Fri\r\n").rest).toBe("From a@b Fri\r\n");
});

test("parseHeader() accepts white space before the colon and octets above 127 in values", () => {
  expect(parseHeader("Subject : caf\xe9\r\n").fields).toEqual([{ name: "Subject", value: " caf\xe9" }]);
});

test("findField() compares names without case, unfold() undoes folding", () => {
  const { fields } = parseHeader("sUBJECT: a\r\n b\r\n");
  expect(unfold(findField(fields, "Subject")?.value ?? "")).toBe("a b");
});
