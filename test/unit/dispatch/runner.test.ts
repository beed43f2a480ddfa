import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ownFiles } from "../../support/user-files.ts";
import type { Config, Options } from "../../../src/config/config.ts";
import type { Mailer } from "../../../src/config/mailer.ts";
import type { Agent } from "../../../src/delivery/agent.ts";
import { Destinations } from "../../../src/delivery/smtp/destinations.ts";
import type { DeliverySite } from "../../../src/dispatch/attempt.ts";
import { type RunEvent, Runner, type RunnerOptions } from "../../../src/dispatch/runner.ts";
import type { Envelope } from "../../../src/envelope/envelope.ts";
import type { RecipientStatus } from "../../../src/envelope/status.ts";
import { silentLog } from "../../../src/log/log.ts";
import { openDraft } from "../../../src/queue/draft.ts";
import { MemoryStore } from "../../../src/queue/memory-store.ts";
import type { QueueEntry } from "../../../src/queue/queue.ts";
import { TimerScheduler } from "../../../src/queue/timer-scheduler.ts";
import { EMPTY_CLASS } from "../../../src/rewriting/word-set.ts";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import type { MailRules } from "../../../src/routing/mail-rules.ts";
import { fakeSite } from "../../support/fake-site.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const minute = 60_000;
let clock: ManualClock;
let store: MemoryStore;
let runner: Runner;
let site: DeliverySite;
/** Times of the attempts, in minutes since the start. */
let attempts: number[];
let outcome: RecipientStatus["action"];
let started: number;
/** What deliveries to "slow" wait for. */
let silent: PromiseWithResolvers<void>;
/** Do mailers open connections, as that of SMTP does? */
let limited: boolean;
let destinations: Destinations;

beforeEach(() => {
  clock = new ManualClock();
  started = clock.now();
  store = new MemoryStore(clock);
  attempts = [];
  silent = Promise.withResolvers();
  limited = false;
  destinations = new Destinations(clock);
  outcome = "delayed";
});
afterEach(async () => {
  await runner.stop(0);
  await store.close();
});

function start(interval: number | undefined, ages: { readonly min?: number; readonly max?: number } = {}): void {
  const config = {
    options: {
      text: () => "",
      number: (name: string) => (name.startsWith("MaxQueue") ? 0 : 10),
      isSet: () => false,
      timeout: () => 0,
      flag: () => false,
      time: (name: string) => (name === "MinQueueAge" ? (ages.min ?? 0) : (ages.max ?? 0)),
    } as unknown as Options,
    queueGroups: new Map(),
    mailers: new Map([
      ["esmtp", { name: "esmtp", path: "[IPC]", flags: new Set("m"), maxRecipients: 0 } as unknown as Mailer],
    ]),
    macros: new MacroScope(),
    classWords: () => EMPTY_CLASS,
    expand: (text: string) => text,
    rewriter: { number: () => undefined },
  } as unknown as Config;
  const rules = {
    resolve: (address: string) => ({
      kind: "triple",
      triple: { mailer: "esmtp", host: "far.test", user: address },
      canonical: address,
    }),
  } as unknown as MailRules;
  const agent: Agent = {
    async deliver(job) {
      if (job.recipients.some(({ triple }) => triple.user === "slow")) await silent.promise;
      attempts.push((clock.now() - started) / minute);
      const status: RecipientStatus = { action: outcome, status: "4.4.1", text: "text", at: clock.now() };
      return { statuses: new Map(job.recipients.map(({ index }) => [index, status])) };
    },
  };
  site = fakeSite({
    config,
    rules,
    agents: { connects: () => limited, files: ownFiles, agentFor: () => agent, close: () => Promise.resolve() },
  });
  const options: RunnerOptions = {
    site: () => site,
    store,
    clock,
    log: silentLog,
    scheduler: (gate) => new TimerScheduler(clock, store, gate),
    destinations,
    load: () => 0,
    interval,
    reports: { clock, log: silentLog, intake: { begin: () => never() } },
  };
  runner = new Runner(options);
  runner.start();
}

function never(): never {
  throw new Error("no report is due in these tests");
}

/** @param host the message is placed already, and goes there */
async function queued(nextTry?: number, given = "x@far.test", host?: string): Promise<QueueEntry> {
  const draft = await openDraft(store);
  const envelope: Envelope = {
    id: draft.id,
    sender: "me@a.test",
    recipients: [
      { given, state: "todo", ...(host === undefined ? {} : { resolved: { mailer: "esmtp", host, user: given } }) },
    ],
    headers: [],
    bodySize: 0,
    eightBit: false,
    smtputf8: false,
    arrived: clock.now(),
    macros: {},
    isReport: false,
    messageClass: 0,
  };
  return draft.commit(envelope, { nextTry });
}

/** Lets what can happen without an end of anything happen. */
async function turns(): Promise<void> {
  for (let i = 0; i < 400; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets everything that is due happen. */
async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    await runner.idle();
  }
}

async function pass(minutes: number): Promise<void> {
  for (let i = 0; i < minutes; i++) {
    clock.advance(minute);
    await settled();
  }
}

