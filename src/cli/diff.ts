/**
 * `rulemail mc --diff OLD NEW`: what another configuration would change. Exit 0: nothing, 1: something, 2: one of the two
 * cannot be read; 64 for wrong usage.
 */
import { diffConfigurations, isSame } from "../analysis/diff.ts";
import { diffReport } from "../analysis/diff-report.ts";
import type { CompileOptions } from "../mc/compile.ts";
import { readText } from "../mc/library.ts";
import { reportAll } from "../source/report.ts";
import { originsOfFiles } from "../source/source-map.ts";
import { EX } from "../sys/sysexits.ts";
import { Output } from "./output.ts";
import { analysisEnvironment, readConfiguration } from "./read-configuration.ts";

export interface DiffOptions extends CompileOptions {
  readonly json: boolean;
  /** False: two libraries word the same meaning otherwise, so only what mail can see is compared. */
  readonly rules: boolean;
  /** Further addresses to follow. */
  readonly probes: readonly string[];
}

const UNREADABLE = 2;

export async function runDiff(files: readonly string[], options: DiffOptions): Promise<number> {
  const [older, newer, ...more] = files;
  if (older === undefined || newer === undefined || more.length > 0) {
    process.stderr.write("rulemail mc: --diff needs two files, the old one and the new one (.mc or .cf)\n");
    return EX.USAGE;
  }
  const environment = analysisEnvironment();
  const before = await readConfiguration(older, environment, options);
  const after = await readConfiguration(newer, environment, options);
  const problems = [...before.problems, ...after.problems];
  if (problems.length > 0) process.stderr.write(`${reportAll(problems, readText, originsOfFiles())}\n`);
  try {
    if (before.subject === undefined || after.subject === undefined) return UNREADABLE;
    const { rules, probes } = options;
    const difference = await diffConfigurations(before.subject, after.subject, { rules, probes });
    const output = new Output();
    output.print(options.json ? `${JSON.stringify(difference, undefined, 2)}\n` : diffReport(difference));
    output.flush();
    return isSame(difference) ? 0 : 1;
  } finally {
    before.subject?.config.close();
    after.subject?.config.close();
  }
}
