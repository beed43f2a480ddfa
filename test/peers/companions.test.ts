/**
 * The recorded answers of test/golden/companions are those of the genuine programs: all calls are made again.
 * RECORD=1 writes them anew (look at the difference before committing).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { cases } from "../golden/companions/cases.ts";
import { askGenuineCompanions } from "../support/companions-genuine.ts";
import { peerDescribe } from "../support/peers.ts";

const file = join(import.meta.dirname, "../golden/companions/recorded.jsonl");

const parsed = (text: string): unknown[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));

peerDescribe("calls of the programs beside sendmail", ["sendmail", "root"], () => {
  test("the genuine ones answer as it was recorded", () => {
    const lines = askGenuineCompanions(cases).map(
      (answer, number) =>
        `${JSON.stringify({ program: cases[number].program, words: cases[number].words, ...answer })}\n`,
    );
    if (process.env["RECORD"] !== undefined) writeFileSync(file, lines.join(""));
    expect(parsed(lines.join(""))).toEqual(parsed(readFileSync(file, "utf8")));
  }, 120_000);
});
