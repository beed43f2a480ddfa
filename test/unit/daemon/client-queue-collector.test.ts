/** Mail in the client queue and mail filters: what is to come again waits, what is refused goes back, and nobody is forgotten. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { ClientQueueCollector } from "../../../src/daemon/client-queue-collector.ts";
import { returnUnqueued } from "../../../src/dispatch/steer.ts";
import { silentLog } from "../../../src/log/log.ts";
import type { Answer } from "../../../src/milter/filter.ts";
import { openFilter } from "../../../src/milter/open-filter.ts";
import { ClientQueue } from "../../../src/queue/client-queue.ts";
import { wishesAsMacros } from "../../../src/queue/client-wishes.ts";
import { filterJudges } from "../../../src/reception/filter-judges.ts";
import { SessionFilters } from "../../../src/reception/session-filters.ts";
import { NO_MACROS } from "../../support/filter-dialogue.ts";
import { envelope } from "../../support/queue-samples.ts";
import { scriptedFilter, type ScriptedFilter } from "../../support/scripted-filter.ts";
import { HOUR, MINUTE, SimulatedQueue } from "../../support/simulated-queue.ts";
import { ownFiles } from "../../support/user-files.ts";

const YES: Answer = { kind: "continue" };
const LATER: Answer = { kind: "tempfail" };
const NO: Answer = { kind: "reject" };
const DAY = 24 * HOUR;

let folder: string;
let queue: SimulatedQueue;
let filter: ScriptedFilter;
let collector: ClientQueueCollector;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rulemail-collector-"));
});

afterEach(async () => {
  await collector.stop();
  await queue.stop();
  await filter.close();
  rmSync(folder, { recursive: true });
});

/** A server whose filter says this, one turn after the other, to RCPT and to the end of each message, in each connection. */
async function start(on: { rcpt?: Answer[]; end?: Answer[] }): Promise<void> {
  queue = await SimulatedQueue.of({ interval: undefined, connects: true, judges: filterJudges });
  filter = await scriptedFilter({ on });
  const plan = {
    filters: [{ settings: filter.settings, onFailure: "accept" as const }],
    macros: NO_MACROS,
    logLevel: undefined,
  };
  const { site, intake, clock } = queue;
  const filters = (): SessionFilters => new SessionFilters(plan, openFilter, silentLog);
  collector = new ClientQueueCollector({
    folder,
    log: silentLog,
    accounts: { find: () => undefined, findById: () => undefined },
    environment: () => ({ site, files: ownFiles, intake, filters }),
    retryAfter: 10 * MINUTE,
    giveBack: (entry, body, reason) => returnUnqueued(queue.steering(), entry, body, reason),
    clock,
  });
}

async function leave(to: readonly string[], age = 0, isDeferred = false): Promise<string> {
  const draft = new ClientQueue(folder).draft();
  await draft.write(Buffer.from("hello\r\n"));
  const recipients = to.map((given) => ({ given, state: "todo" }) as const);
  const headers = [{ name: "Subject", value: " left" }];
  const arrived = queue.clock.now() - age;
  const macros = wishesAsMacros(isDeferred ? { isDeferred } : {});
  await draft.commit(envelope(draft.id, { sender: "anna@home.test", recipients, headers, arrived, macros }));
  return draft.id;
}

/** Who got the message, and who a report. */
async function got(): Promise<readonly string[]> {
  await queue.settled();
  return queue.tried.flatMap(({ subject, to }) => to.map((each) => `${subject.slice(0, 8)} > ${each}`)).toSorted();
}

/** How often the filter heard of that recipient. */
const asked = (path: string): number => filter.transcript.filter((line) => line === `rcpt <${path}>`).length;

const A = "a@far.test";
const B = "b@far.test";

test.each([
  ["the whole message is refused", [A, B], { end: [NO] }, ["Returned > anna@home.test"]],
  ["one recipient is refused", [A, B], { rcpt: [YES, NO] }, ["Returned > anna@home.test", `left > ${A}`]],
  ["a recipient with a name", [A, `Bob <${B}>`], { rcpt: [YES, NO] }, ["Returned > anna@home.test", `left > ${A}`]],
  ["each is refused", [A, B], { rcpt: [NO, NO] }, ["Returned > anna@home.test", "Returned > anna@home.test"]],
])("%s for good: the sender hears of it", async (_name, to, on, outcome) => {
  await start(on);
  await leave(to);
  await collector.collect();
  expect(await got()).toEqual(outcome);
  expect(readdirSync(folder)).toEqual([]);
});

test.each([
  ["the message", { end: [LATER] }],
  ["one recipient", { rcpt: [YES, LATER] }],
  ["one recipient, and refuses the other", { rcpt: [NO, LATER] }],
])("a filter defers %s: it stays whole, and waits for its next try", async (_name, on) => {
  await start(on);
  const id = await leave([A, B]);
  for (let turn = 0; turn < 3; turn++) await collector.collect();
  expect(await got()).toEqual([]);
  expect(readdirSync(folder).toSorted()).toEqual([`df${id}`, `qf${id}`]);
  expect(asked(A)).toBe(1);
  // Whoever starts a queue run wants it to be tried now; else time has to go by.
  await collector.collect("all");
  expect(asked(A)).toBe(2);
  queue.clock.advance(10 * MINUTE);
  await collector.collect();
  expect(asked(A)).toBe(3);
});

test("a message that the server deferred when it was handed in is not asked about at once again", async () => {
  await start({});
  await leave([A], 0, true);
  await collector.collect();
  expect(asked(A)).toBe(0);
  queue.clock.advance(10 * MINUTE);
  await collector.collect();
  expect(await got()).toEqual([`left > ${A}`]);
});

test.each([
  ["the message", { end: [LATER] }, ["Returned > anna@home.test"]],
  ["one recipient", { rcpt: [YES, LATER] }, ["Returned > anna@home.test", `left > ${A}`]],
])("when its time is over %s goes back that a filter defers still", async (_name, on, outcome) => {
  await start(on);
  await leave([A, B], 5 * DAY + 1);
  await collector.collect();
  expect(await got()).toEqual(outcome);
  expect(readdirSync(folder)).toEqual([]);
});