describe("Runner", () => {
  test("tries a new message at once and again after every interval", async () => {
    start(30 * minute);
    await queued();
    await settled();
    await pass(95);
    expect(attempts).toEqual([0, 30, 60, 90]);
    outcome = "relayed";
    await pass(30);
    expect(store.list()).toEqual([]);
    await pass(60);
    expect(attempts).toHaveLength(5);
  });

  test("never tries sooner than MinQueueAge", async () => {
    start(10 * minute, { min: 25 * minute });
    await queued();
    await settled();
    await pass(60);
    expect(attempts).toEqual([0, 25, 50]);
  });

  test("waits twice as long after each attempt, up to MaxQueueAge", async () => {
    start(5 * minute, { max: 30 * minute });
    await queued();
    await settled();
    await pass(120);
    const waits = attempts.slice(1).map((at, i) => at - attempts[i]);
    expect(waits.every((wait, i) => i === 0 || wait >= waits[i - 1])).toBe(true);
    expect(Math.max(...waits)).toBe(30);
    expect(waits[0]).toBeLessThan(30);
  });

  test("without an interval only a queue run tries again", async () => {
    start(undefined);
    await queued();
    await settled();
    await pass(600);
    expect(attempts).toEqual([0]);
    expect(store.hurry({ recipient: [{ text: "nobody" }] })).toBe(0);
    expect(store.hurry({ recipient: [{ text: "far.test" }] })).toBe(1);
    await settled();
    expect(attempts).toHaveLength(2);
  });

  test("runOnce() tells of each message, and tries held ones only where they are asked for", async () => {
    start(undefined);
    const { id } = await queued();
    const held = await queued(undefined, "held@far.test");
    await settled();
    await store.hold(held.id, "odd");
    attempts.length = 0;
    const events: RunEvent[] = [];
    await runner.runOnce({ recipient: [{ text: "far.test" }] }, (event) => events.push(event));
    expect(events).toEqual([{ id, number: 1, of: 1, recipients: [{ address: "x@far.test", text: "text" }] }]);
    await runner.runOnce({ held: true }, (event) => events.push(event));
    expect(events[1]).toMatchObject({ id: held.id, recipients: [{ address: "held@far.test" }] });
    expect(attempts).toHaveLength(2);
    expect(store.get(held.id)?.hold).toBe("odd");
    outcome = "relayed";
    await runner.runOnce({ held: true });
    expect(store.get(held.id)).toBeUndefined();
  });

  test("what waits for the next run is left alone until then; runOnce() tries everything", async () => {
    start(30 * minute);
    await queued(runner.nextRun(site.config));
    await settled();
    expect(attempts).toEqual([]);
    await runner.runOnce();
    expect(attempts).toEqual([0]);
  });
});

test("deliver() tries a message now, and waits", async () => {
  start(30 * minute);
  const { id } = await queued(runner.afterwards());
  await runner.deliver(id);
  expect(attempts).toEqual([0]);
  await runner.deliver("nothing");
  // Had the process ended before, the message would not have waited for long.
  await queued(runner.afterwards());
  await pass(2);
  expect(attempts).toHaveLength(2);
});

test("a queue that cannot be asked for a moment is asked again", async () => {
  start(30 * minute);
  const claimDue = store.claimDue.bind(store);
  let failures = 2;
  store.claimDue = (...words) => {
    if (failures-- > 0) throw new Error("away");
    return claimDue(...words);
  };
  await queued();
  for (let i = 0; i < 4; i++) {
    await settled();
    clock.advance(1000);
  }
  await settled();
  expect(attempts).toHaveLength(1);
});

test("mail for others goes on while two hundred attempts wait for a host that says nothing", async () => {
  start(30 * minute);
  for (let i = 0; i < 250; i++) await queued(undefined, "slow");
  await queued();
  await turns();
  expect(attempts).toEqual([]);
  clock.advance(10_000);
  await turns();
  expect(attempts).toHaveLength(1);
  silent.resolve();
  await settled();
  expect(attempts).toHaveLength(251);
});

test("messages for a host that says nothing are not even begun, and hold up nobody, however many they are", async () => {
  limited = true;
  start(30 * minute);
  for (let i = 0; i < 6000; i++) await queued(undefined, "slow", "hanging.test");
  await queued();
  await turns();
  // Without any time passing: one attempt waits, the others are where they cost nothing.
  expect(attempts).toHaveLength(1);
  expect(store.claimedIds().size).toBe(1);
  silent.resolve();
});

test("runOnce() tries all that are for one destination, one after the other, and ends", async () => {
  limited = true;
  start(30 * minute);
  await settled();
  for (let i = 0; i < 20; i++) await queued(runner.nextRun(site.config), "x@far.test", "far.test");
  await runner.runOnce();
  expect(attempts).toHaveLength(20);
});

test("runOnce() leaves what is held up for longer", async () => {
  limited = true;
  start(30 * minute);
  destinations.find("mx.far.test", "esmtp far.test").hold(Infinity, "suspended");
  for (let i = 0; i < 3; i++) await queued(runner.nextRun(site.config), "x@far.test", "far.test");
  await queued(runner.nextRun(site.config), "x@other.test", "other.test");
  await runner.runOnce();
  expect(attempts).toHaveLength(1);
  expect(runner.whyNot(store.list()[0])).toBe("suspended");
});
