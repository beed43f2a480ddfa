/**
 * Messages through the SMTP client to scripted hops, and what must be true afterwards whatever the hops did: nobody is
 * reported as sent whose message no hop has taken, nobody is forgotten, and no hop was told what it cannot understand.
 */
import type { Report } from "../../src/delivery/agent.ts";
import { createAgents } from "../../src/delivery/agents.ts";
import type { DeliveryEnvironment } from "../../src/delivery/environment.ts";
import { silentLog } from "../../src/log/log.ts";
import {
  type Zone,
  testConfig,
  testEnvironment,
  testJob,
  testMailer,
  testMessage,
  testOptions,
} from "./delivery-job.ts";
import { type HopScript, type Manner, ScriptedHop } from "./scripted-hop.ts";

export interface Mode {
  readonly lmtp: boolean;
  readonly pipelining: boolean;
}

export const MODES: readonly Mode[] = [
  { lmtp: false, pipelining: true },
  { lmtp: false, pipelining: false },
  { lmtp: true, pipelining: true },
  { lmtp: true, pipelining: false },
];

export function modeName({ lmtp, pipelining }: Mode): string {
  return `${lmtp ? "LMTP" : "SMTP"}, ${pipelining ? "" : "not "}pipelined`;
}

export interface TrialMessage {
  readonly sender: string;
  readonly users: readonly string[];
  readonly body: string;
  /** false: it comes as a stream. */
  readonly inMemory?: boolean;
}

export interface TrialOptions extends Mode {
  /** One for each host, in the order of preference. */
  readonly scripts: readonly (HopScript | undefined)[];
  /** Sent one after the other. */
  readonly messages: readonly TrialMessage[];
  readonly starttls?: boolean;
  /** Servers offer AUTH LOGIN, and we have a name and a password for them. */
  readonly auth?: boolean;
  /** How servers send their replies. */
  readonly manner?: Manner;
  /** ms for every step; the default is long enough for a busy machine. */
  readonly timeout?: number;
  /** Messages for one connection, 0 for any number. */
  readonly maxMessages?: number;
  /** ConnectionCacheSize. */
  readonly cache?: number;
}

export interface Trial {
  readonly hops: readonly ScriptedHop[];
  readonly reports: readonly Report[];
  /** Lines of the log. */
  readonly log: readonly string[];
  /** What is wrong, in words; empty when all promises were kept. */
  readonly faults: readonly string[];
  /** For each message the fate of its recipients, in their order: "s" sent, "l" later, "n" never. */
  readonly fates: readonly string[];
}

const PATIENCE = 30_000;
const STEPS = [
  "initial",
  "helo",
  "lhlo",
  "starttls",
  "auth",
  "mail",
  "rcpt",
  "datainit",
  "datablock",
  "datafinal",
  "rset",
  "quit",
  "misc",
];

export async function trial(options: TrialOptions): Promise<Trial> {
  const { lmtp, messages, timeout = PATIENCE } = options;
  const hops = await startHops(options);
  const lines: string[] = [];
  const log = {
    ...silentLog,
    enabled: () => true,
    write: (_level: number, { text }: { text: string }) => void lines.push(text),
  };
  const steps = Object.fromEntries(STEPS.map((step) => [`Timeout.${step}`, timeout]));
  // Many trials run at once: a busy machine may take seconds until the second host's turn has come.
  const timeouts = { ...steps, "Timeout.connect": PATIENCE, "Timeout.aconnect": 0 };
  const config = testConfig(testOptions({ ...timeouts, ConnectionCacheSize: options.cache ?? 2 }));
  const environment = testEnvironment({ config, log, zone: zoneOf(hops.length), rules: rulesFor(options) });
  const agents = createAgents(environment);
  const mailer = testMailer({
    argv: ["TCP", "$h", String(hops[0].port)],
    flags: lmtp ? "mz" : "m",
    maxMessages: options.maxMessages ?? 0,
  });
  const reports: Report[] = [];
  try {
    for (const { sender, users, body, inMemory = true } of messages) {
      // The next message comes when nobody counts as down any more.
      environment.destinations.hosts.forget();
      const job = testJob({
        mailer,
        users,
        envelope: { sender },
        body,
        ...(inMemory ? {} : { message: testMessage(body, false) }),
      });
      reports.push(await agents.agentFor(mailer).deliver(job));
    }
  } finally {
    await agents.close();
    await Promise.all(hops.map((hop) => hop[Symbol.asyncDispose]()));
  }
  const fates = reports.map((report, number) => fateOf(report, messages[number]));
  return { hops, reports, log: lines, fates, faults: faultsOf(hops, messages, fates) };
}

