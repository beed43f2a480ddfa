/** The compiled engine remembers runs: whatever changes outside between them, it comes to what the interpreter comes to. */
import { expect, test } from "@jest/globals";
import { createInterpreter } from "../../src/rewriting/interpreter.ts";
import { createCompiled } from "../../src/rewriting/jit.ts";
import type { LookupMap, LookupResult } from "../../src/rewriting/lookup-map.ts";
import type { RuleProgram } from "../../src/rewriting/program.ts";
import type { Rewriter } from "../../src/rewriting/rewriter.ts";
import { EX } from "../../src/sys/sysexits.ts";
import { fuzz } from "../support/fuzz.ts";
import { randomAddress, randomRules } from "../support/random-rules.ts";
import { testProgram } from "../support/rule-program.ts";

/** Asks of everything, around a ruleset of chance. */
const CURIOUS = [
  "SE",
  "R$*\t$: $1 $(table $1 $: no $) $&v",
  "R$*\t$: $(set z $@ $&v $) $(broken k $@ $&w $: b $) $1",
  "R$*\t$: $>A $1 $[ h $: none $]",
  "R$*\t$@ $(show $&z $) $1",
].join("\n");

/** What rules are told from outside, and what they asked: of macros and maps whose values depend on `season`. */
interface World {
  season: number;
  readonly asked: string[];
}

/** Answers that change with the season, each at another time. */
function answer(world: World, name: string, key: string): LookupResult {
  const turn = (key.length + name.length + world.season) % 6;
  if (turn < 2) return { kind: "missing" };
  if (turn === 2) return { kind: "tempfail", reason: `asleep ${world.season}`, status: EX.TEMPFAIL };
  return { kind: "found", value: turn === 3 ? "" : `${key}.${turn}` };
}

function mapsOf(world: World): Readonly<Record<string, LookupMap["lookup"]>> {
  const note = (name: string, key: string, args: readonly string[]): void =>
    void world.asked.push([name, key, ...args].join(" "));
  return {
    table: (key, args) => {
      note("table", key, args);
      return answer(world, "table", key);
    },
    show: (key, args, { scope }) => {
      note("show", key, args);
      return { kind: "found", value: `"${[key, ...args, scope.get("v") ?? ""].join("|")}"` };
    },
    broken: (key, args, context) => {
      note("broken", key, args);
      if (world.season % 3 === 0) context.message?.(`broken map asked for ${key}`);
      return answer(world, "broken", key);
    },
    set: (key, args, { scope }) => {
      note("set", key, args);
      scope.set(key, args[0]);
      return { kind: "found", value: "" };
    },
    host: (key, args) => {
      note("host", key, args);
      const found = answer(world, "host", key);
      return (key.length + world.season) % 2 === 0 ? found : Promise.resolve(found);
    },
  };
}

interface Bench {
  readonly world: World;
  readonly program: ReturnType<typeof testProgram>;
  readonly engine: Rewriter;
}

function bench(create: (program: RuleProgram) => Rewriter, rules: string): Bench {
  const world: World = { season: 0, asked: [] };
  const program = testProgram(rules, { maps: mapsOf(world) });
  return { world, program, engine: create(program) };
}

async function run({ world, program, engine }: Bench, season: number, input: string, set: string): Promise<unknown> {
  world.season = season;
  world.asked.length = 0;
  const messages: string[] = [];
  const values = [
    ["v", `value${season % 3}`],
    ["w", season % 2 === 0 ? "w" : undefined],
  ] as const;
  const context = {
    scope: program.scope.child(values),
    deferred: false,
    message: (text: string) => messages.push(text),
  };
  const { tokens, status, reason } = await engine.rewrite(
    engine.number(set) ?? 0,
    engine.tokenise(input, context),
    context,
  );
  return { tokens, status, reason, messages, macros: [...context.scope.own()], asked: [...world.asked] };
}

test("runs that are remembered come to what they come to when the rules are tried", async () => {
  let sameTwice = 0;
  await fuzz(30, async (random, note) => {
    const rules = `${randomRules(random)}\n${CURIOUS}`;
    const compiled = bench(createCompiled, rules);
    const interpreted = bench(createInterpreter, rules);
    const inputs = [randomAddress(random), randomAddress(random)];
    for (let count = 0; count < 10; count++) {
      const [season, input, set] = [random(4), inputs[random(2)], ["A", "B", "E", "E"][random(4)]];
      note({ rules, season, input, set, count });
      const wanted = await run(interpreted, season, input, set);
      const outcome = await run(compiled, season, input, set);
      expect(outcome).toEqual(wanted);
      if (count > 6) sameTwice += (wanted as { asked: string[] }).asked.length;
    }
  });
  // Runs that ask nothing would show nothing.
  expect(sameTwice).toBeGreaterThan(100);
});
