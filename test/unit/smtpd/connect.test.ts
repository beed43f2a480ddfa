import { expect, test } from "@jest/globals";
import { sessionMacros } from "../../../src/smtpd/connect.ts";

test("a port with D= has a delivery mode of its own", () => {
  expect(sessionMacros({ extra: new Map([["deliverymode", "q"]]) })).toEqual([["deliveryMode", "q"]]);
  expect(sessionMacros({ extra: new Map([["children", "3"]]) })).toEqual([]);
});
