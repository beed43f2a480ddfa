import { expect, test } from "@jest/globals";
import { asciiJson, forTerminal, guardTerminal, octetsForTerminal } from "../../../src/sys/terminal-text.ts";

const HOSTILE: readonly (readonly [string, string])[] = [
  ["\x1b]0;title\x07", "\\033]0;title\\007"],
  ["a\b\b\x7f", "a\\010\\010\\177"],
  ["fake\rline", "fake\\015line"],
  ["\u009b2J", "\\2332J"],
  ["\u202egpj.exe\u2066", "\\u{202e}gpj.exe\\u{2066}"],
  ["\0\v\f", "\\000\\013\\014"],
];

test.each(HOSTILE)("%j becomes %j", (text, expected) => {
  expect(forTerminal(text)).toBe(expected);
});

test("text that is only text stays", () => {
  for (const text of ["", "a\tb\nc\r\n", "jürg – ß € 漢字 😀", "back\\slash"]) expect(forTerminal(text)).toBe(text);
});

function octets(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

test("octets: UTF-8 stays, what is hidden in it or none does not", () => {
  for (const text of ["jürg – ß € 漢字 😀", "tab\t"]) expect(octetsForTerminal(octets(text))).toBe(octets(text));
  expect(octetsForTerminal(octets("\u009b2J"))).toBe("\\302\\2332J");
  expect(octetsForTerminal(octets("\u202ex"))).toBe("\\342\\200\\256x");
  expect(octetsForTerminal("\x9b2J\xe9")).toBe("\\2332J\\351");
  // Two octets that would be "A" if somebody decoded them carelessly, and a surrogate.
  expect(octetsForTerminal("\xc1\x81\xed\xa0\x80")).toBe("\\301\\201\\355\\240\\200");
  expect(octetsForTerminal("\x1b[0m")).toBe("\\033[0m");
});

test("JSON is ASCII, and the same JSON", () => {
  const value = { a: "jürg\u009b\u202e\x7f\u2028😀\x1b", b: [1, null] };
  expect(asciiJson(value)).toMatch(/^[\x20-\x7e]+$/);
  expect(JSON.parse(asciiJson(value))).toEqual(value);
});

test("a guarded stream changes strings and leaves octets", () => {
  const written: unknown[][] = [];
  const stream = { write: (...args: unknown[]) => written.push(args) > 0 } as unknown as NodeJS.WriteStream;
  guardTerminal(stream);
  const raw = Buffer.from("\x1b[2J");
  expect(stream.write("\x1b[2J\n", "utf8")).toBe(true);
  expect(stream.write(raw)).toBe(true);
  expect(written).toEqual([["\\033[2J\n", "utf8"], [raw]]);
});
