import { expect, test } from "@jest/globals";
import { catAddress } from "../../../src/rewriting/cat-address.ts";
import { OPERATORS } from "../../support/rule-program.ts";

test.each([
  [["a", "@", "b", ".", "c"], " ", "a@b.c"],
  [["a", "b", "@", "c"], " ", "a b@c"],
  [["a", "b"], ".", "a.b"],
  [['"a"', '"b"', "c"], " ", '"a""b"c'],
  [["\\a", "b"], " ", "\\a b"],
  [["$", "x", "\x9b", "y"], "_", "$_x\x9by"],
  [[], " ", ""],
])("catAddress() joins %j with %j as %j", (tokens, blankSub, text) => {
  expect(catAddress(tokens, OPERATORS, blankSub)).toBe(text);
});
