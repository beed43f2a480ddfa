/** Runs one recorded dialogue of test mode: NAME.cf and the typed lines of NAME.in. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readArguments } from "../../src/cli/arguments.ts";
import { Output } from "../../src/cli/output.ts";
import { runTestMode } from "../../src/cli/test-mode.ts";

const MACHINE = { hostName: "mx.golden.test", nameServers: [], search: ["golden.test"] };

/** @returns everything that was printed, the folder of the files as @DIR@, and the exit status in a last line */
export async function runSession(folder: string, name: string): Promise<string> {
  const scratch = mkdtempSync(join(tmpdir(), "rulemail-golden-"));
  const before = process.env.RULEMAIL_MACHINE;
  process.env.RULEMAIL_MACHINE = join(scratch, "machine.json");
  try {
    writeFileSync(process.env.RULEMAIL_MACHINE, JSON.stringify(MACHINE));
    const chunks: Buffer[] = [];
    const typed = readFileSync(join(folder, `${name}.in`));
    const exit = await runTestMode(readArguments("sendmail", ["-bt", "-C", join(folder, `${name}.cf`)]), {
      input: (async function* once() {
        yield typed;
      })(),
      output: new Output((octets) => chunks.push(Buffer.from(octets))),
    });
    const printed = Buffer.concat(chunks).toString("latin1").replaceAll(folder, "@DIR@");
    return `${printed}\nexit ${exit}\n`;
  } finally {
    if (before === undefined) delete process.env.RULEMAIL_MACHINE;
    else process.env.RULEMAIL_MACHINE = before;
    rmSync(scratch, { recursive: true, force: true });
  }
}
