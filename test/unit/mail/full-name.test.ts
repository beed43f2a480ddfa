import { expect, test } from "@jest/globals";
import { accountName, fullNamePhrase } from "../../../src/mail/full-name.ts";
import { fuzz, randomOctets } from "../../support/fuzz.ts";

test.each([
  ["Somebody Else", "Somebody Else"],
  ["Joe Q. Public", '"Joe Q. Public"'],
  ["Else, Somebody (x)", '"Else, Somebody (x)"'],
  ["(Cron Daemon)", "(Cron Daemon)"],
  ["a (b, (c@d)) e", "a (b, (c@d)) e"],
  ["a (b", '"a (b"'],
  ["a) (b", '"a) (b"'],
  ["(a\\)", '"(a\\)"'],
  ['("x)', '("x)'],
  ['"(" x)', '"\\"(\\" x)"'],
  ['A "b" c', 'A "b" c'],
  ['"Else, S."', '"Else, S."'],
  ['a "b', '"a \\"b"'],
  ["a\nX: y", '"a X: y"'],
  ["a\\", '"a\\\\"'],
  ["J\u00c3\u00b6rg", "J\u00c3\u00b6rg"],
])("the phrase of %j is %s", (name, phrase) => {
  expect(fullNamePhrase(name)).toBe(phrase);
});

test("a phrase ends where it should, and stays on its line, whatever the name is", () =>
  fuzz(300, (random, note) => {
    const name = randomOctets(random, 20);
    note(name);
    const phrase = fullNamePhrase(name);
    expect(phrase).not.toMatch(/[\r\n\0]/);
    const inner = /\((?:[^()\\]|\\[^])*\)/g;
    let outside = phrase.startsWith('"') ? phrase : phrase.replace(inner, "").replace(inner, "").replace(inner, "");
    outside = outside.replace(/"(?:[^"\\]|\\[^])*"/g, "");
    expect(outside).not.toMatch(/["()<>@,;:\\[\]]/);
  }));

test.each([
  ["joe", "Joe Q. Public,Room 1,555", "Joe Q. Public"],
  ["ann", "Ann &", "Ann Ann"],
  ["fred", "&; Semicolon", "Fred"],
  ["dave", "dave & Percent % x", "dave Dave Percent"],
  ["carol", "", ""],
])("the account of %s with %j belongs to %j", (name, gecos, fullName) => {
  expect(accountName({ name, gecos })).toBe(fullName);
});
