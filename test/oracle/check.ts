/**
 * Runs test/oracle/run and compares the score with expected.json: fewer exact answers in any area than are written there
 * are a failure. `--record` writes the file anew, after a change that was meant. Without recordings it says so.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Score {
  readonly n: number;
  readonly ok: number;
}

/** As the runner writes them with --json. */
interface Scores {
  readonly total: Score;
  readonly areas: Readonly<Record<string, Score>>;
}

const EXPECTED = join(import.meta.dirname, "expected.json");
const folder = mkdtempSync(join(tmpdir(), "rulemail-oracle-check-"));

function measure(): Scores | undefined {
  const file = join(folder, "scores.json");
  spawnSync(join(import.meta.dirname, "run"), ["--json", file], { stdio: ["ignore", "inherit", "inherit"] });
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Scores) : undefined;
}

function compare({ total, areas }: Scores, expected: Scores): readonly string[] {
  const none = { n: 0, ok: 0 };
  const inAreas = Object.entries(expected.areas).map(([name, wanted]) => ({ name, wanted, got: areas[name] ?? none }));
  const rows = [{ name: "all", wanted: expected.total, got: total }, ...inAreas];
  return rows
    .filter(({ got, wanted }) => got.ok < wanted.ok)
    .map(({ name, got, wanted }) => `${name}: ${got.ok} of ${got.n} exact, expected are ${wanted.ok} of ${wanted.n}`);
}

function main(words: readonly string[]): void {
  const scores = measure();
  if (scores === undefined) {
    // The runner has said that there are no recordings, or why it could not run.
    const there = existsSync(
      join(process.env["ORACLE_DIR"] ?? join(import.meta.dirname, "../../../shared/oracle"), "runner.py"),
    );
    process.exitCode = there ? 1 : 0;
    console.log(`0 passed, ${there ? 1 : 0} failed`);
    return;
  }
  if (words.includes("--record")) {
    const pick = ({ n, ok }: Score): Score => ({ n, ok });
    const areas = Object.fromEntries(Object.entries(scores.areas).map(([name, score]) => [name, pick(score)]));
    writeFileSync(EXPECTED, `${JSON.stringify({ total: pick(scores.total), areas }, undefined, 1)}\n`);
  }
  const fewer = compare(scores, JSON.parse(readFileSync(EXPECTED, "utf8")) as Scores);
  for (const line of fewer) console.log(`Fewer exact answers than expected: ${line}`);
  if (fewer.length > 0) process.exitCode = 1;
  console.log(`${scores.total.ok} passed, ${fewer.length} failed`);
}

try {
  main(process.argv.slice(2));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
