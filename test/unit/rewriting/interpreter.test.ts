import { describe, expect, test } from "@jest/globals";
import { createInterpreter } from "../../../src/rewriting/interpreter.ts";
import { printMacroText, readMacroText } from "../../../src/rewriting/macro-text.ts";
import { printTokens, printable } from "../../../src/rewriting/tokens.ts";
import { isPromise } from "../../../src/sys/maybe-promise.ts";
import { testProgram } from "../../support/rule-program.ts";
import type { TestSettings } from "../../support/rule-program.ts";

/** What is printed at a level of -d21 (and -d60) while ruleset t runs over `input`. */
function traced(level: number, rules: string, input: string, maps: TestSettings["maps"] = {}): string[] {
  const lines: string[] = [];
  const print = (text: string): void => void lines.push(text);
  const trace = { testMode: true, level: (category: number) => (category === 22 ? 0 : level), print };
  const program = testProgram(`St\n${rules}`, { trace, maps });
  const engine = createInterpreter(program);
  const context = { scope: program.scope, deferred: false, message: print };
  const answer = engine.rewrite(199, engine.tokenise(input, context), context);
  if (isPromise(answer)) throw new Error("nothing here has to wait");
  return lines;
}

describe("traces", () => {
  test("test mode shows input and result of every ruleset", () => {
    expect(traced(0, "R$*\t$: x $>averyveryverylongname $1\nSaveryveryverylongname\nR$*\t$@ $1", "a@b")).toEqual([
      "t                  input: a @ b",
      "averyveryverylon   input: a @ b",
      "averyveryverylon returns: a @ b",
      "t                returns: x a @ b",
    ]);
  });

  test("level 12 shows tries, matches and failures", () => {
    expect(traced(12, "Dvq\nR$- $&v\t$2\nR$- @ $-\t$@ $2 $&v", "a@b")).toEqual([
      "t                  input: a @ b",
      "-----trying rule: $- $&v",
      'rewrite: LHS $&{v} => "q"',
      "----- rule fails",
      "-----trying rule: $- @ $-",
      "-----rule matches: $@ $2 $&v",
      'rewrite: RHS $&{v} => "q"',
      "rewritten as: b q",
      "t                returns: b q",
    ]);
  });

  test("level 15 adds lines and arguments, level 36 each step", () => {
    expect(traced(36, "Cxa a.b\nR$=x $*\t$@ $1 $2", "a.c")).toEqual([
      "t                  input: a . c",
      "-----trying rule (line 3): $=x $*",
      "ADVANCE rp=$=x, ap=a",
      "CLMATCH",
      "ADVANCE rp=$*, ap=.",
      "ADVANCE rp=<null>, ap=.",
      "BACKUP  rp=$*, ap=.",
      "ADVANCE rp=<null>, ap=c",
      "BACKUP  rp=$*, ap=c",
      "-----rule matches: $@ $1 $2",
      '$1: 0x00000000="a"',
      '$2: 0x00000001="." 0x00000002="c"',
      "rewritten as: a . c",
      "t                returns: a . c",
    ]);
  });

  test("look-ups are shown with key and arguments", () => {
    const maps: TestSettings["maps"] = { m: () => ({ kind: "missing" }) };
    expect(traced(5, "R$*\t$@ $(m $1 $@ x $: d $)", "a b", maps)).toContain(
      "map_lookup(m, a b, %0=a b, %1=x) => NOT FOUND (0), ad=0",
    );
  });
});

describe("printable()", () => {
  test("shows metasymbols as they are written and octets with the high bit as M-x", () => {
    expect(printable("\x93x\x96\x951\x82{ab}")).toBe("$=x$#$1$&{ab}");
    expect(printable("caf\xe9 a\tb\x01")).toBe("cafM-i a\\tb");
    expect(printTokens(["a", "\x9b", "b"])).toBe("a $| b");
  });

  test("shows macro text as it was written", () => {
    for (const source of ["a$?Ayes$|no$.b", "$&{Name} $[x$] ${Name}", "$=w"]) {
      expect(printMacroText(readMacroText(source).text)).toBe(source);
    }
  });
});
