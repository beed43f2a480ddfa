/** The short form of `npm run crash-test`, see run.ts: the same seeds every time. */
import { expect, test } from "@jest/globals";
import { damagedTrial } from "./damaged.ts";
import { killedTrial } from "./killed.ts";
import { noCounts, addCounts } from "./ledger.ts";
import { trial } from "./trial.ts";

/**
 * Runs that have found something: a list that passed over later records while somebody else read the message, and a record that
 * a loss of power left in two segments.
 */
const ONCE_BROKEN = [50_743, 51_107, 51_527, 200_542];

test("a queue keeps its promises through stops and failures of its files at any operation", async () => {
  const broken: string[] = [];
  const total = noCounts();
  const hits = new Map<string, number>();
  for (const seed of [...Array.from({ length: 20 }, (_, each) => each + 1), ...ONCE_BROKEN]) {
    const { problems, counts } = await trial(seed, hits);
    addCounts(total, counts);
    for (const problem of problems) broken.push(`seed ${seed}: ${problem}`);
  }
  expect(broken).toEqual([]);
  // What happens is worth something only when enough does.
  expect(total.accepted).toBeGreaterThan(150);
  expect(total.beforeSettle).toBeGreaterThan(4);
  for (const what of [
    "write segment",
    "datasync segment",
    "datasync tf",
    "rename tf",
    "unlink qf",
    "syncFolder folder",
  ]) {
    expect(hits.get(what)).toBeGreaterThan(0);
  }
}, 120_000);

test("of a damaged journal nothing is lost but what was hit, and that is named", async () => {
  const broken: string[] = [];
  let damaged = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const outcome = await damagedTrial(seed);
    damaged += outcome.damaged;
    for (const problem of outcome.problems) broken.push(`seed ${seed}: ${problem} (${outcome.hits.join("; ")})`);
  }
  expect(broken).toEqual([]);
  expect(damaged).toBeGreaterThan(20);
});

test("a queue keeps its promises when its process is killed while it works on real files", async () => {
  const outcomes = await Promise.all([3, 10].map((seed) => killedTrial(seed)));
  expect(outcomes.flatMap(({ seed, problems }) => problems.map((problem) => `seed ${seed}: ${problem}`))).toEqual([]);
  expect(outcomes.reduce((sum, { counts }) => sum + counts.accepted, 0)).toBeGreaterThan(10);
});
