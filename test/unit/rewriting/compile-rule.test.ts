import { describe, expect, test } from "@jest/globals";
import { printRule } from "../../../src/rewriting/trace.ts";
import { testProgram } from "../../support/rule-program.ts";

function compiled(line: string) {
  const { rulesets, problems } = testProgram(`Dxval.test\nSt=1\n${line}`);
  const rule = rulesets.get(1)?.rules[0];
  const { lhs = [], rhs = [] } = rule ? printRule(rule) : {};
  return { problems, text: `${lhs.join(" ")} => ${rhs.join(" ")}`, rule };
}

describe("compileRule()", () => {
  test.each([
    ["R$*@$+\t$: $2 $1", "$* @ $+ => $: $2 $1"],
    ["R$=x$~{yy}$&z$&{zz}\t$@$>a $1$2", "$=x $~{yy} $&z $&{zz} => $@ $> a $1 $2"],
    ['R$x\t$x "$x" $$', 'val . test => val . test "val.test" $'],
    ["R$#$*$|\t$#a$@b$:c", "$# $* $| => $# a $@ b $: c"],
    ["R(a)<b\tc>", "( a ) < b => c >"],
    ["R$*\t$10", "$* => $1 0"],
  ])("%j reads as %j", (line, text) => {
    expect(compiled(line)).toMatchObject({ problems: [], text });
  });

  test.each([
    ["R\tx", ["R line: null LHS"]],
    ["Rx\t", ["R line: null RHS"]],
    ["R$1\tx", ["Inappropriate use of $1-$9 on LHS"]],
    ["R$: $. $(\tx", ["$:", "$.", "$("].map((each) => `Inappropriate use of ${each} on LHS`)],
    ["R$*\t$2 $0", ["replacement $2 out of bounds", "replacement $0 out of bounds"]],
    ["R$*\t$* $=a", ["Inappropriate use of $* on RHS", "Inappropriate use of $= on RHS"]],
    ["R$*\t$(m $1", ["missing map closing token"]],
    ["R$*\t$[ $[ a $] $]", ["cannot nest map lookups"]],
    ["R$*$*$*$*$*$*$*$*$*$*\tx", ["R line: too many wildcards"]],
  ])("%j is reported", (line, problems) => {
    expect(compiled(line).problems).toEqual(problems);
  });

  test("a macro that refers to itself is reported", () => {
    const { problems } = testProgram("Dx$x\nSt\nR$x\ty");
    expect(problems).toEqual(["expand: recursion too deep (10 max)"]);
  });

  test("operators in the value of a macro are operators of the rule", () => {
    const { rulesets } = testProgram("Dx$* b $=c\nSt=1\nR$x\t<$1>");
    const [rule] = rulesets.get(1)?.rules ?? [];
    expect(printRule(rule).lhs).toEqual(["$*", "b", "$=c"]);
  });

  test("takes the control off the right side", () => {
    expect(compiled("Ra\t$:b").rule).toMatchObject({ control: "once", rhs: [{ kind: "token", text: "b" }] });
    expect(compiled("Ra\t$@").rule).toMatchObject({ control: "return", rhs: [] });
    expect(compiled("Ra\tb").rule).toMatchObject({ control: "repeat", at: { file: "test.cf", line: 3 } });
  });
});
