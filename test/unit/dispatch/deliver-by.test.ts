/** Messages with BY= in the queue while time goes by: what is tried, what comes back, who hears of it, and when. */
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Config, Options } from "../../../src/config/config.ts";
import type { Agent } from "../../../src/delivery/agent.ts";
import { Destinations } from "../../../src/delivery/smtp/destinations.ts";
import { Runner } from "../../../src/dispatch/runner.ts";
import type { DeliverBy } from "../../../src/envelope/deliver-by.ts";
import type { Recipient } from "../../../src/envelope/recipient.ts";
import type { RecipientStatus } from "../../../src/envelope/status.ts";
import { silentLog } from "../../../src/log/log.ts";
import { openDraft } from "../../../src/queue/draft.ts";
import { MemoryStore } from "../../../src/queue/memory-store.ts";
import { TimerScheduler } from "../../../src/queue/timer-scheduler.ts";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import { EMPTY_CLASS } from "../../../src/rewriting/word-set.ts";
import type { MailRules } from "../../../src/routing/mail-rules.ts";
import { testMailer } from "../../support/delivery-job.ts";
import { fakeSite } from "../../support/fake-site.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { ownFiles } from "../../support/user-files.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let clock: ManualClock;
let store: MemoryStore;
let runner: Runner;
/** Minutes since the start: "10 tried", "10 Warning: ..." */
let story: string[];
let outcome: Partial<RecipientStatus>;

const minutes = (): number => (clock.now() - started) / MINUTE;
let started: number;

const config = {
  options: {
    text: () => "",
    number: (name: string) => (name.startsWith("MaxQueue") ? 0 : 10),
    isSet: () => false,
    timeout: (name: string) => (name.startsWith("queuereturn") ? 120 * HOUR : 0),
    flag: (name: string) => name === "SendMimeErrors",
    time: () => 0,
  } as unknown as Options,
  queueGroups: new Map(),
  mailers: new Map([["esmtp", testMailer({ flags: "m" })]]),
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
  deliver(job) {
    story.push(`${minutes()} tried`);
    const status = { action: "delayed", status: "4.4.1", text: "Deferred", at: clock.now(), ...outcome } as const;
    return Promise.resolve({ statuses: new Map(job.recipients.map(({ index }) => [index, status])) });
  },
};

/** Keeps the subject of each report, and what it says of the time. */
const intake = {
  begin() {
    const octets: Buffer[] = [];
    return {
      id: "report",
      write: (chunk: Buffer) => void octets.push(chunk),
      finish: () => {
        const text = Buffer.concat(octets).toString("latin1");
        const [subject] = /^Subject: .*$/m.exec(text) ?? [""];
        const [action] = /^Action: .*$/m.exec(text) ?? [""];
        const [, status] = /^Status: (.*)$/m.exec(text) ?? [];
        const date = /^Deliver-By-Date: /m.test(text);
        const said = /^(?:Warning: )?Delivery time .*$/m.exec(text)?.[0] ?? /Deliver-By \w+: relayed/.exec(text)?.[0];
        story.push(`${minutes()} ${[subject.slice(9), action.slice(8), status, said, date].join("; ")}`);
        return Promise.resolve({ code: 250, lines: ["x"] });
      },
      abort: () => undefined,
    };
  },
};

beforeEach(() => {
  clock = new ManualClock();
  started = clock.now();
  store = new MemoryStore(clock);
  story = [];
  outcome = {};
  const site = fakeSite({
    config,
    rules,
    agents: { connects: () => false, files: ownFiles, agentFor: () => agent, close: () => Promise.resolve() },
  });
  runner = new Runner({
    site: () => site,
    store,
    clock,
    log: silentLog,
    scheduler: (gate) => new TimerScheduler(clock, store, gate),
    destinations: new Destinations(clock),
    load: () => 0,
    interval: 60 * MINUTE,
    reports: { clock, log: silentLog, intake },
  });
  runner.start();
});
afterEach(async () => {
  await runner.stop(0);
  await store.close();
});

