/**
 * `npm run test:peers [-- WORDS FOR JEST]`: the tests with foreign programs. Those wait for processes that are not ours on
 * machines that others use as well, so a file that fails is run once more, alone; what fails then, too, has failed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

const home = join(import.meta.dirname, "../..");

interface Results {
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

interface Count {
  readonly passed: number;
  readonly failed: number;
}

const folder = mkdtempSync(join(tmpdir(), "rulemail-peers-"));

/** @returns undefined when jest itself did not come to an end */
function jest(words: readonly string[]): Results | undefined {
  const output = join(folder, "results.json");
  rmSync(output, { force: true });
  const options = ["--no-warnings", join(home, "node_modules/jest/bin/jest.js")];
  const ours = ["--config", join(home, "jest.peers.config.mjs"), "--json", `--outputFile=${output}`];
  // What jest prints as JSON goes to the file only; people read standard error.
  spawnSync(process.execPath, [...options, ...ours, ...words], { cwd: home, stdio: ["ignore", "ignore", "inherit"] });
  return existsSync(output) ? (JSON.parse(readFileSync(output, "utf8")) as Results) : undefined;
}

/** A file whose tests could not even start counts as one that failed. */
function count({ assertionResults, status }: Results["testResults"][number]): Count {
  const of = (wanted: string): number => assertionResults.filter((each) => each.status === wanted).length;
  const failed = of("failed");
  return { passed: of("passed"), failed: status === "failed" && failed === 0 ? 1 : failed };
}

function add(counts: readonly Count[]): Count {
  const sum = (key: keyof Count): number => counts.reduce((total, each) => total + each[key], 0);
  return { passed: sum("passed"), failed: sum("failed") };
}

function main(words: readonly string[]): number {
  const first = jest(words);
  if (first === undefined) return 70;
  const counts: Count[] = [];
  for (const file of first.testResults) {
    const before = count(file);
    if (before.failed === 0) {
      counts.push(before);
      continue;
    }
    console.log(`\n${relative(home, file.name)} failed: once more, alone`);
    const again = jest([...words.filter((word) => word.startsWith("-")), "--runInBand", "--runTestsByPath", file.name]);
    counts.push(again === undefined ? before : add(again.testResults.map(count)));
  }
  const { passed, failed } = add(counts);
  console.log(`\n${passed} passed, ${failed} failed`);
  // Skipped tests say why; that there was nothing at all to run is a mistake in the words.
  return failed > 0 || first.numTotalTests === 0 ? 1 : 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
