import { expect, test } from "@jest/globals";
import { endOfEncodedWord, quotePhrase } from "../../../src/mail/phrase.ts";

test.each([
  ["Joe", "Joe"],
  ["Dr. Joe", '"Dr. Joe"'],
  ['"Dr. Joe"', '"Dr. Joe"'],
  ['one "two" th.ree', 'one "two" "th.ree"'],
  ['"a \\"q\\" b" d.', '"a \\"q\\" b" "d."'],
  ["Joe \\, X", '"Joe \\, X"'],
  ["J. (a. b) K", '"J." (a. b) K'],
  ["=?utf-8?Q?Dr._M=C3=BCller?=", "=?utf-8?Q?Dr._M=C3=BCller?="],
  ["Dr. =?utf-8?Q?M,=C3=BCller?= jr.", '"Dr." =?utf-8?Q?M,=C3=BCller?= "jr."'],
  ["(unbalanced (.", "(unbalanced (."],
  ['"unbalanced .', '"unbalanced .'],
])("quotePhrase(%j) is %j", (phrase, expected) => {
  expect(quotePhrase(phrase, "@,;:\\()[]<>.'")).toBe(expected);
});

test("an encoded word has its four question marks and no blanks", () => {
  expect(endOfEncodedWord("x =?utf-8?q?a,b?= y", 2)).toBe(17);
  for (const none of ["=?utf-8?q?a b?=", "=?utf-8?x?a?=", "=?utf-8?q?a", "==?utf-8?q?a?=", "=?"]) {
    expect([none, endOfEncodedWord(none, 0)]).toEqual([none, undefined]);
  }
});
