/** What every rewriting engine must do. Each case runs through all of them. */
import { describe, expect, test } from "@jest/globals";
import { createInterpreter } from "../../src/rewriting/interpreter.ts";
import { createCompiled } from "../../src/rewriting/jit.ts";
import type { LookupMap } from "../../src/rewriting/lookup-map.ts";
import type { MacroScope } from "../../src/rewriting/macro-scope.ts";
import type { RuleProgram } from "../../src/rewriting/program.ts";
import type { Rewriter, Rewritten } from "../../src/rewriting/rewriter.ts";
import { printTokens } from "../../src/rewriting/tokens.ts";
import { isPromise } from "../../src/sys/maybe-promise.ts";
import { EX } from "../../src/sys/sysexits.ts";
import { randomAddress, randomNumbers, randomRules } from "../support/random-rules.ts";
import { testProgram } from "../support/rule-program.ts";
import type { TestSettings } from "../support/rule-program.ts";

const engines: Readonly<Record<string, (program: RuleProgram) => Rewriter>> = {
  interpreter: createInterpreter,
  compiled: createCompiled,
};

interface Run {
  readonly result: string;
  readonly status: number;
  readonly messages: readonly string[];
  /** Line of the rule that made the triple. */
  readonly decidedAt: number | undefined;
  /** Macros that maps have set. */
  readonly macros: Readonly<Record<string, string | undefined>>;
}

const TABLE: Readonly<Record<string, string>> = { one: "1", two: "t w o", empty: "", blank: " ", note: "(c)" };
const maps: TestSettings["maps"] = {
  table: (key, args) => {
    const value = TABLE[key.toLowerCase()];
    return value === undefined ? { kind: "missing" } : { kind: "found", value: value + args.join("/") };
  },
  show: (key, args) => ({ kind: "found", value: `"${[key, ...args].join("|")}"` }),
  marked: (key) => ({ kind: "tempfail", reason: "asleep", status: EX.TEMPFAIL, value: `${key}<TMPF>` }),
  broken: () => ({ kind: "tempfail", reason: "asleep", status: EX.TEMPFAIL }),
  set: (key, args, { scope }) => {
    scope.set(key, args[0]);
    return { kind: "found", value: "" };
  },
  host: (key) => (key === "short" ? { kind: "found", value: "short.test." } : { kind: "missing" }),
};
/** The same maps, but every answer comes later. */
const laterMaps = Object.fromEntries(
  Object.entries(maps).map(([name, lookup]): [string, LookupMap["lookup"]] => [
    name,
    (...args) => Promise.resolve().then(() => lookup(...args)),
  ]),
);

const allMaps = { now: maps, later: laterMaps };

function finish({ tokens, status, decidedAt }: Rewritten, messages: readonly string[], scope: MacroScope): Run {
  return {
    result: printTokens(tokens),
    status,
    messages,
    decidedAt: decidedAt?.line,
    macros: Object.fromEntries(scope.own()),
  };
}

/** Runs ruleset t with maps that answer at once and with maps that answer later; both must come to the same. */
async function runWith(
  create: (program: RuleProgram) => Rewriter,
  rules: string,
  input: string,
  set = "t",
  kinds: readonly (keyof typeof allMaps)[] = ["now", "later"],
): Promise<Run> {
  const answers: Run[] = [];
  for (const kind of kinds) {
    const settings = { maps: allMaps[kind] };
    const program = testProgram(rules, settings);
    const engine = create(program);
    const messages: string[] = [];
    const context = {
      scope: program.scope.child(),
      deferred: false,
      message: (text: string) => messages.push(text),
    };
    const answer = engine.rewrite(engine.number(set) ?? -1, engine.tokenise(input, context), context);
    if (kind === "now" && isPromise(answer)) throw new Error("a run without waiting look-ups must not wait");
    answers.push(finish(await answer, messages, context.scope));
  }
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  return answers[0];
}

