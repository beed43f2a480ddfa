/**
 * `npm run bench [-- NAME ...] [--messages=N] [--threads=0] [--profile=FOLDER] [--against=CHECKOUT [--pairs=N]]`: prints what
 * the server costs. The names: mc, rewriting, startup, accept, accept-kept, tls, milter, relay, relay-tls (`--postfix=FOLDER`:
 * one is installed there, for chroot), destinations, lists, sender, queue, workloads, local (`--users=20`), hostile
 * (`--kinds=mail-1,slow`, `--seconds=3`). `--threads` (workloads, hostile) is SessionThreads of the server; `--against` compares
 * with another checkout (against.ts); `--profile` has the server write a CPU profile, for the developer tools of a browser.
 *
 * The server runs in a process of its own; what counts is its CPU time for each message, which a busy machine falsifies
 * least. Nothing here is asserted anywhere: figures are for people.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { COMPARED, compareWith } from "./against.ts";
import { generate, type Load } from "./generator.ts";
import { benchDestinations } from "./destinations.ts";
import { benchHostile } from "./hostile.ts";
import { benchLists } from "./lists.ts";
import { benchLocal } from "./local.ts";
import { benchMacros } from "./macros.ts";
import { benchMilter } from "./milter.ts";
import { postfixTool, runSmtpSource } from "./postfix.ts";
import { costOf } from "./process-cost.ts";
import { benchQueue } from "./queue.ts";
import { benchRewriting } from "./rewriting.ts";
import { type RunningServer, startServer } from "./server.ts";
import { startSink, type Sink } from "./sink.ts";
import { benchRelayInsideTls } from "./relay-tls.ts";
import { benchSender } from "./sender.ts";
import { benchStartup } from "./startup.ts";
import { benchTls } from "./tls.ts";
import type { Wishes } from "./wishes.ts";
import { benchWorkloads } from "./workloads.ts";

const SESSIONS = 20;
const SIZE = 1_024;
const { values: settings, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    messages: { type: "string", default: "10000" },
    users: { type: "string", default: "20" },
    threads: { type: "string" },
    kinds: { type: "string", default: "" },
    seconds: { type: "string", default: "3" },
    profile: { type: "string" },
    postfix: { type: "string" },
    against: { type: "string" },
    pairs: { type: "string", default: "5" },
  },
});
const MESSAGES = Number(settings.messages);
/** Of the server. */
const OPTIONS = settings.threads === undefined ? [] : [`SessionThreads=${settings.threads}`];
/** Sent before the measuring starts: compilers and caches get warm. */
const WARM_UP = 500;
const RELAY_PATIENCE_MS = 120_000;

interface Benchmark {
  readonly title: string;
  readonly run: () => Promise<void>;
}

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  mc: {
    title: "a site file through the macro processor, ours and GNU's",
    run: () => benchMacros(print),
  },
  rewriting: {
    title: "addresses through rulesets 3,0 and check_rcpt, reading a configuration",
    run: () => benchRewriting(print),
  },
  startup: {
    title: "commands that live for moments, and a server until its 220, beside a Node that runs nothing",
    run: () => benchStartup(print),
  },
  accept: { title: "accepted and queued, a connection for each message", run: () => accept(1) },
  "accept-kept": { title: "accepted and queued, connections kept", run: () => accept(Infinity) },
  tls: {
    title: "a connection, a TLS handshake and a message each; idle sessions inside TLS",
    run: () => benchTls(print, wishes(WARM_UP)),
  },
  relay: { title: "accepted and relayed to another server", run: relay },
  "relay-tls": {
    title: "relayed: a connection, a resumed TLS session and a message each, beside Postfix",
    run: () => benchRelayInsideTls(print, wishes(4 * WARM_UP), settings.postfix),
  },
  workloads: {
    title: "relayed: a connection each, kept, 64 KB, 100 recipients, the first after a start",
    run: () =>
      benchWorkloads(print, {
        messages: MESSAGES,
        sessions: SESSIONS,
        options: OPTIONS,
        profile: settings.profile,
      }),
  },
  destinations: {
    title: "accepted and delivered to 1,000 hosts that answer after 50 ms",
    run: () => benchDestinations(print, { messages: MESSAGES, sessions: SESSIONS, profile: settings.profile }),
  },
  lists: {
    title: "a message to a large list or alias, alone and beside another client",
    run: () => benchLists(print, settings.profile),
  },
  queue: {
    title: "a queue of 100,000, and of a million: started with, looked at, relayed beside, drained",
    run: () => benchQueue(print, { messages: MESSAGES, sessions: SESSIONS, profile: settings.profile }),
  },
  milter: {
    title: "accepted and queued without mail filters, with one, with three",
    run: () => benchMilter(print, wishes(4 * WARM_UP)),
  },
  sender: {
    title: "10 KB with a signature, accepted by a server that asks who has sent it, and by one that does not",
    run: () =>
      benchSender(print, {
        messages: MESSAGES,
        warmUp: Math.min(MESSAGES, 4 * WARM_UP),
        sessions: SESSIONS,
        profile: settings.profile,
      }),
  },
  hostile: {
    title: "accepted and queued beside attackers",
    run: () =>
      benchHostile(print, {
        kinds: settings.kinds.split(",").filter((kind) => kind !== ""),
        seconds: Number(settings.seconds),
        options: OPTIONS,
        profile: settings.profile,
      }),
  },
  local: {
    title: "mail for local users, into their Maildirs with their ids",
    run: () =>
      benchLocal(print, {
        users: Number(settings.users),
        messages: MESSAGES,
        warmUp: WARM_UP,
        sessions: SESSIONS,
        size: SIZE,
        profile: settings.profile,
      }),
  },
};

