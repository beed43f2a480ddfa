/**
 * A busy hour of a queue, drawn from a seed: clients, deliveries, expansions and an operator, some at the same time. Tells a
 * ledger what the world outside gets to know. Works on any store; failures that a store may have are answered as a server
 * answers them, any other one is a problem.
 */
import { openDraft } from "../../src/queue/draft.ts";
import { isOpen } from "../../src/envelope/recipient.ts";
import type { Claim, QueueStore } from "../../src/queue/queue.ts";
import { QueueUnavailableError } from "../../src/queue/queue.ts";
import type { Random } from "../support/fuzz.ts";
import type { ManualClock } from "../support/manual-clock.ts";
import { deferred, delivered, envelope, recipient } from "../support/queue-samples.ts";
import { bodyOfNumber, childrenOf, type Event, recipientsOf } from "./ledger.ts";

export interface World {
  readonly store: QueueStore;
  readonly clock: ManualClock;
  readonly random: Random;
  /** Hears what the world outside knows; nothing after the process has stopped. */
  readonly tell: (event: Event) => void;
  /** False once the process has stopped: nothing that it does counts any more. */
  readonly isAlive: () => boolean;
  /** What no store may do. */
  readonly problem: (text: string) => void;
  /** For the next message. */
  nextNumber: number;
  /** Messages that an operator's command is about; one at a time for each. */
  readonly commanded: Set<string>;
}

const SESSIONS = 4;
const STEPS = 14;

const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs what a store may refuse; undefined when it did. */
async function tried<T>(world: World, what: string, work: () => Promise<T> | T): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof QueueUnavailableError) && world.isAlive()) {
      world.problem(`${what} fails with ${String(error)}`);
    }
    return undefined;
  }
}

async function accept(world: World): Promise<void> {
  const { store, random, tell } = world;
  const number = world.nextNumber++;
  const hold = random(8) === 0;
  const draft = await tried(world, "openDraft", () => openDraft(store));
  if (draft === undefined) return;
  const { id } = draft;
  tell({ kind: "accepting", id, number, hold });
  const body = Buffer.from(bodyOfNumber(number), "latin1");
  const recipients = recipientsOf(number).map((given) => recipient(given));
  const entry = await tried(world, "accept", async () => {
    for (let at = 0; at < body.length; at += 700) await draft.write(body.subarray(at, at + 700));
    return draft.commit(envelope(id, { sender: `m${number}@a.test`, recipients }), {
      ...(number % 4 === 3 ? { group: "slow" } : {}),
      ...(hold ? { hold: "odd" } : {}),
    });
  });
  if (entry === undefined) draft.discard();
  tell({ kind: entry === undefined ? "refused" : "accepted", id });
}

/** One attempt: what is open is expanded, delivered, deferred; sometimes in two settlements. */
export async function attempt(world: World, claim: Claim, always = false): Promise<void> {
  const { store, clock, random, tell } = world;
  const { id } = claim.entry;
  // Claimed while an operator removed it: as if the command had come later.
  if ((await tried(world, "get", () => store.get(id))) !== undefined) tell({ kind: "claimed", id });
  const open = claim.entry.envelope.recipients.flatMap((each, index) => (isOpen(each) ? [index] : []));
  await store.record(claim, { at: clock.now(), recipients: open });
  for (let rest = open; rest.length > 0;) {
    const count = 1 + random(rest.length);
    await settle(world, claim, rest.slice(0, count), always);
    rest = rest.slice(count);
  }
  if (random(3) === 0) {
    const flushed = await tried(world, "flush", async () => {
      await store.flush(claim);
      return true;
    });
    if (flushed) tell({ kind: "durable", id });
  }
  await store.finish(claim);
}

