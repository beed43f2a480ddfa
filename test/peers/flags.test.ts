/**
 * One table of flags (test/golden/command-line/flags.ts), asked of a genuine sendmail and of us: status, words, and who got the
 * message. What ends before that is asked of us in test/unit/cli/flags.test.ts. RECORD=1 writes the genuine answers anew (look at the difference before committing).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { endsEarly, type FlagAnswer, flagCases } from "../golden/command-line/flags.ts";
import { askAboutFlags } from "../support/flag-calls.ts";
import { peerDescribe } from "../support/peers.ts";

const file = join(import.meta.dirname, "../golden/command-line/flags.jsonl");
const named = (answers: readonly FlagAnswer[]): object[] =>
  flagCases.map(({ caller, line }, number) => ({ caller, line, ...answers[number] }));

peerDescribe("flags of the command line", ["sendmail", "root"], () => {
  test("a genuine sendmail answers as it was recorded", () => {
    const lines = named(askAboutFlags("genuine", flagCases)).map((each) => `${JSON.stringify(each)}\n`);
    if (process.env["RECORD"] !== undefined) writeFileSync(file, lines.join(""));
    expect(lines).toEqual(readFileSync(file, "utf8").split(/(?<=\n)/));
  }, 120_000);

  test("and we answer the same, but for what the rows say", () => {
    const recorded = readFileSync(file, "utf8").trimEnd().split("\n");
    const all = flagCases.map((each, number) => ({ each, genuine: JSON.parse(recorded[number]) as FlagAnswer }));
    const asked = all.filter(({ each, genuine }) => !endsEarly(each, genuine));
    const answers = askAboutFlags(
      "ours",
      asked.map(({ each }) => each),
    );
    const ours = asked.map(({ each: { caller, line } }, number) => ({ caller, line, ...answers[number] }));
    expect(ours).toEqual(asked.map(({ each, genuine }) => ({ ...genuine, ...each.ours })));
  }, 180_000);
});
