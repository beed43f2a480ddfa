/**
 * What configurations made with the library decide about many addresses, hosts and states of a session. Each folder has a
 * site file, the tables it reads, and the answers, which are those that sendmail gives with its own library.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { runMakemap } from "../../../src/cli/makemap.ts";
import { compileMc } from "../../../src/mc/compile.ts";
import { folderLibrary } from "../../../src/mc/library.ts";
import { runCommand } from "../../support/command.ts";
import { decide, readDecisions, showDecisions } from "../../support/decisions.ts";

const root = join(import.meta.dirname, "../../..");
const recorded = join(root, "test/golden/mc/answers");
const library = folderLibrary(join(root, "macros"));
const TABLES = new Set(["access", "mailertable"]);

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mc-answers-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Compiles the site file of a folder, with its tables built beside it. Resolves with the .cf file. */
async function install(name: string): Promise<string> {
  cpSync(join(recorded, name), folder, { recursive: true });
  for (const table of readdirSync(folder).filter((file) => TABLES.has(file))) {
    const text = readFileSync(join(folder, table), "latin1");
    expect(await runCommand(runMakemap, ["hash", join(folder, table)], text)).toMatchObject({ status: 0, errors: "" });
  }
  const file = join(folder, "site.mc");
  const text = readFileSync(file, "latin1").replaceAll("@DIR@", folder);
  const result = compileMc({ file, text }, { library });
  expect(result.diagnostics.filter(({ message }) => !message.startsWith("no MAILER(smtp)"))).toEqual([]);
  const config = join(folder, "sendmail.cf");
  writeFileSync(config, result.text, "latin1");
  return config;
}

describe("a configuration decides as the original does", () => {
  for (const name of readdirSync(recorded)) {
    test(name, async () => {
      const expected = readDecisions(readFileSync(join(recorded, name, "answers.txt"), "latin1"));
      const typed = expected.map((each) => each.typed);
      expect(showDecisions(await decide(await install(name), typed))).toBe(showDecisions(expected));
    });
  }
});
