/**
 * Flags of the command line that end a call before anything is done, as a genuine sendmail answers them
 * (test/golden/command-line/flags.ts; the others need a server: test/peers/flags.test.ts).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { run } from "../../../src/cli/personality.ts";
import { endsEarly, type FlagAnswer, flagCases } from "../../golden/command-line/flags.ts";
import { comparable } from "../../support/flag-calls.ts";

const recorded = readFileSync(join(import.meta.dirname, "../../golden/command-line/flags.jsonl"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as FlagAnswer);

/** Words as a shell reads them. */
function words(line: string): string[] {
  return (line.match(/(?:'[^']*'|[^\s'])+/g) ?? []).map((word) => word.replaceAll("'", ""));
}

const early = flagCases.flatMap((each, number) =>
  endsEarly(each, recorded[number]) ? [[each.line, recorded[number]] as const] : [],
);

const homeBefore = process.env.RULEMAIL_HOME;
let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "flags-"));
  writeFileSync(join(home, "sendmail.cf"), "");
  process.env.RULEMAIL_HOME = home;
});
afterAll(() => {
  if (homeBefore === undefined) delete process.env.RULEMAIL_HOME;
  else process.env.RULEMAIL_HOME = homeBefore;
  rmSync(home, { recursive: true });
});

test("there are such flags", () => {
  expect(early.length).toBeGreaterThan(30);
});

test.each(early)("%s", async (line, { status, said }) => {
  let text = "";
  const spies = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, "write").mockImplementation((chunk) => {
      text += String(chunk);
      return true;
    }),
  );
  const [name, ...given] = words(line);
  try {
    expect([await run(name, given), comparable(text.split("\n").filter(Boolean))]).toEqual([status, said]);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
});
