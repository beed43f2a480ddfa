/** Rules and workspaces of any octets: both engines end, come to the same, and stay within the limits of the language. */
import { expect, test } from "@jest/globals";
import { createInterpreter } from "../../src/rewriting/interpreter.ts";
import { LIMITS } from "../../src/rewriting/limits.ts";
import { createCompiled } from "../../src/rewriting/jit.ts";
import type { LookupMap } from "../../src/rewriting/lookup-map.ts";
import type { RuleProgram } from "../../src/rewriting/program.ts";
import type { Rewriter, Rewritten } from "../../src/rewriting/rewriter.ts";
import { EX } from "../../src/sys/sysexits.ts";
import { damage, fuzz, randomOctets } from "../support/fuzz.ts";
import { randomAddress, randomRules } from "../support/random-rules.ts";
import { testProgram } from "../support/rule-program.ts";

const maps: Readonly<Record<string, LookupMap["lookup"]>> = {
  table: (key) => (key.length % 2 === 0 ? { kind: "missing" } : { kind: "found", value: `${key} (c) "q` }),
  show: (key, args) => ({ kind: "found", value: `"${[key, ...args].join("|")}"` }),
  broken: () => ({ kind: "tempfail", reason: "asleep", status: EX.TEMPFAIL }),
  set: (key, args, { scope }) => {
    scope.set(key, args[0]);
    return { kind: "found", value: "" };
  },
  host: (key) => Promise.resolve(key === "a" ? { kind: "found", value: "a.test." } : { kind: "missing" }),
};
const INSERTIONS = [
  "$",
  "$*",
  "$=",
  "$&{",
  "$(",
  "$)",
  "$[",
  "$>",
  "$1",
  "$#",
  '"',
  "\\",
  "\t",
  "\n",
  "\nR",
  "\x95",
  "\x85",
  "{",
  "`",
  "'",
];

async function run(
  create: (program: RuleProgram) => Rewriter,
  rules: string,
  input: string,
  set: string,
): Promise<Rewritten & { readonly messages: readonly string[]; readonly macros: readonly unknown[] }> {
  const program = testProgram(rules, { maps });
  const engine = create(program);
  const messages: string[] = [];
  const context = { scope: program.scope.child(), deferred: false, message: (text: string) => messages.push(text) };
  const workspace = engine.tokenise(input, context);
  const { tokens, status } = await engine.rewrite(engine.number(set) ?? 0, workspace, context);
  return { tokens, status, messages, macros: [...context.scope.own()] };
}

test("interpreter and compiled engine agree on damaged rules and any input", async () => {
  await fuzz(200, async (random, note) => {
    const rules = damage(randomRules(random), random, INSERTIONS);
    for (let count = 0; count < 4; count++) {
      const input = random(3) === 0 ? randomOctets(random, 60) : randomAddress(random);
      const set = ["A", "B", "C", "D"][random(4)];
      note({ rules, input, set });
      const wanted = await run(createInterpreter, rules, input, set);
      // A right side makes at most 1000 tokens; what stands in front of a call is not counted with its result.
      expect(wanted.tokens.length).toBeLessThanOrEqual(LIMITS.tokens * (LIMITS.recursion + 2));
      expect(await run(createCompiled, rules, input, set)).toEqual(wanted);
    }
  });
});