async function queued(deliverBy: DeliverBy, notify?: Recipient["notify"]): Promise<void> {
  const draft = await openDraft(store);
  await draft.commit({
    id: draft.id,
    sender: "me@a.test",
    recipients: [{ given: "x@far.test", state: "todo", ...(notify === undefined ? {} : { notify }) }],
    headers: [],
    bodySize: 0,
    eightBit: false,
    smtputf8: false,
    arrived: clock.now(),
    macros: {},
    isReport: false,
    messageClass: 0,
    deliverBy,
  });
}

/** Lets time go by, minute by minute, and what is due happen. */
async function wait(count: number): Promise<void> {
  for (let minute = 0; minute < count; minute++) {
    await settled();
    clock.advance(MINUTE);
  }
  await settled();
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    await runner.idle();
  }
}

const by = (seconds: number, letters: string): DeliverBy => ({
  seconds,
  mode: letters.startsWith("R") ? "return" : "notify",
  trace: letters.endsWith("T"),
});

test("R comes back when its time is over, and is not tried then", async () => {
  await queued(by(600, "R"));
  await wait(130);
  expect(story).toEqual([
    "0 tried",
    "10 Returned mail: see transcript for details; failed; 5.4.7; Delivery time (600s) expired; true",
  ]);
  expect(store.list({})).toEqual([]);
});

test("R comes back without a word to who wants none", async () => {
  await queued(by(600, "R"), ["NEVER"]);
  await wait(30);
  expect(story).toEqual(["0 tried"]);
  expect(store.list({})).toEqual([]);
});

test("N is told late once, when its time is over, and goes on", async () => {
  await queued(by(600, "N"));
  await wait(140);
  expect(story).toEqual([
    "0 tried",
    "10 tried",
    "10 Warning: Delivery time (600s) exceeded; delayed; 4.4.1; Warning: Delivery time (600s) exceeded; true",
    "70 tried",
    "130 tried",
  ]);
});

test.each([
  ["does not want to hear of delays", by(600, "N"), ["FAILURE"] as const],
  ["has been told by the host before", by(-20, "N"), undefined],
])("N is told to nobody who %s", async (_, deliverBy, notify) => {
  await queued(deliverBy, notify);
  await wait(75);
  expect(story.filter((line) => !line.endsWith(" tried"))).toEqual([]);
  expect(story).toContain("0 tried");
});

const RECEIPT = "0 Return receipt; relayed (Deliver-By";

test.each([
  [
    "N, passed on without its time",
    "N",
    {},
    undefined,
    `${RECEIPT} notify mode); 2.0.0; Deliver-By notify: relayed; true`,
  ],
  [
    "NT, passed on without its time",
    "NT",
    {},
    undefined,
    `${RECEIPT} notify mode); 2.0.0; Deliver-By notify: relayed; true`,
  ],
  ["N, passed on with its time", "N", { deliverByPassedOn: true }, undefined, undefined],
  [
    "NT, passed on with its time",
    "NT",
    { deliverByPassedOn: true },
    undefined,
    `${RECEIPT} trace mode); 2.0.0; Deliver-By trace: relayed; true`,
  ],
  [
    "RT, passed on with its time",
    "RT",
    { deliverByPassedOn: true },
    ["FAILURE"],
    `${RECEIPT} trace mode); 2.0.0; Deliver-By trace: relayed; true`,
  ],
  ["N, for who wants to hear nothing", "N", {}, ["NEVER"], undefined],
  ["NT, for who wants to hear nothing", "NT", { deliverByPassedOn: true }, ["NEVER"], undefined],
  ["N, delivered here", "NT", { action: "delivered" }, undefined, undefined],
  [
    "N, for who hears of success",
    "N",
    {},
    ["SUCCESS"],
    "0 Return receipt; relayed (to non-DSN-aware mailer); 2.0.0; ; true",
  ],
  [
    "N, where the next host tells of success",
    "N",
    { passedOn: true },
    ["SUCCESS"],
    `${RECEIPT} notify mode); 2.0.0; Deliver-By notify: relayed; true`,
  ],
] as const)("%s", async (_, letters, more, notify, report) => {
  outcome = { action: "relayed", status: "2.0.0", text: "Sent (ok)", ...more };
  await queued(by(600, letters), notify);
  await wait(20);
  expect(story).toEqual(["0 tried", ...(report === undefined ? [] : [report])]);
  expect(store.list({})).toEqual([]);
});
