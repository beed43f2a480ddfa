import { describe, expect, test } from "@jest/globals";
import { ARGUMENT_SEPARATOR } from "../../../src/rewriting/tokens.ts";
import { ask, declareMaps } from "../../support/map-environment.ts";

test.each<[string, string, string]>([
  ["^[a-z]+$", "ABC", ""],
  ["^[a-z]+$", '"abc"', ""],
  ["^[a-z]+$", "foo.bar", "-"],
  ["-a@MATCH ^([a-z]+)\\.([a-z]+)$", "foo.bar", "@MATCH"],
  ["-f -a@MATCH ^ABC", "abc", "-"],
  ["-f -a@MATCH ^ABC", "ABCdef", "@MATCH"],
  ["-s1,2 ^([a-z]+)\\.([0-9]+)$", "foo.12", `foo${ARGUMENT_SEPARATOR}12`],
  ["-s2 -d= ^([a-z]+)\\.([0-9]+)$", "foo.12", "12"],
  ["-s -d/ -aX ^([a-z]+)\\.([0-9]+)$", "foo.12", "foo.12/foo/12X"],
  ["-s0 -d/ ([a-z])-([a-z])", "a-b-c", "a-b"],
  ["-n -a@NO ^[0-9]+$", "abc", "@NO"],
  ["-n -a@NO ^[0-9]+$", "12", "-"],
  ["-b -a@MATCH ^a\\(b\\)c$", "abc", "@MATCH"],
  ["-b a+", "aa", "-"],
  ["-b a\\+\\|x", "aa", ""],
  ["-m -a@M ^x", "x-y", "x-y@M"],
  ['-q -a@Q "', '"abc"', "@Q"],
  ["-s1 (.)(x)?", "a", "a"],
  ["-s0 .*", "a b", "-"],
  ["two words", "x two words", ""],
  ["[[:alpha:]]{2,3}$", "1ab", ""],
  ["[]a]", "]", ""],
  ["[^]a]x", "bx", ""],
  ["x{,2}y", "xxy", ""],
  ["\\<foo\\>", "a foo b", ""],
  ["\\<foo\\>", "afoo", "-"],
  ["a)", "a)", ""],
  ["-b *a", "*a", ""],
  ["(.)\\1", "xaab", ""],
  ["(.)\\1", "xab", "-"],
])("regex %s of %j: %j", async (line, key, expected) => {
  expect(await ask(declareMaps([`Kr regex ${line}`]).map("r"), key)).toBe(expected);
});

test("the argument of a look-up replaces the list of -s", async () => {
  const map = declareMaps(["Kr regex -s1,2 ^([a-z]+)\\.([0-9]+)$"]).map("r");
  expect(await ask(map, "foo.12", "2")).toBe("12");
  expect(await ask(map, "foo.12", "arg")).toBe("foo.12");
});

describe("the leftmost match counts, and of those the longest", () => {
  test.each([
    ["-s0 (a|ab)", "xabx", "ab"],
    ["-s0 b*|a*", "aab", "aa"],
    ["-s1,2,3 -d/ (a*)(ab)*(b*)", "ab", "a//b"],
    ["-s1,2,3 -d/ (a*)(ab)*(b*)", "abab", "/ab/"],
    ["-s0 (x|xy|xyz)+", "xyzx", "xyzx"],
  ])("%s of %j: %j", async (line, key, expected) => {
    expect(await ask(declareMaps([`Kr regex ${line}`]).map("r"), key)).toBe(expected);
  });
});

test("an expression that would keep a backtracking matcher busy for ever is answered", async () => {
  const map = declareMaps(["Kr regex ^(a+)+$"]).map("r");
  expect(await ask(map, `${"a".repeat(2000)}!`)).toBe("-");
});

test.each([
  ["([", "Invalid regular expression"],
  ["[a-", "Unmatched [, [^, [:, [., or [="],
  ["*", "Invalid preceding regular expression"],
  ["(a", "Unmatched ( or \\("],
  ["[z-a]", "Invalid range end"],
  ["[[:foo:]]", "Invalid character class name"],
  ["a{3,2}", "Invalid content of \\{\\}"],
  ["a{1", "Unmatched \\{"],
  ["a\\", "Trailing backslash"],
  ["((((a{255}){255}){255}){255})", "Regular expression too big"],
])("%s is refused: %s", (pattern, message) => {
  const { problems, map } = declareMaps([`Kr regex ${pattern}`]);
  expect(problems).toEqual([`pattern-compile-error: ${message}`]);
  expect(map("r").available?.()).toBe(false);
});

test("a group that does not exist is reported", () => {
  expect(declareMaps(["Kr regex -s9 (a)(b)"]).problems).toEqual([
    "field (9) out of range, only 3 substrings in pattern",
  ]);
});

test("agrees with JavaScript's engine on whether random expressions match", async () => {
  let seed = 7;
  const random = (limit: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % limit;
  const pieces = ["a", "b", "ab", ".", "[ab]", "[^a]", "(a|b)", "(ab|b)", "(a*)", "^", "$"];
  const repeats = ["", "", "", "*", "+", "?", "{1,2}", "{2}"];
  for (let round = 0; round < 300; round++) {
    const parts = Array.from({ length: 1 + random(4) }, () => {
      const piece = pieces[random(pieces.length)];
      return piece === "^" || piece === "$" ? piece : piece + repeats[random(repeats.length)];
    });
    const pattern = parts.join("");
    const map = declareMaps([`Kr regex -f ${pattern}`]).map("r");
    for (let i = 0; i < 8; i++) {
      const key = Array.from({ length: random(6) }, () => "abc"[random(3)]).join("");
      const expected = new RegExp(pattern).test(key) ? "" : "-";
      expect([pattern, key, await ask(map, key)]).toEqual([pattern, key, expected]);
    }
  }
});
