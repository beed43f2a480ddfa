/**
 * Stops the store before every single file operation of a busy hour, takes what a killed process or a power failure
 * leaves on the disk, and opens it again. Promises checked (docs/architecture.md): nothing acknowledged is lost;
 * nothing durably settled comes back; an expansion is there with all its children or not at all.
 */
import { describe, expect, test } from "@jest/globals";
import { openDraft } from "../../src/queue/draft.ts";
import { openQueue, type OpenedQueue } from "../../src/queue/open-queue.ts";
import type { QueueStore } from "../../src/queue/queue.ts";
import { type Crash, FaultyFiles } from "../support/faulty-files.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { bodyOf, deferred, delivered, envelope, lines, readAll, recipient } from "../support/queue-samples.ts";

/** What the world outside knows for sure. */
interface Knowledge {
  /** Id → body, for every commit that resolved. */
  readonly accepted: Map<string, string>;
  /** Ids whose end was durable. */
  readonly ended: Set<string>;
  /** Ids whose end was asked for, durable or not. */
  readonly ending: Set<string>;
  readonly expanded: Set<string>;
  readonly held: Set<string>;
  readonly released: Set<string>;
}

function open(files: FaultyFiles): Promise<OpenedQueue> {
  return openQueue({
    directory: "/queue",
    files,
    clock: new ManualClock(),
    lock: async () => ({ release: () => undefined }),
    segmentSize: 6000,
    step: 2048,
    inlineLimit: 1500,
  });
}

async function accept(store: QueueStore, known: Knowledge, body: string, hold?: string): Promise<string> {
  const draft = await openDraft(store);
  await draft.write(Buffer.from(body, "latin1"));
  const recipients = [recipient("list@a.test"), recipient("c@c.test")];
  await draft.commit(envelope(draft.id, { recipients }), hold === undefined ? {} : { hold });
  known.accepted.set(draft.id, body);
  if (hold !== undefined) known.held.add(draft.id);
  return draft.id;
}

async function expand(store: QueueStore, known: Knowledge, id: string): Promise<void> {
  const claim = (await store.claim(id))!;
  await store.record(claim, { at: 1, recipients: [0] });
  const added = [recipient("x@x.test", { parent: 0 }), recipient("y@y.test", { parent: 0 })];
  await store.settle(claim, { recipients: [{ index: 0, state: "expanded" }], added });
  await store.flush(claim);
  known.expanded.add(id);
  await store.settle(claim, { recipients: [{ index: 2, state: "deferred", status: deferred }] });
  await store.finish(claim);
}

async function deliver(store: QueueStore, known: Knowledge, id: string, wait: boolean): Promise<void> {
  const claim = (await store.claim(id))!;
  const indexes = claim.entry.envelope.recipients.map((_, index) => index);
  await store.record(claim, { at: 1, recipients: indexes });
  known.ending.add(id);
  await store.settle(claim, {
    recipients: indexes.map((index) => ({ index, state: "delivered", status: delivered })),
  });
  const flushed = wait ? store.flush(claim) : undefined;
  await store.finish(claim);
  if (flushed === undefined) return;
  await flushed;
  known.ended.add(id);
}

/** Accepts, expands, delivers, holds, releases, removes, fills several segments. */
async function work(files: FaultyFiles, known: Knowledge): Promise<void> {
  const { store } = await open(files);
  const [a, b, c, d] = await Promise.all([
    accept(store, known, lines(5, "a")),
    accept(store, known, lines(9, "b")),
    accept(store, known, lines(200, "c")),
    accept(store, known, lines(20, "d"), "odd"),
  ]);
  await Promise.all([deliver(store, known, a, true), expand(store, known, b), expand(store, known, c)]);
  const more = await Promise.all([1, 2, 3].map((number) => accept(store, known, lines(40, `e${number}`))));
  await deliver(store, known, more[0], false);
  known.ending.add(more[1]);
  await store.remove(more[1]);
  known.ended.add(more[1]);
  await store.hold(b, "look");
  known.held.add(b);
  known.held.delete(d);
  await store.release(d);
  known.released.add(d);
  await Promise.all([4, 5, 6].map((number) => accept(store, known, lines(60, `e${number}`))));
  await deliver(store, known, d, true);
  // From the journal to the spool and out.
  await store.hold(more[2], "look");
  await store.release(more[2]);
  await deliver(store, known, more[2], true);
  await deliver(store, known, c, true);
  await store.close();
}

