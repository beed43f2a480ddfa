import { expect, test } from "@jest/globals";
import { type ClientWishes, readWishes, wishesAsMacros } from "../../../src/queue/client-wishes.ts";
import { fuzz, randomOctets } from "../../support/fuzz.ts";

test.each<ClientWishes>([
  {},
  { noAliases: true },
  { deliveryMode: "q", hopCount: 3 },
  { deliveryMode: "d", oldStyle: false, smtp: true },
])("%j is read as it was written", (wishes) => {
  expect(readWishes(wishesAsMacros(wishes))).toEqual(wishes);
});

test.each([
  "",
  "x",
  "null",
  "7",
  "[]",
  '{"deliveryMode":"i"}',
  '{"hopCount":-1}',
  '{"hopCount":1e99}',
  '{"smtp":"yes"}',
])("what no program of ours writes says nothing: %s", (text) => {
  expect(readWishes({ rulemail_wishes: text })).toEqual({});
});

test("whatever a user writes into his file, it is read", () =>
  fuzz(200, (random, note) => {
    const text = randomOctets(random, 30);
    note(text);
    expect(readWishes({ rulemail_wishes: `{"user":"root",${text}` })).toEqual({});
  }));
