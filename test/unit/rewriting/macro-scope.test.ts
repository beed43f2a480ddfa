import { expect, test } from "@jest/globals";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";

test("layers that share values see them above those below, and change none but their own", () => {
  const session = new Map([
    ["verify", "OK"],
    ["cipher", undefined],
  ]);
  const below = new MacroScope(undefined, [
    ["cipher", "of an earlier session"],
    ["j", "mx.test"],
  ]);
  const [first, second] = [below.sharing(session), below.sharing(session)];
  first.set("verify", "FAIL");
  first.set("TLS_Name", "mx.b.test");
  expect(["verify", "cipher", "j", "TLS_Name"].map((name) => first.get(name))).toEqual([
    "FAIL",
    undefined,
    "mx.test",
    "mx.b.test",
  ]);
  expect(["verify", "TLS_Name"].map((name) => second.get(name))).toEqual(["OK", undefined]);
  expect([...session]).toEqual([
    ["verify", "OK"],
    ["cipher", undefined],
  ]);
  expect([...second.own()]).toEqual([...session]);
});