function nothingKnown(): Knowledge {
  return {
    accepted: new Map(),
    ended: new Set(),
    ending: new Set(),
    expanded: new Set(),
    held: new Set(),
    released: new Set(),
  };
}

/** Runs the work up to an operation; a stopped process knows nothing of its rejected promises. */
async function workUntil(stopBefore: number): Promise<{ files: FaultyFiles; known: Knowledge }> {
  const files = new FaultyFiles();
  files.stopBefore = stopBefore;
  const known = nothingKnown();
  await work(files, known).catch(() => undefined);
  // What was begun at the same time as the one that failed comes to its end too.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  return { files, known };
}

/** Every promise that is broken, in words. */
async function broken(files: FaultyFiles, known: Knowledge): Promise<string[]> {
  const { store, recovered } = await readAll(open(files));
  const problems: string[] = [];
  const found = new Map(recovered.map((entry) => [entry.id, entry]));
  if (found.size !== recovered.length) problems.push("a message is there twice");
  for (const [id, body] of known.accepted) {
    const entry = found.get(id);
    if (!entry) {
      if (!known.ending.has(id)) problems.push(`${id} was accepted and is lost`);
      continue;
    }
    if (known.ended.has(id)) problems.push(`${id} was finished and is back`);
    const states = entry.envelope.recipients.map(({ state }) => state).slice(0, 4);
    if (states[0] === "expanded" ? states.length !== 4 : states.length !== 2) problems.push(`${id} is half expanded`);
    if (known.expanded.has(id) && states.length !== 4) problems.push(`${id} was expanded and is not`);
    if (known.held.has(id) && entry.hold === undefined) problems.push(`${id} was held and is not`);
    if (known.released.has(id) && entry.hold !== undefined) problems.push(`${id} was released and is held`);
    if (entry.hold !== undefined) await store.release(id);
    if ((await store.inspect(id))!.entry.envelope.headers.length !== 3) problems.push(`${id} has no header`);
    if ((await bodyOf(store, id)) !== body) problems.push(`${id} has another body`);
  }
  await store.close();
  return problems;
}

/** What a stop is followed by: the process is killed, or the power fails (each time in another way). */
function crashesAfter(stop: number): readonly Crash[] {
  return ["process", stop];
}

describe("DurableStore", () => {
  test("keeps its promises when it is stopped before any file operation", async () => {
    const whole = await workUntil(Infinity);
    expect(whole.known.ended.size).toBe(5);
    const operations = whole.files.operations;
    expect(operations).toBeGreaterThan(60);
    const problems: string[] = [];
    for (let stop = 1; stop <= operations + 1; stop++) {
      const { files, known } = await workUntil(stop);
      for (const crash of crashesAfter(stop)) {
        const left = files.crashed(crash);
        for (const problem of await broken(left, known)) problems.push(`stop ${stop}, crash ${crash}: ${problem}`);
      }
    }
    expect(problems).toEqual([]);
  });

  test("keeps its promises when it is stopped again while it recovers", async () => {
    const { files, known } = await workUntil(75);
    const problems: string[] = [];
    for (const crash of crashesAfter(1)) {
      const trial = files.crashed(crash);
      await (
        await open(trial)
      ).loaded;
      const operations = trial.operations;
      for (let stop = 1; stop <= operations; stop++) {
        const again = files.crashed(crash);
        again.stopBefore = stop;
        // What it cannot read it would try again for ever.
        await open(again).catch(() => undefined);
        for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve));
        const left = again.crashed(stop);
        for (const problem of await broken(left, known)) problems.push(`stop ${stop}, crash ${crash}: ${problem}`);
      }
    }
    expect(problems).toEqual([]);
  });

  // Several faults, and such that last: test/crash.
  test("keeps its promises when any one operation fails", async () => {
    const { files: whole } = await workUntil(Infinity);
    const problems: string[] = [];
    for (let number = 1; number <= whole.operations; number++) {
      const code = number % 2 === 0 ? "EIO" : "ENOSPC";
      const crash = number % 4 < 2 ? "process" : number;
      const files = new FaultyFiles();
      files.inject = (operation) => (operation.number === number ? code : undefined);
      const known = nothingKnown();
      await work(files, known).catch(() => undefined);
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      for (const problem of await broken(files.crashed(crash), known)) {
        problems.push(`${code} at ${number}, crash ${crash}: ${problem}`);
      }
    }
    expect(problems).toEqual([]);
  });
});