async function settle(world: World, claim: Claim, indexes: readonly number[], always: boolean): Promise<void> {
  const { store, clock, random, tell } = world;
  const { id, envelope: before } = claim.entry;
  const lists = indexes.filter((index) => before.recipients[index].given.startsWith("list"));
  for (const index of lists) {
    const { given } = before.recipients[index];
    const added = childrenOf(given).map((child) => recipient(child, { parent: index }));
    const entry = await store.settle(claim, { recipients: [{ index, state: "expanded" }], added });
    const flushed = await tried(world, "flush", async () => {
      await store.flush(claim);
      return true;
    });
    if (entry !== undefined && flushed) tell({ kind: "expanded", id, given });
  }
  const others = indexes.filter((index) => !lists.includes(index));
  const done = others.filter(() => always || random(3) > 0);
  for (const index of done) tell({ kind: "delivered", id, given: before.recipients[index].given });
  if (random(2) === 0) await aTurn();
  const entry = await store.settle(claim, {
    recipients: others.map((index) =>
      done.includes(index)
        ? ({ index, state: "delivered", status: delivered } as const)
        : ({ index, state: "deferred", status: deferred } as const),
    ),
    nextTry: clock.now() + 1000 * random(2),
  });
  // Removed by the operator meanwhile: nobody will ask again.
  if (entry === undefined) return;
  for (const index of done) tell({ kind: "settled", id, given: before.recipients[index].given });
}

async function deliver(world: World): Promise<void> {
  const { store, clock, random } = world;
  const claims = await tried(world, "claimDue", () => store.claimDue(clock.now(), 1 + random(3)));
  await Promise.all((claims ?? []).map((claim) => tried(world, "attempt", () => attempt(world, claim))));
}

async function operate(world: World): Promise<void> {
  const { store, random, tell, commanded } = world;
  const entries = await tried(world, "list", () => store.list());
  const free = entries?.filter(({ id }) => !commanded.has(id)) ?? [];
  if (free.length === 0) return;
  const { id, hold } = free[random(free.length)];
  const [asking, done, work] =
    random(4) === 0
      ? (["removing", "removed", () => store.remove(id)] as const)
      : hold === undefined
        ? (["holding", "held", () => store.hold(id, "look")] as const)
        : (["releasing", "released", () => store.release(id)] as const);
  commanded.add(id);
  tell({ kind: asking, id });
  if (await tried(world, asking, work)) tell({ kind: done, id });
  commanded.delete(id);
}

async function session(world: World): Promise<void> {
  const { random, clock } = world;
  for (let step = 0; step < STEPS && world.isAlive(); step++) {
    const choice = random(10);
    if (choice < 3) await accept(world);
    else if (choice < 7) await deliver(world);
    else if (choice < 8) await operate(world);
    else {
      clock.advance([1, 6, 1001, 60_000, 700_000][random(5)]);
      await aTurn();
    }
  }
}

/** Works until everybody has done what he wanted, or the process has stopped. */
export async function busyHour(world: World): Promise<void> {
  await Promise.all(Array.from({ length: SESSIONS }, () => session(world)));
}

/** Releases and delivers all that is left, and closes. */
export async function drain(world: World): Promise<void> {
  const { store, clock, tell } = world;
  for (const { id, hold } of await store.list()) {
    if (hold !== undefined && (await store.release(id))) tell({ kind: "released", id });
  }
  for (let round = 0; (await store.count()) > 0; round++) {
    if (round === 100) {
      world.problem(`${await store.count()} messages never become due`);
      break;
    }
    clock.advance(3_600_000);
    for (const claim of await store.claimDue(clock.now(), 50)) await attempt(world, claim, true);
    await aTurn();
  }
  await store.close();
  tell({ kind: "closed" });
}

export interface Found {
  readonly entry: Claim["entry"];
  readonly body: string;
}

/** All that is in a queue, read as an operator would. */
export async function contents(world: Pick<World, "store">): Promise<Found[]> {
  const found: Found[] = [];
  for (const { id } of await world.store.list()) {
    const whole = await world.store.inspect(id);
    if (whole === undefined) continue;
    const chunks: Buffer[] = [];
    for await (const chunk of whole.body.stream()) chunks.push(chunk as Buffer);
    found.push({ entry: whole.entry, body: Buffer.concat(chunks).toString("latin1") });
  }
  return found;
}
