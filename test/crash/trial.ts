/** One run: a queue lives a few lives, each ends badly, and what the next one finds is compared with what it must find. */
import type { OpenedQueue } from "../../src/queue/open-queue.ts";
import type { Random } from "../support/fuzz.ts";
import { FaultyFiles } from "../support/faulty-files.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { readAll } from "../support/queue-samples.ts";
import { randomNumbers } from "../support/random-rules.ts";
import { arm, drawPlan, type Hits, type Plan, type Trace } from "./faults.ts";
import { type Counts, Ledger } from "./ledger.ts";
import { openSmallQueue } from "./small-queue.ts";
import { busyHour, contents, drain, type World } from "./workload.ts";

export interface Outcome {
  readonly seed: number;
  /** What went wrong, one text for each life. */
  readonly plans: readonly string[];
  readonly counts: Counts;
  /** Promises that were broken; empty when all is well. */
  readonly problems: readonly string[];
}

function openOver(files: FaultyFiles, clock: ManualClock, trace: Trace): Promise<OpenedQueue> {
  return openSmallQueue({
    directory: "/queue",
    files,
    clock,
    lock: async () => ({ release: () => undefined }),
    report: (text) => trace(`report: ${text}`),
  });
}

/** Turns of the event loop after which something that waits is taken to wait for ever. */
const PATIENCE = 5_000;
/** After how many turns time passes for those who wait for it. */
const TURNS = 40;

/** Waits for work that may wait for time. False: it never ends. A process that has stopped need not end anything. */
async function patiently(work: Promise<unknown>, world: Pick<World, "clock" | "isAlive">): Promise<boolean> {
  let afterwards = 20;
  const state = { ended: false };
  const end = work.finally(() => {
    state.ended = true;
  });
  end.catch(() => undefined);
  for (let turn = 1; !state.ended; turn++) {
    if (!world.isAlive() && afterwards-- === 0) return true;
    if (turn === PATIENCE) return false;
    if (turn % TURNS === 0) world.clock.advance(1001);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await end;
  return true;
}

class Trial {
  readonly ledger = new Ledger();
  readonly #clock = new ManualClock();
  readonly #random: Random;
  readonly #trace: Trace;
  #files = new FaultyFiles();
  #nextNumber = 0;

  constructor(random: Random, trace: Trace) {
    this.#random = random;
    this.#trace = trace;
  }

  #world(files: FaultyFiles, opened: OpenedQueue): World {
    return {
      store: opened.store,
      clock: this.#clock,
      random: this.#random,
      tell: (event) => {
        if (files.isStopped) return;
        this.#trace(JSON.stringify(event));
        this.ledger.apply(event);
      },
      isAlive: () => !files.isStopped,
      problem: (text) => void this.ledger.problems.push(text),
      nextNumber: this.#nextNumber,
      commanded: new Set(),
    };
  }

  /** Looks at a copy of the disk. */
  async audit(): Promise<void> {
    const files = this.#files.crashed("process");
    const world = this.#world(files, await openOver(files, this.#clock, this.#trace));
    this.ledger.audit(await contents(world));
  }

  async live(plan: Plan, hits: Hits): Promise<void> {
    const files = this.#files;
    const mayFail = arm(files, plan, hits, this.#trace);
    const life = async (): Promise<void> => {
      const world = this.#world(files, await openOver(files, this.#clock, this.#trace));
      if (!(await patiently(busyHour(world), world))) world.problem("the work never ends");
      this.#nextNumber = world.nextNumber;
      if (files.isStopped) return;
      const failing = mayFail();
      if (!(await patiently(world.store.close(), world))) world.problem("the store never closes");
      if (!failing && !mayFail()) world.tell({ kind: "closed" });
    };
    // A queue that cannot be opened is tried again by whoever watches the server.
    await life().catch(() => undefined);
    this.ledger.newLife();
    this.#files = files.crashed(plan.crash ?? "process");
  }

  /** The last life: nothing fails, and all is delivered. */
  async end(): Promise<void> {
    const files = this.#files;
    const world = this.#world(files, await openOver(files, this.#clock, this.#trace));
    if (!(await patiently(drain(world), world))) world.problem("the queue is never empty");
    this.ledger.judge();
    const again = files.crashed("process");
    const { store, recovered } = await readAll(openOver(again, this.#clock, this.#trace));
    await store.close();
    const left = again.paths().filter((path) => !/[/](damaged-\d+-\d+|queue[.](?:format|folders))$/.test(path));
    if (recovered.length > 0) this.ledger.problems.push(`${recovered.length} messages are back after the end`);
    if (left.length > 0) this.ledger.problems.push(`left over: ${left.join(" ")}`);
  }
}

const MOST_LIVES = 3;

export async function trial(seed: number, hits: Hits, trace: Trace = () => undefined): Promise<Outcome> {
  const random = randomNumbers(seed * 7919 + 1);
  const run = new Trial(random, trace);
  const plans: string[] = [];
  try {
    for (let lives = 1 + random(MOST_LIVES); lives > 0; lives--) {
      const plan = drawPlan(random);
      plans.push(plan.text);
      trace(`a life: ${plan.text}`);
      await run.live(plan, hits);
      await run.audit();
    }
    await run.end();
  } catch (error) {
    run.ledger.problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  return { seed, plans, counts: run.ledger.counts, problems: run.ledger.problems };
}
