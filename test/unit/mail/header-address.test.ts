import { expect, test } from "@jest/globals";
import { crackAddress, frameAddress } from "../../../src/mail/header-address.ts";

/** The value with its address replaced by `@@`. */
function cracked(value: string, colonOk = false, exact = false): string {
  return frameAddress(crackAddress(value, { mustQuote: ".'", colonOk, exact }), "@@");
}

test.each([
  ["user@example.org", "@@"],
  ["<user@example.org>", "<@@>"],
  ["Full Name <user@example.org>", "Full Name <@@>"],
  ['"Full, Name" <user@example.org> (comment)', '"Full, Name" <@@> (comment)'],
  [String.raw`"Do\"e" <user@example.org>`, String.raw`"Do\"e" <@@>`],
  [String.raw`(no\te) Do <user@example.org>`, String.raw`(no\te) Do <@@>`],
  ["J. Doe <user@example.org>", '"J. Doe" <@@>'],
  ["user@example.org (Full Name)", "@@ (Full Name)"],
  ["(before) user@example.org", "(before) @@"],
  ["us(mid)er@example.org", "@@ (mid)"],
  ["user@example.org (nested (comment))", "@@ (nested (comment))"],
  ["<a@b> <c@d>", '"<a@b>" <@@>'],
  ["group: a@b, c@d;", "group: @@;"],
  ["node::user", "@@"],
  ["user@[IPv6:2001:db8::1]", "@@"],
  ["<@relay:user@host>", "<@@>"],
  ["@relay:user@host", '"@relay":@@'],
  ["<user@example.org", "<@@>"],
  ["user (open", "@@ (open)"],
  ["a\\@b", "@@"],
  ["\xa0", "@@"],
  ["\xa0 a <b@c>", "\xa0 a <@@>"],
  ['say "a" <u@h>', 'say "a" <@@>'],
  ['x@y "a" <u@h>', '"x@y \\"a\\"" <@@>'],
])("the address of %j goes where @@ stands in %j", (value, expected) => {
  expect(cracked(value)).toBe(expected);
});

test.each(["<>", "(c)", ":"])("%j has no address to replace", (value) => {
  expect(cracked(value)).toBe(value);
});

test("with ColonOkInAddr a colon and a semicolon belong to the address", () => {
  expect(cracked("x: a;", true)).toBe("@@");
  expect(cracked("x: <a@b>", true)).toBe('"x:" <@@>');
});

test.each([
  ['one "two" th.ree <a@b>', 'one "two" "th.ree" <@@>'],
  ["=?utf-8?Q?Dr._M:=C3=BCller?= <a@b>", "=?utf-8?Q?Dr._M:=C3=BCller?= <@@>"],
  ["J. Doe <a@b>", '"J. Doe" <@@>'],
  ["team: =?utf-8?Q?a,b?= J. <a@b>", 'team: =?utf-8?Q?a,b?= "J." <@@>'],
])("exactly quoted, the phrase of %j means the same: %j", (value, expected) => {
  expect(cracked(value, false, true)).toBe(expected);
});
