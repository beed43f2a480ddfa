/**
 * Random rulesets behind the ones that mail asks: whatever the engine complains about, or cannot look up now, on the way of an
 * address, that address is not said to lead anywhere.
 */
import { expect, test } from "@jest/globals";
import type { Config } from "../../src/config/config.ts";
import type { Mailer } from "../../src/config/mailer.ts";
import { createCompiled } from "../../src/rewriting/jit.ts";
import type { LookupMap } from "../../src/rewriting/lookup-map.ts";
import type { Rewriter } from "../../src/rewriting/rewriter.ts";
import { createMailRules } from "../../src/routing/resolve.ts";
import { EX } from "../../src/sys/sysexits.ts";
import { fuzz } from "../support/fuzz.ts";
import { OPERATORS, testProgram } from "../support/rule-program.ts";
import { randomAddress, randomRules } from "../support/random-rules.ts";

const ASLEEP = { kind: "tempfail", reason: "asleep", status: EX.TEMPFAIL } as const;

const maps: Readonly<Record<string, LookupMap["lookup"]>> = {
  table: (key) => (key.length % 2 === 0 ? { kind: "missing" } : { kind: "found", value: key }),
  show: (key, args) => (args.length > 0 ? ASLEEP : { kind: "found", value: `"${key}"` }),
  broken: () => Promise.resolve(ASLEEP),
  set: () => ({ kind: "found", value: "" }),
  host: () => ASLEEP,
};

/** The rulesets of mail: each goes through one of the random ones, and so do the checks. */
const MAIL = [
  "Scanonify=3",
  "R$*\t$: $>A $1",
  "Sparse=0",
  "R$*\t$: $>B $1",
  "R$+\t$#esmtp $@ hub $: $1",
  "S2",
  "R$*\t$: $>C $1",
  "Sfinal=4",
  "R$*\t$: $>D $1",
  "Scheck_rcpt",
  "R$*\t$: $>7 $1",
  "R$*\t$@ OK",
].join("\n");

/** What stops an address: a complaint anywhere, or a look-up that failed in 3 or 0 (2, R= and 4 do without). */
interface Trouble {
  said: boolean;
  later: boolean;
}

function watched(rewriter: Rewriter, trouble: Trouble): Rewriter {
  return {
    ...rewriter,
    async rewrite(ruleset, workspace, context) {
      const message = (text: string): void => {
        trouble.said = true;
        context.message(text);
      };
      const result = await rewriter.rewrite(ruleset, workspace, { ...context, message });
      const { status } = result;
      if (status === EX.TEMPFAIL) trouble.later ||= ruleset !== 2 && ruleset !== 4;
      else if (status !== EX.OK) trouble.said = true;
      return result;
    },
  };
}

function configOf(rewriter: Rewriter): Config {
  const mailer = {
    name: "esmtp",
    flags: new Set("mDFMuX"),
    recipient: { envelope: 0, header: 0 },
  } as unknown as Mailer;
  const options = { text: (name: string) => (name === "OperatorChars" ? OPERATORS : ""), flag: () => false };
  return { rewriter, options, mailers: new Map([["esmtp", mailer]]) } as unknown as Config;
}

test("rules that complain lead nowhere", async () => {
  const seen = { delivered: 0, refused: 0, deferred: 0 };
  await fuzz(400, async (random, note) => {
    const rules = `${randomRules(random)}\n${MAIL}\n`;
    const address = randomAddress(random);
    note({ rules, address });
    const program = testProgram(rules, { maps });
    const trouble: Trouble = { said: false, later: false };
    const mailRules = createMailRules(configOf(watched(createCompiled(program), trouble)));
    const { kind } = await mailRules.resolve(address, program.scope.child());
    if (trouble.said || trouble.later) expect(["error", "tempfail"]).toContain(kind);
    if (kind === "triple") seen.delivered++;
    else if (trouble.later && kind === "tempfail") seen.deferred++;
    else if (trouble.said) seen.refused++;
    trouble.said = trouble.later = false;
    const verdict = await mailRules.check("check_rcpt", [address], program.scope.child());
    // A look-up without an answer decides nothing in a check: the rules behind it do.
    if (trouble.said) expect(["refuse", "defer"]).toContain(verdict.kind);
  });
  // The generator makes all three.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(5);
});