describe.each(Object.entries(engines))("rewriter contract: %s", (_name, create) => {
  const run = (rules: string, input: string): Promise<Run> => runWith(create, rules, input);

  async function rewrites(rules: string, input: string, result: string): Promise<void> {
    expect(await run(`St\n${rules}`, input)).toMatchObject({ result, status: 0, messages: [] });
  }

  test.each([
    ["R$*\t$@ <$1>", "a b", "< a b >"],
    ["R$+ $*\t$@ <$1> <$2>", "a b c", "< a > < b c >"],
    ["R$*.$*\t$@ <$1> <$2>", "a.b.c", "< a > < b . c >"],
    ["R$+.$+.$-\t$@ $3 $2 $1", "a.b.c.d", "d b . c a"],
    ["R$- $-\t$@ $2 $1", "a b c", "a b c"],
    ["Ra$*b\t$@ $1", "A x B", "x"],
    ["R$@\t$@ empty\nR$*\t$@ some", "x", "some"],
    ["R$@ $- $@\t$@ $1 y", "x", "x y"],
    ['R"a b"\t$@ quoted', '"A B"', "quoted"],
  ])("matches: %j on %j gives %j", rewrites);

  test.each([
    ["Cxa a.b\nR$=x $*\t$@ <$1> <$2>", "a.b", "< a > < . b >"],
    ["Cxa a.b\nR$=x\t$@ <$1>", "A.B", "< A . B >"],
    ["Cxa a. a.b\nR$=x b\t$@ <$1>", "a.b", "< a . >"],
    ["Cxa a.b\nR$* $=x $-\t$@ <$1> <$2> <$3>", "c a.b d", "< c > < a . b > < d >"],
    ["Cxa\nR$~x $*\t$@ <$1> <$2>", "a b", "a b"],
    ["Cxa\nR$*$~x\t$@ <$1> <$2>", "a b", "< a > < b >"],
    ["R$~q\t$@ other $1", "a", "other a"],
  ])("classes: %j on %j gives %j", rewrites);

  test.each([
    ["Dxa.b\nR$&x $*\t$@ <$1>", "a.b.c", "< . c >"],
    ["Dxa.b\nR$&x\t$@ x", "a", "a"],
    ["R$&u $*\t$@ <$1>", "a", "< a >"],
    ["Ra $&u\t$@ x", "a", "a"],
    ['DxA "b c"\nR$*\t$@ $1 $&x $&u', "q", 'q A "b c"'],
    ["Dxa (note) b\nR$*\t$@ $&x", "q", "a b"],
  ])("macros at run time: %j on %j gives %j", rewrites);

  test.each([
    ["St\nRa\t$: b\nRb\t$#error $: no", "a", 3],
    ["St\nR$*\t$: $>s $1\nR$*\t$@ never\nSs\nR$*\t$#x $: $1", "a", 5],
    ["St\nR$*\t$: p $>s $1\nR$* $#$*\t$#$2\nSs\nR$*\t$#x $: $1", "a", 5],
    ["St\nR$*\t$: p $>s $1\nR$* $#$*\t$#error $: no\nSs\nR$*\t$#x $: $1", "a", 3],
    ["St\nR$*\t$: p $>s $1\nR$* $#$*\t$@ ok\nSs\nR$*\t$#x $: $1", "a", undefined],
    ["St\nR$*\t$: $(table one $)\nR1\t$#x $: y", "a", 3],
  ])("%j on %j: the rule that decided is in line %j", async (rules, input, line) => {
    expect((await run(rules, input)).decidedAt).toBe(line);
  });

  test.each([
    ["R$- . $*\t$2\nR$*\t$@ done $1", "a.b.c", "done c"],
    ["Ra\tb\nRb\tc", "a", "c"],
    ["Ra\t$: b\nRb\t$@ c\nR$*\t$@ d", "a", "c"],
    ["Ra\t$#local $: x\nR$*\t$@ never", "a", "$# local $: x"],
    ["R$*\t$>s $1\nR$*\t$@ never\nSs\nR$*\t$#x $: $1", "a", "$# x $: a"],
    ["R$*\t$: p $>s $1\nR$* $#$*\t$@ $2\nSs\nR$*\t$#x $: $1", "a", "x $: a"],
  ])("flow: %j on %j gives %j", rewrites);

  test.each([
    ["R$*\t$@ $>s $1 y\nSs\nR$*\t$@ <$1>", "a", "< a y >"],
    ["R$*\t$@ x $>s $>u $1\nSs\nR$*\t$@ s <$1>\nSu\nR$*\t$@ u <$1>", "a", "x s < u < a > >"],
    ["R$*\t$@ $>$1 x\nSs\nR$*\t$@ s <$1>", "s", "s < x >"],
    ["Dns\nR$*\t$@ $>$&n x\nSs\nR$*\t$@ s <$1>", "a", "s < x >"],
    ["R$*\t$@ $>5 $1\nS5\nR$*\t$@ five", "a", "five"],
    ["R$*\t$@ $>98 $1", "a", "a"],
    ["R$*\t$@ $1 $>", "a", "a $>"],
    ["R$*\t$@ $>98 $>98 $1", "a", "$> 98 a"],
    ["R$*\t$@ $>98 b $>s $1\nSs\nR$*\t$@ <$1>", "a", "b < a >"],
    ["R$*\t$@ $>98 $>s $>s $1\nSs\nR$*\t$@ <$1>", "a", "$> s < a >"],
    [`R$*\t$@ ${"$>s ".repeat(15)}$1\nSs\nR$*\t$@ $1.`, "a", `a${" .".repeat(15)}`],
  ])("calls: %j on %j gives %j", rewrites);

  test.each([
    ["R$*\t$@ $(table $1 $)", "one", "1"],
    ["R$*\t$@ <$(table $1 $@ a $@ b $: no $)>", "one", "< 1a / b >"],
    ["R$*\t$@ $(table $1 $: no $1 $) x", "zero", "no zero x"],
    ["R$*\t$@ $(table $1 $) x", "zero.y", "zero . y x"],
    ["R$*\t$@ $(table empty $)x", "a", "x"],
    ["R$*\t$@ $(table $1 $: (c) d $)", "zero", "d"],
    ["R$*\t$@ $(table $1 $: $>s y $) z\nSs\nR$*\t$@ s <$1>", "zero", "s < y z >"],
    ["R$*\t$@ $(table $1 $) $(table two $)", "one", "1 t w o"],
    ["R$*\t$@ $(table $(table one $) $)", "a", "$( table one $)"],
    ["R$*\t$@ $(show $1 $@ b c $@ d.e $)", "x y.z", '"x y.z|b c|d.e"'],
    ["R$*\t$@ $[ $1 $] x", "short", "short . test . x"],
    ["R$*\t$@ $[ $1 $: none $]", "long", "none"],
  ])("look-ups: %j on %j gives %j", rewrites);

  test("a macro that a map has set is there for the next rule", async () => {
    await rewrites("R$*\t$: $(set v $@ $1 $) x\nR$*\t$@ $1 $&v", "a.b", "x a . b");
  });

  test("the same rule may fire a hundred times; then the ruleset ends", async () => {
    const { result, messages } = await run("St\nR$+\t$1 x\nR$*\t$@ never", "a");
    expect(result.split(" ")).toHaveLength(101);
    expect(messages).toEqual(["Infinite loop in ruleset t, rule 1"]);
  });

  test("calls nest fifty deep", async () => {
    const { result, status, messages } = await run("St\nR$*\t$: $>t $1", "a");
    expect({ result, status, messages }).toEqual({
      result: "a",
      status: 78,
      messages: ["rewrite: excessive recursion (max 50), ruleset t"],
    });
  });

  test.each([
    ["a rule that calls its own ruleset", "St\nR$*\t$: x\nR$*\t$>t $1", "a"],
    ["rulesets that call each other", "St\nR$*\t$>s $1\nSs\nR$*\t$>t $1\nR$*\t$>s $1", "a b"],
    ["a chosen ruleset", "St\nR$- $*\t$>$1 $1 $2", "t x"],
    ["a rule that asks a map", "St\nR$*\t$>t $(table $1 $: $1 $)", "two"],
  ])("%s without end is given up, for now", async (_what, rules, input) => {
    const { messages, ...answer } = await runWith(create, rules, input, "t", ["now"]);
    const reason = `Rules of ruleset ${/ruleset (\w)$/.exec(messages.at(-1)!)?.[1]} call each other without end`;
    expect(answer).toEqual({
      result: `$# error $@ 4.3.5 $: "451 ${reason}"`,
      status: 75,
      macros: {},
      decidedAt: undefined,
    });
    expect(messages.filter((text) => text.startsWith("rewrite: too many calls of rulesets (max 100000)"))).toHaveLength(
      1,
    );
  });

  test("an expansion has at most a thousand tokens", async () => {
    const { status, messages } = await run("St\nR$+\t$1.$1", "a");
    expect({ status, messages }).toEqual({ status: 65, messages: ["rewrite: expansion too long"] });
  });

  test("$0 is no argument", async () => {
    expect(await run("St\nR$*\t$: y $0", "a")).toMatchObject({
      result: "a",
      status: 78,
      messages: ["rewrite: ruleset t: replacement $0 out of bounds"],
    });
  });

  test("an argument that the left side does not have ends the ruleset", async () => {
    const answer = await run("St\nR$*\t$: x $1\nR$*\t$: y $2\nR$*\t$: z", "a");
    expect(answer).toMatchObject({
      result: "x a",
      status: 78,
      messages: ["rewrite: ruleset t: replacement $2 out of bounds"],
    });
  });

  test.each(["$0", "\x95"])("%j, which names no argument, ends the ruleset", async (argument) => {
    const answer = await run(`St\nR$*\t$: x $1\nR$*\t$: y ${argument}\nR$*\t$: z`, "a");
    expect(answer).toMatchObject({ result: "x a", status: 78 });
    expect(answer.messages).toHaveLength(1);
  });

  test("a right side with sixteen calls makes none of them", async () => {
    expect(await run(`St\nR$*\t$: ${"$>s ".repeat(16)}$1\nSs\nR$*\t$@ <$1>`, "a")).toMatchObject({
      result: `${"$> s ".repeat(16)}a`,
      status: 78,
      messages: ["Too many subroutine calls (16 max)"],
    });
  });

  test("a name behind $> ends at a blank and loses quotes and backslashes", async () => {
    expect(await run('St\nR$*\t$: $>"s b" $>\\s $1\nSs\nR$*\t$@ <$1>', "a")).toMatchObject({ result: "< < a > >" });
  });

  test("an unknown ruleset leaves the text as it is", async () => {
    expect(await run("St\nR$*\t$: x $>nosuch $>s $1\nSs\nR$*\t$@ s", "a")).toMatchObject({
      result: "x $> nosuch $> s a",
      status: 78,
      messages: ["Unknown ruleset nosuch"],
    });
  });

  test("the name of a ruleset may stand in quotes, which a failing call takes away", async () => {
    expect(await run('St\nR$*\t$@ $>"s" $1\nSs\nR$*\t$@ <$1>', "a")).toMatchObject({ result: "< a >", status: 0 });
    const failing = 'St\nR$*\t$: $>"s" $>"u" $1\nSs\nR$*\t$@ s\nSu\nR$*\t$@ $1 $2';
    expect(await run(failing, "a")).toMatchObject({ result: "$> s a", status: 78 });
    expect(await run('St\nR$*\t$: $>"nosuch" $1', "a")).toMatchObject({ result: "$> nosuch a", status: 78 });
  });

  test("a called ruleset that fails keeps the calls before it from running", async () => {
    expect(await run("St\nR$*\t$: $>s $>u $1\nSs\nR$*\t$@ s $1\nSu\nR$*\t$: $1 $2", "a")).toMatchObject({
      result: "$> s a",
      status: 78,
    });
  });

  test("an unknown map takes the default", async () => {
    expect(await run("St\nR$*\t$@ $(nomap $1 $: d $) $(nomap $1 $)", "a")).toMatchObject({
      result: "d a",
      status: 0,
      messages: ["rewrite: map nomap not found", "rewrite: map nomap not found"],
    });
  });

  test("a temporary failure takes the default and is not forgotten", async () => {
    expect(await run("St\nR$*\t$: $(broken $1 $: d $)\nR$*\t$@ $>s $1\nSs\nR$*\t$@ s $1", "a")).toMatchObject({
      result: "s d",
      status: 75,
    });
  });

  test("a temporary failure that brings a value takes that", async () => {
    expect(await run("St\nR$*\t$@ $(marked $1 $: d $)", "a")).toMatchObject({ result: "a < TMPF >", status: 75 });
  });

  test.each(["blank", "note"])("a value without any token (%s) ends the ruleset", async (key) => {
    expect(await run("St\nR$*\t$@ $(table $1 $) x", key)).toMatchObject({ result: key, status: 65, messages: [] });
  });

  test.each([
    [
      'R"];throw 1;//`$$x"\t$@ "];throw 2;//" \'];throw 3;//',
      '"];throw 1;//`$x"',
      '"];throw 2;//" \' ] ; throw 3 ; / /',
    ],
    ["C{x}];throw\nD{y}];throw\nR$={x} $&{y} $-\t$@ $1 $&{y} $2", "];throw ];throw z", "] ; throw ] ; throw z"],
  ])("texts of a configuration never become code: %j", rewrites);

  test("a workspace that begins with a triple is not touched", async () => {
    const { result } = await run("St\nR$*\t$: p $>s $1\nR$- $*\t$@ $>u $2\nSs\nR$*\t$#x\nSu\nR$*\t$@ never", "a");
    expect(result).toBe("$# x");
  });
});

test.each(Array.from({ length: 60 }, (_, seed) => seed + 1))(
  "all engines agree on random rulesets, seed %i",
  async (seed) => {
    const random = randomNumbers(seed);
    const rules = randomRules(random);
    for (let i = 0; i < 25; i++) {
      const input = randomAddress(random);
      const set = ["A", "B", "C", "D"][random(4)];
      const [wanted, ...others] = await Promise.all(
        Object.values(engines).map((create) => runWith(create, rules, input, set)),
      );
      for (const other of others) expect({ rules, input, set, ...other }).toEqual({ rules, input, set, ...wanted });
    }
  },
);
