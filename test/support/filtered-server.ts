/**
 * An SMTP server whose mail goes through scripted filters: sessions, judges, intake and queue are the real ones, rulesets
 * and configuration simple parts.
 */
import type { HeaderRule, PortOptions } from "../../src/config/config.ts";
import { planHeader } from "../../src/envelope/header-plan.ts";
import type { Site } from "../../src/site/site.ts";
import { testConfig } from "./delivery-job.ts";
import type { PlannedFilter } from "../../src/reception/filter-plan.ts";
import type { QueueEntry } from "../../src/queue/queue.ts";
import { MemoryStore } from "../../src/queue/memory-store.ts";
import { openFilter } from "../../src/milter/open-filter.ts";
import type { MacroLists } from "../../src/milter/filter.ts";
import { createIntake } from "../../src/reception/receive.ts";
import { SessionFilters } from "../../src/reception/session-filters.ts";
import { LoginLimits } from "../../src/reception/login-limits.ts";
import { standardJudges } from "../../src/reception/standard-judges.ts";
import { systemClock } from "../../src/sys/clock.ts";
import { openSmtpServer } from "../../src/smtpd/server.ts";
import { type FakeBehaviour, fakePort, fakeServices } from "./fake-smtp-services.ts";
import { type Scenario, scriptedFilter, type ScriptedFilter } from "./scripted-filter.ts";
import { SmtpDialogue } from "./smtp-dialogue.ts";

export interface FilterUnderTest extends Scenario {
  readonly onFailure?: PlannedFilter["onFailure"];
  /** Nobody listens there. */
  readonly isAway?: boolean;
}

export const TEST_MACROS: MacroLists = {
  connect: ["j", "_", "{daemon_name}", "{client_ptr}"],
  helo: ["{cipher}"],
  envfrom: ["i", "{mail_mailer}", "{mail_addr}"],
  envrcpt: ["{rcpt_mailer}", "{rcpt_host}", "{rcpt_addr}", "{nrcpts}"],
  data: ["{nrcpts}"],
  eoh: [],
  eom: ["{msg_id}"],
};

export interface Filtered {
  readonly filters: readonly ScriptedFilter[];
  readonly store: MemoryStore;
  /** Log lines about filters. */
  readonly log: readonly string[];
  readonly asked: readonly string[];
  /** A client that was greeted. @param first said in front of the greeting */
  readonly client: (first?: string) => Promise<SmtpDialogue>;
  /** What is in the queue, with the body. */
  readonly message: () => Promise<{ readonly entry: QueueEntry; readonly header: string; readonly body: string }>;
}

export interface FilteredBehaviour extends FakeBehaviour {
  /** Bodies above this size lie in files. */
  readonly inlineLimit?: number;
  /** Milter.LogLevel. */
  readonly filterLog?: number;
  readonly port?: Partial<PortOptions>;
}

export async function withFilters(
  scenarios: readonly FilterUnderTest[],
  test: (subject: Filtered) => Promise<void>,
  behaviour: FilteredBehaviour = {},
): Promise<void> {
  const filters = await Promise.all(scenarios.map((scenario) => scriptedFilter(scenario)));
  await Promise.all(filters.filter((_, i) => scenarios[i].isAway).map((filter) => filter.close()));
  const planned = filters.map(({ settings }, i) => ({
    settings: { ...settings, name: `f${i}` },
    onFailure: scenarios[i].onFailure ?? ("accept" as const),
  }));
  const store = new MemoryStore(systemClock, undefined, behaviour.inlineLimit);
  const services = fakeServices({ ...behaviour, options: { MaxHopCount: 25, ...behaviour.options } });
  completeSite(services.site());
  const judges = standardJudges(new LoginLimits(systemClock), { clock: systemClock });
  const plan = { filters: planned, macros: TEST_MACROS, logLevel: behaviour.filterLog };
  const listener = await openSmtpServer(fakePort(behaviour.port), {
    ...services,
    judges,
    filters: () => new SessionFilters(plan, openFilter, services.log),
    intake: createIntake({
      judges,
      queue: store,
      clock: systemClock,
      log: services.log,
      firstTry: () => undefined,
      accepted: () => undefined,
    }),
  });
  const clients: SmtpDialogue[] = [];
  try {
    await test({
      filters,
      store,
      asked: services.asked,
      get log() {
        return services.lines.map(({ text }) => text).filter((text) => /^milter/i.test(text));
      },
      async client(first) {
        const client = await SmtpDialogue.open(listener.boundPort);
        clients.push(client);
        if (first !== undefined) await client.raw(`${first}\r\n`);
        await client.reply();
        return client;
      },
      async message() {
        const [entry] = store.list();
        const found = await store.inspect(entry.id);
        const header = entry.envelope.headers.map(({ name, value }) => `${name}:${value}\r\n`).join("");
        return { entry, header, body: (await found?.body.bytes())?.toString("latin1") ?? "" };
      },
    });
  } finally {
    for (const client of clients) client.destroy();
    await listener.close(1);
    await Promise.all(filters.filter((_, i) => !scenarios[i].isAway).map((filter) => filter.close()));
  }
}

/** What a message that is accepted needs beside what sessions need: H lines, classes, precedences. */
function completeSite(site: Site): void {
  const complete = testConfig();
  Object.assign(site.config, {
    classWords: (name: string) => complete.classWords(name),
    precedences: complete.precedences,
  });
  Object.assign(site, { headerPlan: planHeader({ headers: H_LINES }) });
}

/** In the order of the usual configuration files: fields that are inserted are counted with these. */
const H_LINES: readonly HeaderRule[] = [
  { name: "Return-Path", flags: "P", template: "<$g>" },
  { name: "Received", flags: "", template: "from $s by $j id $i" },
  { name: "Resent-Date", flags: "D", template: "$a" },
  { name: "Date", flags: "D", template: "$a" },
  { name: "Resent-From", flags: "F", template: "$g" },
  { name: "From", flags: "F", template: "$g" },
  { name: "Full-Name", flags: "x", template: "$x", macro: "x" },
  { name: "Resent-Message-Id", flags: "M", template: "<$t.$i@$j>" },
  { name: "Message-Id", flags: "M", template: "<$t.$i@$j>" },
];

/** Says these lines, one after the other; the replies. */
export async function say(client: SmtpDialogue, ...lines: readonly string[]): Promise<string[]> {
  const replies: string[] = [];
  for (const line of lines) replies.push((await client.ask(line)).trimEnd());
  return replies;
}

export const ENVELOPE = ["EHLO c.example", "MAIL FROM:<a@c.example> SIZE=9", "RCPT TO:<x@y.example>"] as const;

/** A message with this header and body. */
export function dataOf(...lines: readonly string[]): string {
  return [...lines, "."].join("\r\n");
}
