/** What commands print on a terminal, in a terminal (script(1) makes one). */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { forScreen } from "../../../src/cli/output.ts";

const bin = join(import.meta.dirname, "..", "..", "..", "bin");
const folder = mkdtempSync(join(tmpdir(), "screen-"));
afterAll(() => rmSync(folder, { recursive: true }));

const TITLE = "\x1b]0;title\x07";
const noScript = spawnSync("script", ["-qec", "true", "/dev/null"]).status !== 0;

function shown(text: string): string {
  return forScreen(Buffer.from(text, "latin1")).toString("latin1");
}

test("forScreen() writes out what a terminal would obey, and keeps UTF-8 and reverse video", () => {
  expect(shown(`a${TITLE}b\x9b31m\ttab\n`)).toBe("a\\033]0;title\\007b\\23331m\ttab\n");
  expect(shown("\xc3\xa4 \x1b[7mx\x1b[0m \x1b[31m")).toBe("\xc3\xa4 \x1b[7mx\x1b[0m \\033[31m");
});

test.each([
  ["queue", "--help"],
  ["queue", "list", "--help"],
  ["lint", "--help"],
  ["mc", "--help"],
])("rulemail %s %s fails at nothing when nobody reads it", async (...words) => {
  const child = spawn(join(bin, "rulemail"), words, { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  let said = "";
  child.stderr.setEncoding("latin1").on("data", (text: string) => (said += text));
  const [status] = await once(child, "close");
  expect([status, said]).toEqual([0, ""]);
});

/** The command line is run with `file` in the place of %. */
const COMMANDS: readonly (readonly [string, string, string])[] = [
  ["lint of a .cf", "rulemail lint %", `V10/Berkeley\nM${TITLE}, P=/bin/x, A=x\n`],
  ["lint of a .mc", "rulemail lint %", `OSTYPE(\`linux')\nFEATURE(\`${TITLE}')\nMAILER(\`smtp')\n`],
  ["explain", "rulemail explain -C % a@b.test", `V10/Berkeley\n${TITLE} x\nO ${TITLE}=1\n`],
  ["test mode", "sendmail -bt -C % </dev/null", `V10/Berkeley\n${TITLE} x\nO ${TITLE}=1\n`],
  ["makemap", `makemap hash ${join(folder, "table")} <%`, `${TITLE}\n`],
  ["m4", "rulemail m4 %", `${TITLE}\n`],
];

(noScript ? test.skip : test).each(COMMANDS)("%s on a terminal", (_name, command, text) => {
  const file = join(folder, command.includes("mc") ? "x.mc" : "x.cf");
  writeFileSync(file, text);
  const line = `${bin}/${command.replace("%", file)}`;
  const { stdout } = spawnSync("script", ["-qec", line, "/dev/null"], {
    encoding: "latin1",
    env: { ...process.env, TERM: "dumb" },
  });
  expect(stdout).toContain("\\033]0;title\\007");
  expect(stdout).not.toMatch(/\x1b\]|\x07/);
});
