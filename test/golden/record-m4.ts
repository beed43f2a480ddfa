/** Asks GNU m4 for the answers of m4/*.cases anew: `node test/golden/record-m4.ts`; look at the difference before committing. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findGnuM4 } from "../support/foreign-programs.ts";
import { CASE_FILE, folder, formatAnswer, readCases } from "./m4-cases.ts";

const gnu = findGnuM4();
if ("missing" in gnu) throw new Error(gnu.missing);
const [program, ...first] = gnu.command;
const work = mkdtempSync(join(tmpdir(), "rulemail-m4-"));

function run(words: readonly string[], input = ""): { stdout: string; stderr: string; status: number | null } {
  const env = { ...process.env, LC_ALL: "C" };
  return spawnSync(program, [...first, ...words], { cwd: work, input, encoding: "latin1", env });
}

try {
  cpSync(join(folder, "inc.m4"), join(work, "inc.m4"));
  const itself = run([], "__program__").stdout;
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".cases"))) {
    const name = file.slice(0, -".cases".length);
    const answers = readCases(name).map(({ options, text }) => {
      writeFileSync(join(work, CASE_FILE), text, "latin1");
      const { stdout, stderr, status } = run([...options, CASE_FILE]);
      return formatAnswer(stdout, stderr.replaceAll(itself, "m4"), status);
    });
    writeFileSync(join(folder, `${name}.answers`), answers.join(""), "latin1");
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
