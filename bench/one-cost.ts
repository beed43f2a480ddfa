/**
 * `node one-cost.ts CHECKOUT BENCHMARK MESSAGES`: prints what one message (or address) costs the program of that checkout,
 * in CPU milliseconds. The load is made by the files beside this one, whatever the checkout.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type * as Environment from "../src/cli/system-environment.ts";
import type * as Loading from "../src/config/load.ts";
import { generate, type Load } from "./generator.ts";
import { costOf } from "./process-cost.ts";
import { compileConfiguration, startServer } from "./server.ts";
import { startSink } from "./sink.ts";

/** Until the compilers of the engine have seen everything twice; with 500, one run in three still paid for them. */
const WARM_UP = 4000;
const PATIENCE_MS = 120_000;

function load(port: number, messages: number, perConnection: number): Load {
  return {
    port,
    sessions: 20,
    messages,
    size: 1024,
    perConnection,
    sender: "load@sender.test",
    recipient: "user@sink.test",
  };
}

async function accepting(root: string, messages: number, perConnection: number): Promise<number> {
  const server = await startServer({ root, deliveryMode: "queue", relayPort: 9 });
  try {
    await generate(load(server.port, WARM_UP, perConnection));
    const before = costOf(server.pid).cpu;
    await generate(load(server.port, messages, perConnection));
    return (costOf(server.pid).cpu - before) / messages;
  } finally {
    await server.stop();
  }
}

async function relaying(root: string, messages: number): Promise<number> {
  const sink = await startSink();
  const server = await startServer({ root, deliveryMode: "background", relayPort: sink.port });
  const send = async (count: number): Promise<void> => {
    const wanted = (await sink.counters()).messages + count;
    await generate(load(server.port, count, Infinity));
    const deadline = Date.now() + PATIENCE_MS;
    while ((await sink.counters()).messages < wanted) {
      if (Date.now() > deadline) throw new Error("accepted messages did not arrive in time");
      await sleep(20);
    }
  };
  try {
    await send(WARM_UP);
    const before = costOf(server.pid).cpu;
    await send(messages);
    return (costOf(server.pid).cpu - before) / messages;
  } finally {
    await server.stop();
    await sink.close();
  }
}

/** Rulesets 3 and 0 in this process, with the engine of that checkout. */
async function rewriting(root: string, messages: number): Promise<number> {
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
    const count = messages * 10;
    for (let i = 0; i < count; i++) once(i);
    const before = process.cpuUsage();
    for (let i = 0; i < count; i++) once(i);
    const { user, system } = process.cpuUsage(before);
    config.close();
    return (user + system) / 1000 / count;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [root, name, messages] = process.argv.slice(2);
const count = Number(messages);
const costs: Readonly<Record<string, () => Promise<number>>> = {
  accept: () => accepting(root, count, 1),
  "accept-kept": () => accepting(root, count, Infinity),
  relay: () => relaying(root, count),
  rewriting: () => rewriting(root, count),
};
console.log(await costs[name]());
