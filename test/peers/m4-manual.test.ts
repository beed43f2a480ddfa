/**
 * The examples of GNU m4's manual, read where it is installed (M4_INFO, else the package's): ours prints what
 * GNU m4 prints. Nothing of the manual is kept here.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect } from "@jest/globals";
import { commandOf, findGnuM4, peerFile } from "../support/foreign-programs.ts";
import { peerTest } from "../support/peers.ts";

const INFO = process.env["M4_INFO"] ?? dirname(peerFile("/usr/share/info/m4.info-1.gz") ?? "/usr/share/info/");
/** Files that some examples include. */
const EXAMPLES = process.env["M4_EXAMPLES"] ?? peerFile("/usr/share/doc/m4/examples") ?? "/";
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

peerTest(
  "each example of the manual prints the same",
  ["m4"],
  () => {
    const command = commandOf(findGnuM4());
    const typed = examples();
    expect(typed.length).toBeGreaterThan(100);
    for (const input of typed) {
      const wanted = answer(command, input);
      expect({ input, printed: answer([RULEMAIL, "m4"], input) }).toEqual({ input, printed: wanted });
    }
  },
  PATIENCE_MS,
);
