/** Macros of a message whose sender was looked at. */
import { expect, test } from "@jest/globals";
import { macrosOfMessage } from "../../../src/reception/sender-macros.ts";

test.each([
  ["spf=pass smtp.mailfrom=a.test; dmarc=pass header.from=a.test", "pass"],
  ["spf=pass; DMARC = Fail (p=reject; x) header.from=a.test", "fail"],
  ["spf=pass", undefined],
  // Whoever talks to a sealer that is trusted may choose what stands in quotes and comments there.
  ['spf=pass smtp.mailfrom="; dmarc=pass "@evil.test; dmarc=fail', "fail"],
  [String.raw`spf=pass smtp.mailfrom="\"; dmarc=pass "@evil.test; dmarc=fail`, "fail"],
  ["spf=fail (a (b) ; dmarc=pass x) smtp.mailfrom=evil.test; dmarc=fail", "fail"],
  [String.raw`spf=fail (a \) ; dmarc=pass x) smtp.mailfrom=evil.test; dmarc=fail`, "fail"],
  ['spf=fail smtp.mailfrom="; dmarc=pass', undefined],
])("the last sealer says %s: {arc_dmarc} is %s", (authResults, expected) => {
  const macros = new Map(macrosOfMessage({ arc: { result: "pass", chain: [], authResults } }));
  expect(macros.get("arc_dmarc")).toBe(expected);
});
