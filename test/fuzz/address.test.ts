/** The tokenizer on any octets: it ends, within its limits, and nothing from outside looks like a metasymbol. */
import { expect, test } from "@jest/globals";
import { prescan, refusedAddress } from "../../src/rewriting/prescan.ts";
import { fuzz, randomOctets, randomWords } from "../support/fuzz.ts";

const PIECES = [
  "a",
  "B",
  ".",
  "@",
  "<",
  ">",
  "(",
  ")",
  '"',
  "\\",
  ",",
  " ",
  "\t",
  "\xff",
  "\x81",
  "[",
  "$",
  "\xe9",
  "\n",
];
const OPERATORS = [".:%@!^/[]+", ".:@[]", "", ".:%@!^/[]+ab\xff\x90", ","];

test("any octets are tokenised or refused, as an address, a value and a rule", async () => {
  await fuzz(800, (random, note) => {
    const text =
      random(3) === 0 ? randomOctets(random, 1500) : randomWords(random, PIECES, random(8) === 0 ? 1200 : 30);
    const options = {
      operators: OPERATORS[random(OPERATORS.length)],
      comments: random(2) === 0 ? ("strip" as const) : ("tokens" as const),
      kind: (["address", "value", "rule"] as const)[random(3)],
      delimiter: random(2) === 0 ? "," : undefined,
    };
    note({ text, options });
    refusedAddress(text);
    const { tokens, end, messages } = prescan(text, options);
    expect(end).toBeLessThanOrEqual(text.length);
    const longest = messages.reduce((most, { length }) => Math.max(most, length), 0);
    expect(longest).toBeLessThan(2 * text.length + 300);
    if (!tokens) return;
    expect(tokens.length).toBeGreaterThan(0);
    if (options.kind !== "rule") expect(tokens.length).toBeLessThanOrEqual(1000);
    if (options.kind === "address") expect(tokens.join("")).not.toMatch(/[\x80-\x9f]/);
    // What is supplied to close open quotes and brackets is never more than was opened.
    expect(tokens.join("").length).toBeLessThanOrEqual(2 * text.length + 1);
  });
});

test("all addresses of a list are found, one after the other, to its end", async () => {
  await fuzz(800, (random, note) => {
    let rest = randomWords(random, PIECES, 60);
    note(rest);
    for (let count = 0; rest !== ""; count++) {
      expect(count).toBeLessThanOrEqual(61);
      const { end } = prescan(rest, { operators: OPERATORS[0], comments: "tokens", delimiter: "," });
      rest = rest.slice(end).replace(/^,/, "");
    }
  });
});
