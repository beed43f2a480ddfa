/** The examples of docs/policy.md say what happens: each `$ rulemail session ...` is run, and says what stands below it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { runSession } from "../../../src/cli/session/command.ts";
import { runCommand } from "../../support/command.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/policy.md"), "utf8");
const blocks = [...page.matchAll(/^```(\S+)(?: (\S+))?\n([^]*?)^```$/gm)].map(([, kind, name, text]) => ({
  kind,
  name,
  text,
}));
const folder = mkdtempSync(join(tmpdir(), "policy-docs-"));
const before = process.env.RULEMAIL_MACHINE;

interface Example {
  readonly command: string;
  /** "..." stands for any lines, or for the rest of one. */
  readonly shown: readonly string[];
}

const examples: readonly Example[] = blocks
  .filter(({ kind }) => kind === "console")
  .flatMap(({ text }) => text.split(/^\$ /m).slice(1))
  .map((each) => each.trimEnd().split("\n"))
  .map(([command, ...shown]) => ({ command, shown }));

beforeAll(() => {
  mkdirSync(join(folder, "tests"));
  writeFileSync(join(folder, "machine.json"), JSON.stringify({ hostName: "mail.example.com", nameServers: [] }));
  process.env.RULEMAIL_MACHINE = join(folder, "machine.json");
  writeFileSync(join(folder, "aliases"), "sales: ann\n");
  writeFileSync(join(folder, "passwd"), "ann:x:1000:1000:Ann:/home/ann:/bin/sh\n");
  const own = `define(\`ALIAS_FILE', \`${folder}/aliases')define(\`confMAILBOX_DATABASE', \`passwd:${folder}/passwd')dnl\n`;
  for (const { name, text } of blocks) {
    if (name === undefined) continue;
    const here = text.replaceAll("/etc/mail/", `${folder}/`);
    // On the first line, so that all lines stay where the page has them.
    writeFileSync(join(folder, name), name.endsWith(".mc") ? here.replace("dnl\n", own) : here);
  }
});
afterAll(() => {
  if (before === undefined) delete process.env.RULEMAIL_MACHINE;
  else process.env.RULEMAIL_MACHINE = before;
  rmSync(folder, { recursive: true, force: true });
});

/** Line numbers of what the library makes change with it. */
function comparable(line: string): string {
  return line.replaceAll(`${folder}/`, "").replace(/(site\.cf|<library>\/\S+):\d+/g, "$1:N");
}

function patternOf(shown: readonly string[]): RegExp {
  const lines = shown.map((line) => {
    if (line === "...") return "(?:.*\n)*?";
    return `${comparable(line)
      .replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&")
      .replace(/\\\.\\\.\\\.$/, ".*")}\n`;
  });
  return new RegExp(`^${lines.join("")}$`);
}

async function run(command: string): Promise<string> {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain);
  const paths = words.map((word) =>
    /^(?:site\.mc|checks\.mc|stranger|serial|tests.*)$/.test(word) ? join(folder, word) : word,
  );
  if (words[0] === "cat") return readFileSync(paths[1], "utf8");
  expect(words.slice(0, 2)).toEqual(["rulemail", "session"]);
  const { output, errors } = await runCommand(runSession, paths.slice(2));
  expect(errors).toBe("");
  return output;
}

test("docs/policy.md has its examples where this test finds them", () => {
  expect(examples.length).toBeGreaterThanOrEqual(7);
});

test.each(examples.map((each, index) => [index, each.command, each.shown] as const))(
  "example %i: %s",
  async (_index, command, shown) => {
    if (shown.at(-1)?.endsWith("1 decided otherwise") === true) {
      writeFileSync(join(folder, "access"), "To:elsewhere.example RELAY\n", { flag: "a" });
    }
    const output = (await run(command)).split("\n").map(comparable).join("\n");
    expect(output).toMatch(patternOf(shown));
  },
);
