/** The last report: to DoubleBounceAddress, which cannot be reached either. */
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Job } from "../../../src/delivery/agent.ts";
import { attempt } from "../../../src/dispatch/attempt.ts";
import { lookAt } from "../../../src/dispatch/overdue.ts";
import type { Envelope } from "../../../src/envelope/envelope.ts";
import type { RecipientStatus } from "../../../src/envelope/status.ts";
import { silentLog } from "../../../src/log/log.ts";
import { MemoryStore } from "../../../src/queue/memory-store.ts";
import { createAliases } from "../../../src/routing/aliases.ts";
import type { MailRules } from "../../../src/routing/mail-rules.ts";
import { systemClock } from "../../../src/sys/clock.ts";
import { testConfig, testMailer } from "../../support/delivery-job.ts";
import { fakeSite } from "../../support/fake-site.ts";
import { ownFiles } from "../../support/user-files.ts";

let store: MemoryStore;
/** What agents got: "local postmaster", "*file* /var/dead". */
let tried: string[];
let lines: string[];

beforeEach(() => {
  store = new MemoryStore();
  tried = [];
  lines = [];
});
afterEach(() => store.close());

/** @param fileWorks whether DeadLetterDrop can be written */
function environment(deadLetterDrop: string, fileWorks = true): Parameters<typeof attempt>[0] {
  const local = testMailer({ name: "local", flags: "", maxRecipients: 0 });
  const file = testMailer({ name: "*file*", flags: "", maxRecipients: 0 });
  const base = testConfig();
  const texts: Readonly<Record<string, string>> = { DeadLetterDrop: deadLetterDrop, DoubleBounceAddress: "postmaster" };
  const options = { ...base.options, text: (name: string) => texts[name] ?? "", timeout: () => 1, number: () => 10 };
  const site = fakeSite({
    config: {
      ...base,
      options,
      mailers: new Map([local, file].map((each) => [each.name, each])),
    },
    rules: {
      resolve: (address: string) => ({
        kind: "triple",
        triple: { mailer: "local", host: "", user: address },
        canonical: address,
      }),
    } as unknown as MailRules,
    aliases: createAliases([]),
    agents: {
      connects: () => false,
      files: ownFiles,
      agentFor: () => ({ deliver: (job: Job) => Promise.resolve({ statuses: outcomes(job, fileWorks) }) }),
      close: () => Promise.resolve(),
    },
  });
  return {
    site: () => site,
    store,
    clock: systemClock,
    log: { ...silentLog, enabled: () => true, write: (_level, { text }) => void lines.push(text) },
    reports: {
      clock: systemClock,
      log: silentLog,
      intake: { begin: () => Promise.reject(new Error("a report about a report")) },
    },
    nextTry: (_site, _entry, now) => now + 60_000,
    signal: new AbortController().signal,
  };
}

function outcomes({ mailer, recipients }: Job, fileWorks: boolean): Map<number, RecipientStatus> {
  return new Map(
    recipients.map(({ index, triple }) => {
      tried.push(`${mailer.name} ${triple.user}`);
      const works = mailer.name === "*file*" && fileWorks;
      const status = works ? "2.0.0" : "5.1.1";
      return [index, { action: works ? "delivered" : "failed", status, text: works ? "Sent" : "No such place", at: 0 }];
    }),
  );
}

const REPORT: Omit<Envelope, "id"> = {
  sender: "",
  recipients: [{ given: "postmaster", state: "todo" }],
  headers: [],
  bodySize: 6,
  eightBit: false,
  smtputf8: false,
  arrived: 0,
  macros: {},
  isReport: true,
  messageClass: 0,
};

async function queued(): Promise<string> {
  const { id } = await store.accept(
    { ...REPORT, id: store.newId() },
    { kind: "octets", chunks: [Buffer.from("body\r\n")] },
  );
  return id;
}

test("is appended to DeadLetterDrop", async () => {
  const id = await queued();
  await attempt(environment("/var/dead"), store.claim(id)!);
  expect(tried).toEqual(["local postmaster", "*file* /var/dead"]);
  expect(store.get(id)).toBeUndefined();
  expect(lines).toContain("report saved in /var/dead: No such place");
});

test.each([
  ["", ["local postmaster"], ""],
  ["/var/dead", ["local postmaster", "*file* /var/dead"], "; cannot append to /var/dead: No such place"],
])("stays in the queue, held, with DeadLetterDrop=%s that cannot be written", async (drop, agents, problem) => {
  const id = await queued();
  await attempt(environment(drop, false), store.claim(id)!);
  expect(tried).toEqual(agents);
  const held = "report that nobody can be given: No such place";
  expect(store.get(id)).toMatchObject({ hold: held, envelope: { recipients: [{ state: "deferred" }] } });
  expect(lines).toContain(`held: ${held}${problem}`);
});

test("stays in the queue, too, when its time is over while it is not even tried", async () => {
  const id = await queued();
  await lookAt(environment(""), store.claim(id)!, "Host is suspended");
  expect(tried).toEqual([]);
  expect(store.get(id)).toMatchObject({ hold: expect.stringMatching(/^report that nobody can be given: /) });
});
