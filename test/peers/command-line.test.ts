/**
 * The recorded answers of test/golden/command-line are those of a genuine sendmail: all calls are made again.
 * RECORD=1 writes them anew (look at the difference before committing).
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "@jest/globals";
import { cases } from "../golden/command-line/cases.ts";
import { askGenuine } from "../support/command-line-genuine.ts";
import { type CallResult, goldenFolder, readRecorded } from "../support/command-line-site.ts";
import { peerDescribe } from "../support/peers.ts";

peerDescribe("calls of sendmail", ["sendmail", "m4", "root"], () => {
  test("genuine sendmail answers as it was recorded", () => {
    const answers = askGenuine(cases);
    if (process.env["RECORD"] !== undefined) {
      const lines = cases.map(({ name }) => `${JSON.stringify({ name, ...answers.get(name) })}\n`);
      writeFileSync(join(goldenFolder, "recorded.jsonl"), lines.join(""));
    }
    const recorded = readRecorded();
    expect([...recorded.keys()]).toEqual(cases.map(({ name }) => name));
    // A name server that is late on a busy machine makes a message wait: those are asked once more.
    const again = cases.filter(({ name }) => !isDeepStrictEqual(told(answers, name), told(recorded, name)));
    for (const [name, answer] of again.length === 0 ? [] : askGenuine(again)) answers.set(name, answer);
    for (const { name } of cases) expect(told(answers, name)).toEqual(told(recorded, name));
  }, 300_000);
});

/** What is compared: whether a queue file was left is seen too early sometimes. */
function told(results: ReadonlyMap<string, CallResult>, name: string): unknown {
  const { exit, said, deliveries } = results.get(name)!;
  return { name, exit, said, deliveries };
}
