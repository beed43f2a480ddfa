import { expect, test } from "@jest/globals";
import { bareMailbox } from "../../../src/mail/address-list.ts";

test.each([
  ["joe@a.test", "joe@a.test"],
  ["joe@a.test (Joe <x@y>)", "joe@a.test"],
  ["Joe <joe@a.test>", "<joe@a.test>"],
  ['"<x@y>" (<z>) <joe@a.test> (c)', "<joe@a.test>"],
  ["Joe <x> <joe@a.test>", "<joe@a.test>"],
  ["Joe \\<x <joe>", "<joe>"],
  ["Joe <joe", "Joe <joe"],
  ["<@a.test,@b.test:joe@c.test>", "<@a.test,@b.test:joe@c.test>"],
])("of %j it is %j", (text, expected) => {
  expect(bareMailbox(text)).toBe(expected);
});