/** All servers get the same name and password; in clear, too, because LOGIN is named. */
function rulesFor({ auth = false }: TrialOptions): NonNullable<DeliveryEnvironment["rules"]> {
  return {
    check: () => ({ kind: "ok" }),
    select: (ruleset) => (auth && ruleset === "authinfo" ? '"U:joe" "P:secret" "M:LOGIN"' : undefined),
    text: () => undefined,
  };
}

/** "10 mx1.b.test" at 127.0.0.2, "20 mx2.b.test" at 127.0.0.3 ... all with one port. */
async function startHops({
  scripts,
  lmtp,
  pipelining,
  starttls,
  auth,
  manner = "each by itself",
}: TrialOptions): Promise<ScriptedHop[]> {
  const some = [pipelining && "PIPELINING", starttls === true && "STARTTLS", auth === true && "AUTH LOGIN"];
  const extensions = [...some.filter((each) => each !== false), "8BITMIME"];
  for (let tries = 0; ; tries++) {
    const hops: ScriptedHop[] = [];
    try {
      for (const [number, script] of scripts.entries()) {
        const place = { host: `127.0.0.${number + 2}`, ...(number === 0 ? {} : { port: hops[0].port }) };
        const name = `mx${number + 1}.b.test`;
        hops.push(
          await ScriptedHop.start({
            ...place,
            name,
            lmtp,
            manner,
            extensions,
            ...(script === undefined ? {} : { script }),
          }),
        );
      }
      return hops;
    } catch (error) {
      await Promise.all(hops.map((hop) => hop[Symbol.asyncDispose]()));
      if (tries > 20) throw error;
    }
  }
}

function zoneOf(hosts: number): Zone {
  const numbers = Array.from({ length: hosts }, (_, index) => index + 1);
  return {
    "MX b.test": numbers.map((number) => `${number * 10} mx${number}.b.test`),
    ...Object.fromEntries(numbers.map((number) => [`A mx${number}.b.test`, [`127.0.0.${number + 1}`]])),
  };
}

const FATES = { delivered: "s", relayed: "s", delayed: "l", failed: "n", expanded: "?" } as const;

function fateOf({ statuses }: Report, { users }: TrialMessage): string {
  return users.map((_, index) => FATES[statuses.get(index)?.action ?? "expanded"]).join("");
}

function faultsOf(hops: readonly ScriptedHop[], messages: readonly TrialMessage[], fates: readonly string[]): string[] {
  const faults: string[] = [];
  const taken = hops.flatMap((hop) => hop.taken);
  for (const [number, { sender, users, body }] of messages.entries()) {
    users.forEach((user, index) => {
      const fate = fates[number][index];
      const found = taken.filter((each) => each.sender === sender && each.recipient === user);
      if (fate === "?") faults.push(`${user} has no outcome`);
      if (fate === "s" && found.length === 0) faults.push(`${user} was reported as sent and is nowhere`);
      if (fate === "n" && found.length > 0) faults.push(`${user} was returned and delivered`);
      for (const { data } of found) if (!data.endsWith(`\r\n\r\n${body}`)) faults.push(`${user} got another text`);
    });
  }
  const known = new Set(messages.flatMap(({ sender, users }) => users.map((user) => `${sender} ${user}`)));
  for (const { sender, recipient } of taken) {
    if (!known.has(`${sender} ${recipient}`)) faults.push(`${recipient} got a message from ${sender}`);
  }
  for (const hop of hops)
    for (const line of hop.strange) faults.push(`a hop was told ${JSON.stringify(line.slice(0, 80))}`);
  return faults;
}
