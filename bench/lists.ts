/** Large lists: when the first member is served, when the last; what it costs the server, and another client. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { generate } from "./generator.ts";
import { costOf } from "./process-cost.ts";
import { type RunningServer, startServer } from "./server.ts";
import { startSink, type Sink } from "./sink.ts";
import type { Print } from "./wishes.ts";

const PATIENCE_MS = 60_000;
const SMALL = 5_000;
const LARGE = 100_000;
/** Aliases of the nested one. */
const BRANCHES = 100;

const address = (number: number): string => `member${number}@sink.test`;
const addresses = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => address(from + index));

/** Lists by their names: the text of `aliases`, and what is in the files that it names. */
function makeLists(folder: string): string {
  const lists = [
    ["file-small", SMALL],
    ["file-large", LARGE],
  ] as const;
  const lines = lists.map(([name, count]) => {
    const path = join(folder, name);
    writeFileSync(path, `${addresses(0, count).join("\n")}\n`);
    return `${name}: :include:${path}`;
  });
  const part = LARGE / BRANCHES;
  const branches = Array.from({ length: BRANCHES }, (_, branch) => `branch${branch}`);
  return [
    ...lines,
    `alias-small: ${addresses(0, SMALL).join(", ")}`,
    `alias-large: ${addresses(0, LARGE).join(", ")}`,
    `alias-nested: ${branches.join(", ")}`,
    ...branches.map((name, branch) => `${name}: ${addresses(branch * part, part).join(", ")}`),
    "",
  ].join("\n");
}

export async function benchLists(print: Print, profile: string | undefined): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "rulemail-lists-"));
  chmodSync(folder, 0o755);
  // The server may run as another user; lists do not lie where others may write.
  const notes = mkdtempSync(join(tmpdir(), "rulemail-pauses-"));
  chmodSync(notes, 0o777);
  try {
    const aliases = makeLists(folder);
    const place = { aliases, pauses: join(notes, "pauses"), profile };
    for (const name of ["file-small", "alias-small"]) await alone(print, name, SMALL, place);
    for (const name of ["file-large", "alias-large", "alias-nested"]) {
      await alone(print, name, LARGE, place);
      await inCompany(print, name, LARGE, place);
    }
  } finally {
    for (const each of [folder, notes]) rmSync(each, { recursive: true });
  }
}

interface Place {
  readonly aliases: string;
  readonly pauses: string;
  readonly profile: string | undefined;
}

async function withServer(place: Place, action: (server: RunningServer, sink: Sink) => Promise<void>): Promise<void> {
  const sink = await startSink();
  const server = await startServer({ deliveryMode: "background", relayPort: sink.port, ...place });
  try {
    await send(server, "user@sink.test", 500, 20);
    await arrived(sink, 500);
    await longestPause(server, place);
    await action(server, sink);
  } finally {
    await server.stop();
    await sink.close();
  }
}

/** Nobody else has anything to say. */
function alone(print: Print, name: string, members: number, place: Place): Promise<void> {
  return withServer(place, async (server, sink) => {
    const before = costOf(server.pid);
    const { recipients } = await sink.counters();
    const started = Date.now();
    await send(server, `${name}@mail.example.test`, 1, 1);
    const accepted = Date.now() - started;
    await arrived(sink, recipients + 1);
    const first = Date.now() - started;
    await arrived(sink, recipients + members);
    const all = Date.now() - started;
    const after = costOf(server.pid);
    print(`${name} (${members})`, [
      `accepted after ${accepted} ms`,
      `first delivery after ${first} ms`,
      `all after ${all} ms`,
      `${(after.cpu - before.cpu).toFixed(0)} ms CPU`,
      `peak RSS ${Math.round(after.peak)} MB, ${Math.round(after.peak - before.peak)} MB on top`,
      await longestPause(server, place),
    ]);
  });
}

/** Another client sends one message after the other meanwhile. */
function inCompany(print: Print, name: string, members: number, place: Place): Promise<void> {
  return withServer(place, async (server, sink) => {
    const rate = async (messages: number): Promise<{ rate: number; p99: number }> => {
      const result = await send(server, "user@sink.test", messages, 1);
      return { rate: result.accepted / result.seconds, p99: result.p99 };
    };
    const before = await rate(500);
    const { recipients } = await sink.counters();
    await send(server, `${name}@mail.example.test`, 1, 1);
    const rates: { rate: number; p99: number }[] = [];
    do rates.push(await rate(50));
    while ((await sink.counters()).recipients < recipients + members + rates.length * 50);
    const slowest = Math.min(...rates.map((each) => each.rate));
    const mean = rates.length / rates.reduce((sum, each) => sum + 1 / each.rate, 0);
    print(`${name} and a client`, [
      `client before ${before.rate.toFixed(0)}/s, meanwhile ${mean.toFixed(0)}/s (slowest 50: ${slowest.toFixed(0)}/s)`,
      `99 % within ${before.p99.toFixed(1)} and ${Math.max(...rates.map(({ p99 }) => p99)).toFixed(1)} ms`,
      await longestPause(server, place),
    ]);
  });
}

function send(server: RunningServer, recipient: string, messages: number, sessions: number) {
  const load = { port: server.port, sessions, messages, size: 1_024, perConnection: Infinity };
  return generate({ ...load, sender: "load@sender.test", recipient });
}

/** Waits until the sink has seen so many recipients. */
async function arrived(sink: Sink, recipients: number): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const counters = await sink.counters();
    if (counters.recipients >= recipients) return;
    if (Date.now() > deadline) throw new Error(`${counters.recipients} of ${recipients} recipients served in time`);
    await sleep(5);
  }
}

/** Longest turn of the server's event loop since the last time. */
async function longestPause(server: RunningServer, { pauses }: Place): Promise<string> {
  rmSync(pauses, { force: true });
  process.kill(server.pid, "SIGUSR2");
  for (let tries = 0; tries < 500; tries++) {
    await sleep(20);
    try {
      const { clock, cpu } = JSON.parse(readFileSync(pauses, "utf8")) as { clock: number; cpu: number };
      return `longest turn ${clock.toFixed(0)} ms, ${cpu.toFixed(0)} ms of CPU`;
    } catch {
      // Not written yet.
    }
  }
  throw new Error("the server does not tell its pauses");
}
