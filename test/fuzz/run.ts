/**
 * `npm run fuzz [-- PASSES | TIME] [NAME ...]`: the fuzz tests with new inputs at every pass; TIME is 90s, 10m or 2h
 * (default 1m), NAME a part of a test file's name. Stops at the first failure and says how to repeat it. The memory of a
 * pass is limited, and its time: an input that never ends is a failure as well.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";

const SCALE = 10;
/** Seeds of a pass begin this much behind those of the pass before. */
const STRIDE = 100_000;
const LONGEST_PASS_MS = 10 * 60_000;
const HEAP_MB = 768;
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };
const home = join(import.meta.dirname, "../..");

/** Resolves with the exit status, or the signal that ended the pass. */
function pass(seed: number, names: readonly string[]): Promise<number | string> {
  const jest = join(home, "node_modules/jest/bin/jest.js");
  const files =
    names.length > 0 ? names.map((name) => `test/(fuzz|peers)/.*${name}`) : ["test/fuzz/", "test/peers/.*-fuzz"];
  const options = [`--max-old-space-size=${HEAP_MB}`, "--no-warnings"];
  const child = spawn(
    process.execPath,
    [
      ...options,
      jest,
      "--runInBand",
      "--testPathIgnorePatterns=/node_modules/",
      `--testTimeout=${LONGEST_PASS_MS}`,
      ...files,
    ],
    {
      cwd: home,
      stdio: "inherit",
      timeout: LONGEST_PASS_MS,
      killSignal: "SIGKILL",
      env: { ...process.env, FUZZ_SEED: String(seed), FUZZ_SCALE: process.env["FUZZ_SCALE"] ?? String(SCALE) },
    },
  );
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? signal ?? "nothing"));
  });
}

async function main(words: readonly string[]): Promise<number> {
  const [limit, names] = /^\d+[smh]?$/.test(words[0] ?? "") ? [words[0], words.slice(1)] : ["1m", words];
  const unit = UNITS[limit.at(-1)!];
  const until = unit === undefined ? Infinity : performance.now() + Number.parseInt(limit, 10) * unit;
  const passes = unit === undefined ? Number(limit) : Infinity;
  const first = Number(process.env["FUZZ_SEED"] ?? Math.floor(Math.random() * STRIDE) * STRIDE);
  for (let count = 0; count < passes && performance.now() < until; count++) {
    const seed = first + count * STRIDE;
    console.log(`pass ${count + 1}: FUZZ_SEED=${seed}`);
    const outcome = await pass(seed, names);
    if (outcome === 0) continue;
    const why = outcome === "SIGKILL" ? "ended by force: it took too long or too much memory" : `ended with ${outcome}`;
    console.error(`Pass ${count + 1} ${why}; repeat it with FUZZ_SEED=${seed} npm run fuzz 1 ${names.join(" ")}`);
    return 1;
  }
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
