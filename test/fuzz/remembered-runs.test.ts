/** The compiled engine remembers runs: whatever changes outside between them, it comes to what the interpreter comes to. */
import { expect, test } from "@jest/globals";
import { createInterpreter } from "../../src/rewriting/interpreter.ts";
import { createCompiled } from "../../src/rewriting/jit.ts";
import type { LookupMap, LookupResult } from "../../src/rewriting/lookup-map.ts";
import type { RuleProgram } from "../../src/rewriting/program.ts";
import type { RewriteContext, Rewriter, Rewritten } from "../../src/rewriting/rewriter.ts";
import type { Tokens } from "../../src/rewriting/tokens.ts";
import { type MaybePromise, whenReady } from "../../src/sys/maybe-promise.ts";
import { EX } from "../../src/sys/sysexits.ts";
import { fuzz, type Random } from "../support/fuzz.ts";
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

type Work = (engine: Rewriter, workspace: Tokens, context: RewriteContext) => MaybePromise<Rewritten>;

async function outcomeOf(
  { world, program, engine }: Bench,
  season: number,
  input: string,
  work: Work,
): Promise<unknown> {
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
  const { tokens, status, reason } = await work(engine, engine.tokenise(input, context), context);
  return { tokens, status, reason, messages, macros: [...context.scope.own()], asked: [...world.asked] };
}

function one(set: string): Work {
  return (engine, workspace, context) => engine.rewrite(engine.number(set) ?? 0, workspace, context);
}

/** Several one after the other, as one piece of work, with macros set between them to what is there by then. */
function several(sets: readonly string[]): Work {
  return (engine, workspace, context) =>
    engine.remember(`${sets.join(" ")} ${workspace.join("\n")}`, context, (inner) => {
      let done: MaybePromise<Rewritten> = { tokens: workspace, status: EX.OK };
      for (const [index, set] of sets.entries()) {
        done = whenReady(done, ({ tokens }) => {
          engine.setMacro(inner.scope, ["v", "w", "z"][index % 3], index === 1 ? undefined : tokens[0]);
          return engine.rewrite(engine.number(set) ?? 0, tokens, inner);
        });
      }
      return done;
    });
}

const SETS = ["A", "B", "E", "E"];

test.each<[string, (random: Random) => Work, number]>([
  ["runs that are remembered come", (random) => one(SETS[random(4)]), 10],
  ["work of several runs that is remembered comes", (random) => several([0, 1, 2].map(() => SETS[random(4)])), 24],
])("%s to what it comes to when the rules are tried", async (_name, choose, times) => {
  let sameTwice = 0;
  await fuzz(30, async (random, note) => {
    const rules = `${randomRules(random)}\n${CURIOUS}`;
    const compiled = bench(createCompiled, rules);
    const interpreted = bench(createInterpreter, rules);
    const inputs = [randomAddress(random), randomAddress(random)];
    const works = [choose(random), choose(random)];
    for (let count = 0; count < times; count++) {
      const [season, input, which] = [random(4), inputs[random(2)], random(2)];
      note({ rules, season, input, which, count });
      const wanted = await outcomeOf(interpreted, season, input, works[which]);
      const outcome = await outcomeOf(compiled, season, input, works[which]);
      expect(outcome).toEqual(wanted);
      if (count > times - 4) sameTwice += (wanted as { asked: string[] }).asked.length;
    }
  });
  // Runs that ask nothing would show nothing.
  expect(sameTwice).toBeGreaterThan(100);
});
