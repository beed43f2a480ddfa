/** One run on the real file system: processes that are killed at any of their operations, one after the other. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OpenedQueue } from "../../src/queue/open-queue.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { randomNumbers } from "../support/random-rules.ts";
import { type Event, Ledger } from "./ledger.ts";
import { openSmallQueue } from "./small-queue.ts";
import type { Outcome } from "./trial.ts";
import { contents, drain, type World } from "./workload.ts";

const program = join(import.meta.dirname, "killed-process.ts");
/** Operations in a life, about; twice, because a process dies before or while it does one. */
const MOMENTS = 700;

type Line = Event | { readonly kind: "problem"; readonly text: string };

/** Lets a process work until it dies; what it said. */
async function workAndDie(words: readonly string[]): Promise<Line[]> {
  const child = spawn(process.execPath, ["--no-warnings", program, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  for await (const chunk of child.stdout) output += String(chunk);
  // A line without its end was not said.
  return output
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
}

function heard(ledger: Ledger, lines: readonly Line[]): void {
  for (const line of lines) {
    if (line.kind === "problem") ledger.problems.push(line.text);
    else ledger.apply(line);
  }
  ledger.newLife();
}

/** @param seed the same seed need not be the same run: the kernel decides what runs first */
export async function killedTrial(seed: number): Promise<Outcome> {
  const random = randomNumbers(seed * 7919 + 1);
  const directory = await mkdtemp(join(tmpdir(), "rulemail-crash-"));
  const ledger = new Ledger();
  const clock = new ManualClock(Date.now());
  const world = ({ store }: OpenedQueue): World => ({
    store,
    clock,
    random,
    tell: (event) => ledger.apply(event),
    isAlive: () => true,
    problem: (text) => void ledger.problems.push(text),
    nextNumber: 0,
    commanded: new Set(),
  });
  const plans: string[] = [];
  try {
    for (let lives = 1 + random(3); lives > 0; lives--) {
      const stop = random(MOMENTS);
      plans.push(`kill -9 at ${stop / 2}`);
      heard(ledger, await workAndDie([directory, String(1 + random(1_000_000)), String(stop), String(100 * lives)]));
      const opened = await openSmallQueue({ directory, clock });
      ledger.audit(await contents(world(opened)));
      await opened.store.close();
    }
    await drain(world(await openSmallQueue({ directory, clock })));
    ledger.judge();
  } catch (error) {
    ledger.problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return { seed, plans, counts: ledger.counts, problems: ledger.problems };
}
