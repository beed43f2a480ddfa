/** Addresses through rulesets: in this process without trace, and in test mode with it; what reading a configuration costs. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemEnvironment } from "../src/cli/system-environment.ts";
import type { Config } from "../src/config/config.ts";
import type { ConfigEnvironment } from "../src/config/environment.ts";
import { loadConfig } from "../src/config/load.ts";
import type { DnsAnswer } from "../src/dns/resolver.ts";
import type { MacroScope } from "../src/rewriting/macro-scope.ts";
import type { RewriteContext } from "../src/rewriting/rewriter.ts";
import type { Tokens } from "../src/rewriting/tokens.ts";
import { type MaybePromise, isPromise } from "../src/sys/maybe-promise.ts";
import { findGenuine } from "../test/support/foreign-programs.ts";
import { compileConfiguration } from "./server.ts";
import { type Dialogue, fastest, lengthen, runDialogue } from "./test-mode.ts";
import type { Print } from "./wishes.ts";

const ADDRESSES = 20_000;
const RUNS = 3;
/** Passes over all addresses in process; the fastest counts, the first ones are the engine's way to full speed. */
const PASSES = 5;
const READINGS = 15;
const OURS = [join(import.meta.dirname, "../bin/sendmail")];
const QUESTIONS: readonly (readonly string[])[] = [["3", "0"], ["check_rcpt"]];
const SHAPES = [
  (i: number) => `user${i}@host${i % 500}.example.org`,
  (i: number) => `user${i}@mail.example.test`,
  (i: number) => `user${i}`,
  (i: number) => `"first last ${i}"@sub.example.net`,
  (i: number) => `<@relay.test:user${i}@example.com>`,
  (i: number) => `user${i}%inner.test@mail.example.test`,
  (i: number) => `host${i % 50}!user${i}`,
  (i: number) => `user+detail${i}@mail.example.test`,
];
const addresses = Array.from({ length: ADDRESSES }, (_, i) => SHAPES[i % SHAPES.length](i));

export async function benchRewriting(print: Print): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "rulemail-bench-"));
  try {
    const file = compileConfiguration(folder, { deliveryMode: "queue", relayPort: 2525 });
    const long = lengthen(folder, file);
    const inside: number[] = [];
    for (const rulesets of QUESTIONS) inside.push(await inProcess(file, rulesets, print));
    await reading(long, print);
    const ours = await testMode("ours", OURS, { folder, file, long }, print);
    process.env["GENUINE_ZONE"] ??= "none"; // nothing is asked of name servers, and the start of one would be measured
    const genuine = findGenuine();
    if ("missing" in genuine) return print("genuine sendmail", [`skipped: ${genuine.missing}`]);
    const theirs = await testMode("genuine", genuine.command, { folder, file, long }, print);
    for (const [i, rulesets] of QUESTIONS.entries()) {
      print(`faster than genuine, ${rulesets.join()}`, [
        `in process ${(theirs[i] / inside[i]).toFixed(1)} times`,
        `-bt ${(theirs[i] / ours[i]).toFixed(1)} times`,
      ]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Names are answered at once, as from the cache. */
function environment(): ConfigEnvironment {
  const answer: DnsAnswer = { kind: "nxdomain" };
  return { ...systemEnvironment(), resolver: { query: () => answer } };
}

async function load(file: string): Promise<Config> {
  const { config, messages } = await loadConfig(file, environment());
  if (!config) throw new Error(`Cannot read ${file}: ${messages.join("; ")}`);
  return config;
}

/** @returns microseconds for an address */
async function inProcess(file: string, rulesets: readonly string[], print: Print): Promise<number> {
  const config = await load(file);
  const scope: MacroScope = config.macros.child([["addr_type", "e r"]]);
  const context: RewriteContext = { scope, message: () => undefined, deferred: false };
  const numbers = rulesets.map((name) => config.rewriter.number(name)!);
  const route = (address: string): MaybePromise<unknown> => {
    let { tokens }: { tokens: Tokens } = { tokens: config.rewriter.tokenise(address, context) };
    for (const ruleset of numbers) {
      const result = config.rewriter.rewrite(ruleset, tokens, context);
      if (isPromise(result)) return result;
      ({ tokens } = result);
    }
    return tokens;
  };
  const passes: number[] = [];
  for (let pass = 0; pass < PASSES; pass++) {
    const started = performance.now();
    for (const address of addresses) if (isPromise(route(address))) throw new Error(`${address} has to wait`);
    passes.push(((performance.now() - started) * 1000) / ADDRESSES);
  }
  config.close();
  const warm = Math.min(...passes);
  print(`in process, ${rulesets.join()}`, [
    `${Math.round(1e6 / warm)} addresses/s`,
    `${warm.toFixed(1)} µs each (first ${ADDRESSES}: ${passes[0].toFixed(1)})`,
  ]);
  return warm;
}

/** A configuration of 1,600 lines read and compiled, when everything is warm. */
async function reading(file: string, print: Print): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < READINGS; i++) {
    const started = performance.now();
    (await load(file)).close();
    times.push(performance.now() - started);
  }
  print("reading 1,600 lines", [`first ${times[0].toFixed(0)} ms`, `warm ${Math.min(...times).toFixed(1)} ms`]);
}

interface Files {
  readonly folder: string;
  readonly file: string;
  readonly long: string;
}

/**
 * With the trace printed; what the process needs to start is subtracted.
 *
 * @returns microseconds for an address, for each of QUESTIONS
 */
async function testMode(name: string, command: readonly string[], files: Files, print: Print): Promise<number[]> {
  const { folder, file, long } = files;
  const run = (cf: string, lines: readonly string[]): Promise<Dialogue> =>
    fastest(RUNS, () => runDialogue(command, folder, cf, lines));
  const start = await run(file, []);
  const results: number[] = [];
  for (const rulesets of QUESTIONS) {
    const { elapsed, peak } = await run(
      file,
      addresses.map((address) => `${rulesets.join()} ${address}`),
    );
    const each = ((elapsed - start.elapsed) * 1000) / ADDRESSES;
    results.push(each);
    print(`${name} -bt, ${rulesets.join()}`, [
      `${Math.round(1e6 / each)} addresses/s`,
      `${each.toFixed(1)} µs each`,
      `peak RSS ${Math.round(peak)} MB`,
    ]);
  }
  const first = await run(long, ["3,0 user@host.example.org"]);
  print(`${name} -bt, first answer`, [
    `${first.elapsed.toFixed(0)} ms with 1,600 lines`,
    `peak RSS ${Math.round(first.peak)} MB`,
  ]);
  return results;
}
