/**
 * `node one-cost.ts BENCHMARK MESSAGES CHECKOUT ...`: prints what one message (or address) costs the program of each checkout,
 * in CPU milliseconds. Their servers run beside each other and take turns with slices of the messages, so that a moment in
 * which the machine is slow is slow for all of them. The load is made by the files beside this one, whatever the checkout.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as Environment from "../src/cli/system-environment.ts";
import type * as Loading from "../src/config/load.ts";
import { generate, type Load } from "./generator.ts";
import { costsInTurns, type Send } from "./in-turns.ts";
import { sendToUsers } from "./local.ts";
import { relayingTo } from "./relaying.ts";
import { compileConfiguration, type RunningServer, startServer } from "./server.ts";
import { startSink } from "./sink.ts";

/** Until the compilers of the engine have seen everything twice; with 500, one run in three still paid for them. */
const WARM_UP = 4000;
/** Turns of each checkout; what a server does behind a slice (files given back, garbage) counts for it as well. */
const SLICES = 4;

/** What differs from small messages on kept connections. */
type Kind = Partial<Pick<Load, "perConnection" | "size" | "recipients" | "sessions">>;

const EACH: Kind = { perConnection: 1 };
const LARGE: Kind = { size: 65_536 };
const MANY: Kind = { recipients: 100, sessions: 5 };

function load(port: number, messages: number, kind: Kind = {}): Load {
  return {
    port,
    sessions: 20,
    messages,
    size: 1024,
    perConnection: Infinity,
    ...kind,
    sender: "load@sender.test",
    recipient: "user@sink.test",
  };
}

async function inTurns(
  servers: readonly RunningServer[],
  messages: number,
  send: Send,
  warmUp = WARM_UP,
): Promise<number[]> {
  for (const server of servers) await send(server, warmUp);
  const costs = await costsInTurns(servers, { turns: SLICES, slice: Math.ceil(messages / SLICES) }, send);
  return costs.map((each) => each.reduce((sum, cost) => sum + cost, 0) / each.length);
}

async function accepting(roots: readonly string[], messages: number, kind?: Kind): Promise<number[]> {
  const servers: RunningServer[] = [];
  try {
    for (const root of roots) servers.push(await startServer({ root, deliveryMode: "queue", relayPort: 9 }));
    return await inTurns(servers, messages, ({ port }, count) => generate(load(port, count, kind)).then());
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function relaying(roots: readonly string[], messages: number, kind?: Kind, warmUp = WARM_UP): Promise<number[]> {
  const sink = await startSink();
  const servers: RunningServer[] = [];
  const send = relayingTo(sink, load(0, 0, kind));
  try {
    for (const root of roots) {
      servers.push(await startServer({ root, deliveryMode: "background", relayPort: sink.port }));
    }
    return await inTurns(servers, messages, send, warmUp);
  } finally {
    for (const server of servers) await server.stop();
    await sink.close();
  }
}

/** By servers that have just been started and have seen five messages: each checkout starts several. */
async function relayingCold(roots: readonly string[], messages: number, kind: Kind): Promise<number[]> {
  const sink = await startSink();
  const send = relayingTo(sink, load(0, 0, kind));
  const sums = roots.map(() => 0);
  try {
    for (let slice = 0; slice < SLICES; slice++) {
      const order = roots.map((_, i) => (slice % 2 === 0 ? i : roots.length - 1 - i));
      for (const i of order) {
        const server = await startServer({ root: roots[i], deliveryMode: "background", relayPort: sink.port });
        try {
          await send(server, 5);
          const [costs] = await costsInTurns([server], { turns: 1, slice: messages }, send);
          sums[i] += costs[0];
        } finally {
          await server.stop();
        }
      }
    }
    return sums.map((sum) => sum / SLICES);
  } finally {
    await sink.close();
  }
}

/** Mail for so many local users: the server and all processes beside it. */
async function local(roots: readonly string[], messages: number, users: number): Promise<number[]> {
  const servers: RunningServer[] = [];
  const { sessions, size } = load(0, 0);
  try {
    for (const root of roots) {
      servers.push(await startServer({ root, deliveryMode: "background", relayPort: 9, users }));
    }
    const sent = new Map(servers.map((server) => [server, 0]));
    return await inTurns(servers, messages, async (server, count) => {
      const before = sent.get(server)!;
      await sendToUsers(server, { users, sessions, size }, count, before);
      sent.set(server, before + count);
    });
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** Rulesets 3 and 0 in this process, with the engines of the checkouts. */
async function rewriting(roots: readonly string[], messages: number): Promise<number[]> {
  const engines: Engine[] = [];
  try {
    for (const root of roots) engines.push(await openEngine(root));
    const count = Math.ceil((messages * 10) / SLICES);
    for (const { rewrite } of engines) for (let i = 0; i < count * SLICES; i++) rewrite(i);
    const sums = engines.map(() => 0);
    for (let slice = 0; slice < SLICES; slice++) {
      for (let turn = 0; turn < engines.length; turn++) {
        const at = slice % 2 === 0 ? turn : engines.length - 1 - turn;
        const before = process.cpuUsage();
        for (let i = 0; i < count; i++) engines[at].rewrite(i);
        const { user, system } = process.cpuUsage(before);
        sums[at] += (user + system) / 1000;
      }
    }
    return sums.map((sum) => sum / (count * SLICES));
  } finally {
    for (const { close } of engines) close();
  }
}

interface Engine {
  readonly rewrite: (number: number) => void;
  readonly close: () => void;
}

async function openEngine(root: string): Promise<Engine> {
  const folder = mkdtempSync(join(tmpdir(), "rulemail-bench-"));
  try {
    const file = compileConfiguration(folder, { root, deliveryMode: "queue", relayPort: 2525 });
    const { systemEnvironment } = (await import(join(root, "src/cli/system-environment.ts"))) as typeof Environment;
    const { loadConfig } = (await import(join(root, "src/config/load.ts"))) as typeof Loading;
    const answer = { kind: "nxdomain" } as const;
    const { config } = await loadConfig(file, { ...systemEnvironment(), resolver: { query: () => answer } });
    if (config === undefined) throw new Error(`cannot read ${file}`);
    const { rewriter } = config;
    const context = { scope: config.macros.child([["addr_type", "e r"]]), message: () => undefined, deferred: false };
    const numbers = ["3", "0"].map((name) => rewriter.number(name)!);
    const once = (i: number): void => {
      let { tokens } = { tokens: rewriter.tokenise(`user${i}@host${i % 500}.example.org`, context) };
      for (const ruleset of numbers) {
        const result = rewriter.rewrite(ruleset, tokens, context);
        if (result instanceof Promise) throw new Error("an address has to wait");
        ({ tokens } = result);
      }
    };
    return { rewrite: once, close: () => config.close() };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [name, messages, ...roots] = process.argv.slice(2);
const count = Number(messages);
const costs: Readonly<Record<string, () => Promise<number[]>>> = {
  accept: () => accepting(roots, count, EACH),
  "accept-kept": () => accepting(roots, count),
  "accept-64k": () => accepting(roots, count, LARGE),
  relay: () => relaying(roots, count),
  "relay-each": () => relaying(roots, count, EACH),
  "relay-64k": () => relaying(roots, count, LARGE),
  fanout: () => relaying(roots, count, MANY, WARM_UP / 20),
  "fanout-cold": () => relayingCold(roots, count, MANY),
  rewriting: () => rewriting(roots, count),
  local: () => local(roots, count, 20),
  "local-2000": () => local(roots, count, 2_000),
};
console.log((await costs[name]()).join(" "));
