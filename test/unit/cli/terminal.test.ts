import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, describe, expect, test } from "@jest/globals";
import { readArguments } from "../../../src/cli/arguments.ts";
import { Output } from "../../../src/cli/output.ts";
import { colour, wantsColour } from "../../../src/cli/test-mode/colour.ts";
import { historyFile } from "../../../src/cli/test-mode/history.ts";
import { runTestMode } from "../../../src/cli/test-mode.ts";

const folder = mkdtempSync(join(tmpdir(), "rulemail-terminal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cf = join(folder, "mail.cf");
writeFileSync(
  cf,
  "V10\nMlocal, P=/bin/mail, F=ls, A=mail $u\nKtable text /nowhere\nCXone\nSmine\nR$*\t$@ seen $1\nSmirror\nR$=X\t$@ x\n",
);

/** What is typed goes to a terminal that remembers what it shows. */
async function typed(keys: string, environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const before = { ...process.env };
  Object.assign(process.env, { RULEMAIL_HISTORY: "", ...environment });
  try {
    const input = new PassThrough();
    const screen = new PassThrough();
    const shown: Buffer[] = [];
    screen.on("data", (octets: Buffer) => shown.push(octets));
    const output = new Output((octets) => void screen.write(Buffer.from(octets)));
    const done = runTestMode(readArguments("sendmail", ["-bt", "-C", cf]), {
      input,
      output,
      terminal: { input, screen },
    });
    // One key at a time: in pasted text a tab completes nothing.
    for (const key of keys.split(/(?=[^])/)) input.write(key);
    input.end();
    await done;
    return Buffer.concat(shown).toString("utf8");
  } finally {
    process.env = before;
  }
}

describe("test mode on a terminal", () => {
  test("runs typed lines and shows the prompt", async () => {
    const shown = await typed("mine a\n/quit\n");
    expect(shown).toContain("ADDRESS TEST MODE");
    expect(shown).toContain("mine             returns: seen a\n");
  });

  test("completes rulesets, mailers, maps, classes and commands", async () => {
    expect(await typed("min\t a\n/quit\n")).toContain("mine             returns: seen a\n");
    expect(await typed("/ma\t ta\t key\n/quit\n")).toContain("map_lookup: table (key) ");
    expect(await typed("/try lo\t a\n/quit\n")).toContain("Trying envelope recipient address a for mailer local");
    expect(await typed("=Smi\t\t\n/quit\n")).toMatch(/mine\s+mirror/);
  });

  test("keeps its history where the user wants one", async () => {
    const file = join(folder, "history");
    await typed("mine a\nmine b\n/quit\n", { RULEMAIL_HISTORY: file });
    expect(readFileSync(file, "utf8")).toBe("mine a\nmine b\n/quit\n");
    // Twice the key "up": the line before the last.
    expect(await typed("\x1b[A\x1b[A\n/quit\n", { RULEMAIL_HISTORY: file })).toContain("returns: seen b\n");
    expect(historyFile({}, folder)).toBe(join(folder, ".rulemail_history"));
    expect(historyFile({ RULEMAIL_HISTORY: "" }, folder)).toBeUndefined();
  });

  test("`?` tells the commands, without any help file", async () => {
    const shown = await typed("?\n/quit\n");
    for (const command of ["/parse", "/explain", "/map", "=M", "-d21.12"]) expect(shown).toContain(command);
    expect(shown).not.toContain("not implemented");
  });

  test("colour only adds colour, and NO_COLOR is respected", () => {
    const text = "mine               input: a\nUnknown mailer x\nplain\n";
    expect(colour(text)).not.toBe(text);
    expect(colour(text).replace(/\x1b\[[0-9]+m/g, "")).toBe(text);
    expect([wantsColour({}), wantsColour({ NO_COLOR: "1" }), wantsColour({ TERM: "dumb" })]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
