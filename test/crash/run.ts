/**
 * `npm run crash-test [-- RUNS [SEED]]` (2,000 runs unless said otherwise): a queue is killed, loses power, and its files fail, at
 * every operation; faults.ts has what goes wrong, ledger.ts what must hold. The same seed is the same run again; a single run
 * tells all that happens in it. Then a quarter as many journals are damaged (damaged.ts).
 */
import { addCounts, noCounts } from "./ledger.ts";
import { killedTrial } from "./killed.ts";
import { damagedTrial } from "./damaged.ts";
import type { Hits } from "./faults.ts";
import { type Outcome, trial } from "./trial.ts";

/** One run in so many is of real processes on the real file system: they take their time. */
const KILLED = 20;

function show({ seed, plans, problems }: Outcome): void {
  console.log(`seed ${seed}: ${plans.join("; ")}`);
  for (const problem of problems) console.log(`  BROKEN: ${problem}`);
}

function showHits(hits: Hits): void {
  const all = [...hits].toSorted(([a], [b]) => (a < b ? -1 : 1));
  console.log(`stopped or failed at: ${all.map(([what, count]) => `${what} ${count}`).join(", ")}`);
}

async function trials(runs: number, first: number): Promise<number> {
  const hits: Hits = new Map();
  const total = noCounts();
  let failed = 0;
  for (let seed = first; seed < first + runs; seed++) {
    const isKilled = seed % KILLED === 0;
    const outcome = isKilled ? await killedTrial(seed) : await trial(seed, hits, runs === 1 ? console.log : undefined);
    addCounts(total, outcome.counts);
    show(outcome);
    if (outcome.problems.length > 0) failed++;
  }
  showHits(hits);
  console.log(
    `${total.accepted} messages acknowledged, ${total.lost} lost; ${total.deliveries} deliveries, ${total.doubled} repeated ` +
      `without need, ${total.beforeSettle} after a crash between delivery and settlement, ${total.beforeDisk} after one before ` +
      `the settlement was on the disk; ${total.refused} messages refused, of which a crash brought ${total.ghosts} back; ` +
      `${total.unanswered} there that were not answered`,
  );
  console.log(`${runs} runs from seed ${first} on, ${failed} broke a promise`);
  return failed;
}

/** @returns how many runs broke a promise */
async function damagedTrials(runs: number, first: number): Promise<number> {
  let [records, damaged, lost, failed] = [0, 0, 0, 0];
  for (let seed = first; seed < first + runs; seed++) {
    const outcome = await damagedTrial(seed);
    records += outcome.records;
    damaged += outcome.damaged;
    lost += outcome.lost;
    console.log(`seed ${seed}: ${outcome.hits.join("; ")}`);
    for (const problem of outcome.problems) console.log(`  BROKEN: ${problem}`);
    if (outcome.problems.length > 0) failed++;
  }
  console.log(
    `${runs} damaged journals from seed ${first} on: of ${records} records ${damaged} were hit, ${lost} messages lost with ` +
      `theirs; ${failed} lost more than that, or did not name it`,
  );
  return failed;
}

async function main(words: readonly string[]): Promise<number> {
  const [runs, first] = [Number(words[0] ?? 2_000), Number(words[1] ?? Math.floor(Math.random() * 1_000_000))];
  if (!Number.isInteger(runs) || !Number.isInteger(first)) {
    console.error("crash-test: RUNS and SEED are whole numbers: npm run crash-test -- 2000 17");
    return 64;
  }
  const failed = await trials(runs, first);
  return failed + (await damagedTrials(Math.ceil(runs / 4), first)) > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
