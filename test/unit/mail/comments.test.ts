import { expect, test } from "@jest/globals";
import { withoutComments } from "../../../src/mail/comments.ts";

test.each([
  ["a@b", "a@b"],
  [" a@b (c) ", "a@b"],
  ["(c (d)) a(e)@b", "a@b"],
  ['"(a)"@b (c)', '"(a)"@b'],
  ["a (b \\) c) d", "a  d"],
  ["a\\(b", "a\\(b"],
  ["a (open", "a"],
  ["a ) b", "a ) b"],
  ['a (") b', "a  b"],
])("of %j there is left %j", (text, expected) => {
  expect(withoutComments(text)).toBe(expected);
});
