import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { readArguments } from "../../../src/cli/arguments.ts";
import { helpFileText, HELP } from "../../../src/cli/test-mode/help-text.ts";
import { Output } from "../../../src/cli/output.ts";
import { runTestMode } from "../../../src/cli/test-mode.ts";
import { whyNotUnprivileged } from "../../support/mail-server.ts";

// Not below a folder that others may write: there the file would not be trusted.
const folder = mkdtempSync(join(homedir(), ".rulemail-help-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function ask(file: string): Promise<string[]> {
  const cf = join(folder, "help.cf");
  writeFileSync(cf, `V10\nDjmx.golden.test\nMlocal, P=/x, A=x\nO HelpFile=${file}\n`);
  const chunks: Buffer[] = [];
  const output = new Output((octets) => chunks.push(Buffer.from(octets)));
  await runTestMode(readArguments("sendmail", ["-bt", "-C", cf]), { input: typed(), output });
  const [, answer = ""] = Buffer.concat(chunks).toString("latin1").split("<address>\n");
  return answer.split("\n").slice(0, -1);
}

async function* typed() {
  yield Buffer.from("?\n");
}

test("`?` shows the lines of the help file about -bt, with macros", async () => {
  const file = join(folder, "helpfile");
  writeFileSync(file, "#vers\t2\nsmtp\tno\n-bt\tTest mode of $j\n-bt\t\n-bt\t  ?\tthis\n");
  expect(await ask(file)).toEqual(["> Test mode of mx.golden.test", "", "  ?\tthis", "End of HELP info"]);
  writeFileSync(file, "smtp\tno\n");
  expect(await ask(file)).toEqual(['> HELP topic "-bt" unknown']);
});

test("without a help file there is no help", async () => {
  expect((await ask("/nonexistent/helpfile"))[0]).toMatch(/^> Sendmail 8\.[\d.]+ -- HELP not implemented$/);
});

test("the help file of a home folder tells what our own help tells", async () => {
  const file = join(folder, "own-helpfile");
  writeFileSync(file, helpFileText());
  expect(await ask(file)).toEqual([`> ${HELP[0]}`, ...HELP.slice(1), "End of HELP info"]);
});

test("a caller without an account and without a home is no obstacle", () => {
  // Where the checkout is closed to others, there is nothing to see.
  if (process.getuid?.() !== 0 || whyNotUnprivileged() !== "") return;
  const open = mkdtempSync(join(tmpdir(), "rulemail-nobody-"));
  chmodSync(open, 0o755);
  const cf = join(open, "bare.cf");
  writeFileSync(cf, "V10\nDjmx.golden.test\nMlocal, P=/x, A=x\nS0\nR$*\t$#local $: $1\n");
  const { stdout, stderr, status } = spawnSync(join(import.meta.dirname, "../../../bin/sendmail"), ["-bt", "-C", cf], {
    encoding: "latin1",
    input: "0 joe\n",
    uid: 54_321,
    gid: 54_321,
    env: { PATH: process.env["PATH"] },
  });
  rmSync(open, { recursive: true });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  expect(stdout).toContain("$# local $: joe");
});
