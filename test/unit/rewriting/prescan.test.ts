import { describe, expect, test } from "@jest/globals";
import { prescan, refusedAddress } from "../../../src/rewriting/prescan.ts";
import type { PrescanOptions } from "../../../src/rewriting/prescan.ts";
import { OPERATORS } from "../../support/rule-program.ts";

function scan(text: string, options: Partial<PrescanOptions> = {}) {
  return prescan(text, { operators: OPERATORS, comments: "tokens", ...options });
}

test("a backslash before the operator of UUCP paths goes, except in quotes", () => {
  const options = { operators: "!@", comments: "strip" } as const;
  expect(prescan(String.raw`a\!b "c\!d" e\@f`, options).tokens).toEqual([
    "a",
    "!",
    "b",
    String.raw`"c\!d"`,
    String.raw`e\@f`,
  ]);
});

describe("prescan()", () => {
  test.each([
    ["user@host.test", ["user", "@", "host", ".", "test"]],
    [' "a b"@c ', ['"a b"', "@", "c"]],
    ['a"b"c', ["a", '"b"', "c"]],
    ["us\\@er@c", ["us\\@er", "@", "c"]],
    ["a (b) c", ["a", "(", "b", ")", "c"]],
    ["a\xffb", ["a", "b"]],
    ['"a\xffb"', ['"ab"']],
    ["a\xffbc\xff d", ["a", "b", "c", " ", "d"]],
    ["a\xff", ["a", ""]],
    ["end\\", ["end"]],
    ["a\xe9b", ["a\xe9b"]],
  ])("reads %j as %j", (text, tokens) => {
    expect(scan(text)).toEqual({ tokens, end: text.length, messages: [] });
  });

  test.each([
    ["<a", ["<", "a", ">"], ["<a... Unbalanced '<'"]],
    ["a>b>c", ["abc"], ["a>b>c... Unbalanced '>'", "a>b>c... Unbalanced '>'"]],
    ['a"b', ["a", '"b"'], ["a\"b... Unbalanced '\"'"]],
    ['"a\\', ['"a\\""'], ["\"a\\... Unbalanced '\"'", "\"a\\... Unbalanced '\"'"]],
  ])("repairs %j", (text, tokens, messages) => {
    expect(scan(text)).toEqual({ tokens, end: text.length, messages });
  });

  test("refuses octets that metasymbols use", () => {
    expect(scan("a\x9fb").messages).toEqual(['8-bit character in mailbox address "a?b"']);
    expect(scan("a\x9fb").tokens).toBeUndefined();
    expect(scan("\x9f>").messages).toEqual(["\x9f>... Unbalanced '>'", '8-bit character in mailbox address "?>"']);
    expect(refusedAddress("a\x9fb")).toBe('8-bit character in mailbox address "a?b"');
  });

  test("leaves comments out where they are comments", () => {
    expect(scan("a(b(c))d", { comments: "strip" }).tokens).toEqual(["a", "d"]);
    expect(scan("(only)", { comments: "strip" }).tokens).toBeUndefined();
    expect(scan("a(b", { comments: "strip" })).toMatchObject({ tokens: ["a"], messages: ["a(b... Unbalanced '('"] });
    expect(scan("a)", { comments: "strip" })).toMatchObject({ tokens: ["a"], messages: ["a)... Unbalanced ')'"] });
  });

  test("stops at the delimiter, which a source route may hold", () => {
    expect(scan("a,b", { delimiter: "," })).toMatchObject({ tokens: ["a"], end: 1 });
    expect(scan('"a,b",c', { delimiter: "," })).toMatchObject({ tokens: ['"a,b"'], end: 5 });
    expect(scan("<@a,b:c>,d", { delimiter: "," }).end).toBe(8);
    expect(scan("<a,b>", { delimiter: "," }).end).toBe(2);
  });

  test("keeps the metasymbols of a rule together with their names and repairs nothing", () => {
    expect(scan('\x90<\x93{ab}"\x951\x951', { kind: "rule" })).toEqual({
      tokens: ["\x90", "<", "\x93{ab}", '"\x951\x951'],
      end: 12,
      messages: [],
    });
  });

  test("reads metasymbols in values as letters, in defaults of look-ups as tokens", () => {
    expect(scan("\x9ba b\x9bc \x9b", { kind: "value" }).tokens).toEqual(["\x9ba", "b\x9bc", "\x9b"]);
    expect(scan("\x9ba b\x9bc \x9b", { kind: "default" }).tokens).toEqual(["\x9b", "a", "b", "\x9b", "c", "\x9b"]);
    expect(scan("b\x81x", { kind: "value" }).tokens).toEqual(["b\x81x"]);
  });

  test("has sendmail's limits", () => {
    expect(scan("a".repeat(256), { kind: "value" }).tokens).toHaveLength(1);
    expect(scan("a".repeat(257), { kind: "value" }).messages[0]).toMatch(/prescan: token too long$/);
    expect(scan("a.".repeat(700), { kind: "value" }).messages[0]).toMatch(/Address too long$/);
    expect(refusedAddress("a".repeat(255))).toBeUndefined();
    expect(refusedAddress("a".repeat(256))).toMatch(/^Address "a{255}" too long \(255 bytes max\)$/);
  });
});
