/** What the linter claims to have proven about rules holds for every text that is tried. */
import { expect, test } from "@jest/globals";
import { covers, piecesOf, resultOf } from "../../src/analysis/lint/cover.ts";
import { WordSet } from "../../src/rewriting/word-set.ts";
import { MacroScope } from "../../src/rewriting/macro-scope.ts";
import { Matcher } from "../../src/rewriting/match.ts";
import type { Pattern, Replacement, Rule } from "../../src/rewriting/rule.ts";
import { TokenTable } from "../../src/rewriting/token-table.ts";
import type { Tokens } from "../../src/rewriting/tokens.ts";
import { fuzz, type Random } from "../support/fuzz.ts";

const WORDS = ["a", "b", ".", "@"];
const classes: Readonly<Record<string, WordSet>> = { x: new WordSet(["a", "a.b"]), y: new WordSet(["b", "@"]) };
const context = { scope: new MacroScope(), classWords: (name: string) => classes[name] };

const table = new TokenTable("", []);
const matcher = new Matcher(context);

interface Span {
  readonly start: number;
  readonly end: number;
}

/** What `$1`, `$2` ... stand for. */
function match({ lhs }: Rule, tokens: Tokens): readonly Span[] | undefined {
  if (!matcher.match(lhs, table.workspace(tokens))) return undefined;
  const { starts, ends, count } = matcher;
  return Array.from({ length: count }, (_, i) => ({ start: starts[i], end: ends[i] }));
}

function randomPattern(random: Random): Pattern {
  const text = WORDS[random(WORDS.length)];
  const name = "xy"[random(2)];
  const patterns: readonly Pattern[] = [
    { kind: "literal", text, folded: text },
    { kind: "any" },
    { kind: "some" },
    { kind: "one" },
    { kind: "nothing" },
    { kind: "class", name },
    { kind: "not-class", name },
  ];
  return patterns[random(3) === 0 ? 0 : random(patterns.length)];
}

function randomRule(random: Random): Rule {
  const lhs = Array.from({ length: 1 + random(4) }, () => randomPattern(random));
  const wildcards = lhs.filter(({ kind }) => kind !== "literal" && kind !== "nothing").length;
  const rhs = Array.from({ length: 1 + random(4) }, (): Replacement =>
    wildcards > 0 && random(2) > 0
      ? { kind: "argument", index: 1 + random(wildcards) }
      : { kind: "token", text: WORDS[random(WORDS.length)] },
  );
  return { lhs, rhs, control: "repeat", wildcards, at: { file: "random.cf", line: 1 } };
}

function randomTokens(random: Random): Tokens {
  return Array.from({ length: random(6) }, () => WORDS[random(WORDS.length)]);
}

function rewritten({ rhs }: Rule, tokens: Tokens, spans: readonly Span[]): Tokens {
  return rhs.flatMap((each) => {
    if (each.kind === "token") return [each.text];
    const { start, end } = spans[each.kind === "argument" ? each.index - 1 : 0];
    return tokens.slice(start, end);
  });
}

test("a left side that covers another one matches all that the other one does", async () => {
  let proofs = 0;
  await fuzz(2000, (random, note) => {
    const [wide, narrow] = [randomRule(random), randomRule(random)];
    if (!covers(wide.lhs, piecesOf(narrow.lhs))) return;
    proofs++;
    for (let round = 0; round < 40; round++) {
      const tokens = randomTokens(random);
      note([wide.lhs, narrow.lhs, tokens]);
      if (match(narrow, tokens)) expect(match(wide, tokens)).toBeDefined();
    }
  });
  expect(proofs).toBeGreaterThan(100);
});

test("a rule that is said to loop matches whatever it makes", async () => {
  let proofs = 0;
  await fuzz(2000, (random, note) => {
    const rule = randomRule(random);
    const result = resultOf(rule);
    if (result === undefined || !covers(rule.lhs, result)) return;
    proofs++;
    for (let round = 0; round < 40; round++) {
      const tokens = randomTokens(random);
      const spans = match(rule, tokens);
      if (!spans) continue;
      note([rule, tokens]);
      expect(match(rule, rewritten(rule, tokens, spans))).toBeDefined();
    }
  });
  expect(proofs).toBeGreaterThan(100);
});
