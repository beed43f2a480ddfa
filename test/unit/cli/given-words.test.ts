import { expect, test } from "@jest/globals";
import { givenWords, octets } from "../../../src/cli/given-words.ts";
import { fuzz, randomOctets } from "../../support/fuzz.ts";

const commandLine = (...words: string[]): Buffer => Buffer.from(`${words.join("\0")}\0`, "latin1");
const asNodeSees = (word: string): string => Buffer.from(word, "latin1").toString("utf8");

test.each([
  ["joe"],
  ["j\u00c3\u00b6rg"],
  ["j\u00f6rg"],
  ["\u00ff\u00fe\u0080"],
  ["\u00c3"],
  ["\u00c3\u00b6\u00f6"],
  ["\u00f0\u009f\u0092\u00a9\u00f6"],
  ["\u00ed\u00a0\u0080"],
  ["\u00ef\u00bf\u00bd"],
  ["\u00c0\u0080\u00f5\u0080\u0080\u0080"],
])("the octets of %j come back", (word) => {
  const [, given] = givenWords(["-i", asNodeSees(word)], commandLine("node", "main.js", "-i", word));
  expect(octets(given)).toBe(word);
});

test("whatever the words are, their octets come back", () =>
  fuzz(300, (random, note) => {
    const words = Array.from({ length: 1 + random(3) }, () => randomOctets(random, 12).replaceAll("\0", ""));
    note(words);
    expect(givenWords(words.map(asNodeSees), commandLine("node", ...words)).map(octets)).toEqual(words);
  }));

test("where the system does not tell its words, they stay as they are", () => {
  expect(givenWords(["a\uFFFDb", "c"], Buffer.alloc(0))).toEqual(["a\uFFFDb", "c"]);
});