function wishes(warmUp: number): Wishes {
  const { profile } = settings;
  return { messages: MESSAGES, warmUp: Math.min(warmUp, MESSAGES), sessions: SESSIONS, size: SIZE, profile };
}

function load(port: number, messages: number, perConnection: number): Load {
  const addresses = { sender: "load@sender.test", recipient: "user@sink.test" };
  return { port, sessions: SESSIONS, messages, size: SIZE, perConnection, ...addresses };
}

async function accept(perConnection: number): Promise<void> {
  const server = await startServer({
    deliveryMode: "queue",
    relayPort: 9,
    profile: settings.profile,
  });
  try {
    await generate(load(server.port, WARM_UP, perConnection));
    await measure(server, "our generator", MESSAGES, async () => {
      const result = await generate(load(server.port, MESSAGES, perConnection));
      if (result.problem !== undefined) print("problem", [`${result.refused} refused: ${result.problem.trim()}`]);
      print("latency", [`median ${result.median.toFixed(1)} ms`, `99 % ${result.p99.toFixed(1)} ms`]);
    });
    const tool = postfixTool("smtp-source");
    if (tool === undefined) return;
    await measure(server, "smtp-source", MESSAGES, async () => {
      await runSmtpSource(tool, load(server.port, MESSAGES, perConnection));
    });
  } finally {
    await server.stop();
  }
}

async function relay(): Promise<void> {
  const sink = await startSink();
  const server = await startServer({
    deliveryMode: "background",
    relayPort: sink.port,
    profile: settings.profile,
  });
  try {
    await send(server, sink, WARM_UP);
    await measure(server, "our generator, our sink", MESSAGES, () => send(server, sink, MESSAGES));
  } finally {
    await server.stop();
    await sink.close();
  }
}

/** Sends and waits until everything has arrived on the other side. */
async function send(server: RunningServer, sink: Sink, messages: number): Promise<void> {
  const before = (await sink.counters()).messages;
  const result = await generate(load(server.port, messages, Infinity));
  if (result.problem !== undefined) print("problem", [`${result.refused} refused: ${result.problem.trim()}`]);
  const deadline = Date.now() + RELAY_PATIENCE_MS;
  for (;;) {
    const arrived = (await sink.counters()).messages - before;
    if (arrived >= result.accepted) return;
    if (Date.now() > deadline) {
      print("problem", [`${result.accepted - arrived} accepted messages did not arrive in time`]);
      return;
    }
    await sleep(20);
  }
}

/** CPU time and memory of the server while `action` runs. */
async function measure(
  server: RunningServer,
  title: string,
  messages: number,
  action: () => Promise<void>,
): Promise<void> {
  const before = costOf(server.pid);
  const started = performance.now();
  await action();
  const seconds = (performance.now() - started) / 1000;
  const after = costOf(server.pid);
  print(title, [
    `${Math.round(messages / seconds)} messages/s`,
    `${((after.cpu - before.cpu) / messages).toFixed(3)} ms CPU each`,
    `peak RSS ${Math.round(after.peak)} MB`,
  ]);
}

function print(title: string, figures: readonly string[]): void {
  console.log(`  ${title.padEnd(26)} ${figures.join(", ")}`);
}

async function main(): Promise<void> {
  const known = settings.against === undefined ? Object.keys(BENCHMARKS) : COMPARED;
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    console.error(`No benchmark "${unknown}"; there are ${known.join(", ")}`);
    process.exitCode = 64;
    return;
  }
  if (settings.against !== undefined) {
    const names = wanted.length > 0 ? wanted : COMPARED;
    const pairs = Number(settings.pairs);
    if (!Number.isInteger(pairs) || pairs < 1 || pairs % 2 === 0) {
      console.error(`--pairs wants an odd number, not "${settings.pairs}"`);
      process.exitCode = 64;
      return;
    }
    return compareWith(settings.against, { names, messages: MESSAGES, pairs }, print);
  }
  for (const [name, { title, run }] of Object.entries(BENCHMARKS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.log(`${name}: ${title} (${SESSIONS} sessions, ${SIZE} octets)`);
    await run();
  }
}

await main();
