/** What a gateway of ours has found out about a sender, as macros: only what it says itself. */
import { expect, test } from "@jest/globals";
import { macrosOfGateway } from "../../../src/reception/gateway-results.ts";

const RECEIVED = "Received: by somebody";
const GOOD = "Authentication-Results: gw.test; spf=pass smtp.mailfrom=joe@a.test; dmarc=pass header.from=a.test";
const FORGED = "Authentication-Results: gw.test; dmarc=pass header.from=bank.test";

function told(lines: readonly string[], names: readonly string[] = ["GW.test."]): Record<string, unknown> {
  const fields = lines.map((line) => {
    const [name, value] = line.split(/:(.*)/s);
    return { name, value };
  });
  return Object.fromEntries(macrosOfGateway(fields, names));
}

const KNOWN = { spf: "pass", spf_domain: "a.test", dmarc: "pass", dmarc_domain: "a.test" };

test.each<[string, readonly string[], object]>([
  ["below its Received field", [RECEIVED, GOOD, RECEIVED], KNOWN],
  ["above its Received field", [GOOD, RECEIVED, RECEIVED], KNOWN],
  ["the topmost one counts", [RECEIVED, GOOD, FORGED], KNOWN],
  ["others stand above it", ["Authentication-Results: other.test; dmarc=fail", RECEIVED, GOOD], KNOWN],
  ["what came to it from another host", [RECEIVED, RECEIVED, FORGED], {}],
  ["a field of somebody else", ["Authentication-Results: other.test; dmarc=pass"], {}],
  ["a field that nobody can read", ["Authentication-Results: gw.test x; dmarc=pass"], {}],
  ["nothing", [], {}],
])("%s", (_name, lines, expected) => {
  expect(told(lines)).toEqual(expected);
});

test("a gateway without a name is not believed", () => {
  expect(told([GOOD], [])).toEqual({});
});

test("everything there is; of signatures the author's, of SPF that of the sender", () => {
  const results = [
    "iprev=pass policy.iprev=192.0.2.1",
    "spf=none smtp.helo=mx.a.test",
    "spf=softfail smtp.mailfrom=b.test",
    "dkim=fail header.d=a.test header.s=x",
    "dkim=pass header.d=c.test header.s=y",
    "dkim=pass header.d=A.test header.s=z",
    "dmarc=pass (p=reject) header.from=a.test",
    "arc=pass",
  ];
  expect(told([`Authentication-Results: gw.test; ${results.join("; ")}`])).toEqual({
    iprev: "pass",
    spf: "softfail",
    spf_domain: "b.test",
    spf_helo: "none",
    dkim: "pass",
    dkim_d: "a.test",
    dkim_s: "z",
    dmarc: "pass",
    dmarc_domain: "a.test",
    arc: "pass",
  });
});

test("words that rules do not know, and what is no domain, are left out", () => {
  const results =
    'spf=hardfail smtp.mailfrom=a.test; dmarc=bestguesspass; dkim=pass header.d="a.test $| pass" header.s=${x}';
  expect(told([`Authentication-Results: gw.test; ${results}`])).toEqual({ dkim: "pass" });
});
