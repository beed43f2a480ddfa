import { describe, expect, test } from "@jest/globals";
import { EMPTY_CLASS, WordSet } from "../../../src/rewriting/word-set.ts";

describe("WordSet", () => {
  test("finds words in any letter case and lists them as they were first written", () => {
    const words = new WordSet(["Example.ORG", "a", "example.org"]);
    expect(words.has("EXAMPLE.org")).toBe(true);
    expect(words.hasFolded("example.org")).toBe(true);
    expect(words.has("example")).toBe(false);
    expect([...words.words()]).toEqual(["Example.ORG", "a"]);
    expect(words.size).toBe(2);
    expect(words.longest).toBe(11);
  });

  test("letters outside ASCII have no case", () => {
    const words = new WordSet(["\xc4B"]);
    expect(words.has("\xc4b")).toBe(true);
    expect(words.has("\xe4b")).toBe(false);
  });

  test("a class that nobody has filled is empty", () => {
    expect(EMPTY_CLASS.has("")).toBe(false);
    expect(EMPTY_CLASS.size).toBe(0);
  });
});
