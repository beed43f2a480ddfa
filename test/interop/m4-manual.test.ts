/**
 * The examples of GNU m4's manual, read where it is installed (M4_INFO, else /usr/share/info): ours prints what GNU m4
 * prints. Nothing of the manual is kept here; what is not there is skipped, and the name of the test says why.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { findGnuM4 } from "../../bench/genuine.ts";

const INFO = process.env["M4_INFO"] ?? "/usr/share/info";
/** Files that some examples include. */
const EXAMPLES = process.env["M4_EXAMPLES"] ?? "/usr/share/doc/m4/examples";
const RULEMAIL = join(import.meta.dirname, "../../bin/rulemail");
const PATIENCE_MS = 600_000;
/** What they ask is about the machine, the program's own name, or options that only GNU m4 has. */
const ELSEWHERE = /syscmd|sysval|__program__|mkstemp|maketemp|changeword|\$ m4|Ctrl-d|__gnu__|m4exit\(`?[^0)]/;

/** The typed lines of each block that shows results; these stand behind `=>` or `error-->`. */
function examples(): string[] {
  const files = existsSync(INFO) ? readdirSync(INFO).filter((name) => /^m4\.info-\d/.test(name)) : [];
  const text = files
    .toSorted()
    .map((name) => gunzipSync(readFileSync(join(INFO, name))).toString("utf8"))
    .join("");
  return text
    .split(/\n(?! {5}|\n)/)
    .flatMap((part) => part.match(/(?:^|\n\n)( {5}[^\n]*\n?(?:\n? {5}[^\n]*\n?)*)/g) ?? [])
    .filter((block) => /^ {5}(?:=>|⇒)/m.test(block))
    .map((block) => block.replace(/^\n+/, "").replace(/^ {5}/gm, ""))
    .map((block) =>
      block
        .split("\n")
        .filter((line) => !/^(?:=>|⇒|error-->|error→)/.test(line))
        .join("\n"),
    )
    .filter((typed) => !ELSEWHERE.test(typed));
}

const gnu = findGnuM4();
const typed = "missing" in gnu ? [] : examples();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rulemail-manual-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function answer(command: readonly string[], input: string): string {
  const words = [...command.slice(1), "-I", EXAMPLES, "-"];
  const { stdout } = spawnSync(command[0], words, { cwd: folder, input, encoding: "latin1", timeout: 20_000 });
  return stdout;
}

if ("missing" in gnu) test.skip(`skipped: ${gnu.missing}`, () => undefined);
else if (typed.length === 0)
  test.skip(`skipped: no manual of GNU m4 in ${INFO} (name it: M4_INFO=FOLDER)`, () => undefined);
else {
  test(
    "each example of the manual prints the same",
    () => {
      expect(typed.length).toBeGreaterThan(100);
      for (const input of typed) {
        const wanted = answer(gnu.command, input);
        expect({ input, printed: answer([RULEMAIL, "m4"], input) }).toEqual({ input, printed: wanted });
      }
    },
    PATIENCE_MS,
  );
}
