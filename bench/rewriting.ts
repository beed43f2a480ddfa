/** Addresses through rulesets 3 and 0, in this process and without trace: what routing costs. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemEnvironment } from "../src/cli/system-environment.ts";
import { loadConfig } from "../src/config/load.ts";
import type { MacroScope } from "../src/rewriting/macro-scope.ts";
import type { RewriteContext } from "../src/rewriting/rewriter.ts";
import { isPromise } from "../src/sys/maybe-promise.ts";
import type { DnsAnswer } from "../src/dns/resolver.ts";
import { compileConfiguration } from "./server.ts";

export interface RewritingResult {
  readonly perSecond: number;
  readonly microseconds: number;
}

const ADDRESSES = 20_000;
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

export async function benchRewriting(): Promise<RewritingResult> {
  const folder = mkdtempSync(join(tmpdir(), "rulemail-bench-"));
  try {
    const file = compileConfiguration(folder, { deliveryMode: "queue", relayPort: 2525 });
    // Names are answered at once, as from the cache.
    const answer: DnsAnswer = { kind: "nxdomain" };
    const { config, messages } = await loadConfig(file, { ...systemEnvironment(), resolver: { query: () => answer } });
    if (!config) throw new Error(`Cannot read ${file}: ${messages.join("; ")}`);
    const scope: MacroScope = config.macros.child([["addr_type", "e r"]]);
    const context: RewriteContext = { scope, message: () => undefined, deferred: false };
    const route = async (address: string): Promise<void> => {
      let tokens = config.rewriter.tokenise(address, context);
      for (const ruleset of [3, 0]) {
        const result = config.rewriter.rewrite(ruleset, tokens, context);
        ({ tokens } = isPromise(result) ? await result : result);
      }
    };
    const addresses = Array.from({ length: ADDRESSES }, (_, i) => SHAPES[i % SHAPES.length](i));
    for (const address of addresses.slice(0, ADDRESSES / 4)) await route(address);
    const { user, system } = process.cpuUsage();
    const started = performance.now();
    for (const address of addresses) await route(address);
    const seconds = (performance.now() - started) / 1000;
    const used = process.cpuUsage({ user, system });
    config.close();
    return { perSecond: ADDRESSES / seconds, microseconds: (used.user + used.system) / ADDRESSES };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
