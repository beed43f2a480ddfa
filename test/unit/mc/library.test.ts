/** What a configuration made with the library decides: compiled, loaded by the server's own reader, asked in test mode. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { runMakemap } from "../../../src/cli/makemap.ts";
import { compileMc } from "../../../src/mc/compile.ts";
import { describePart, partNames } from "../../../src/mc/describe.ts";
import { folderLibrary } from "../../../src/mc/library.ts";
import { runCommand } from "../../support/command.ts";
import { decide, readDecisions, showDecisions } from "../../support/decisions.ts";

const root = join(import.meta.dirname, "../../..");
const routes = join(root, "test/golden/mc/routes");
const library = folderLibrary(join(root, "macros"));
const TABLES = ["access", "mailertable", "virtusertable", "genericstable"];

describe("a company's server", () => {
  let folder = "";
  let config = "";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mc-routes-"));
    cpSync(routes, folder, { recursive: true });
    const source = readFileSync(join(folder, "site.mc"), "latin1").replaceAll("@DIR@", folder);
    const result = compileMc({ file: join(folder, "site.mc"), text: source }, { library });
    expect(result.diagnostics).toEqual([]);
    config = join(folder, "sendmail.cf");
    writeFileSync(config, result.text, "latin1");
    for (const table of TABLES) {
      const text = readFileSync(join(folder, table), "latin1");
      const made = await runCommand(runMakemap, ["hash", join(folder, table)], text);
      expect(made).toMatchObject({ status: 0, errors: "" });
    }
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("routes, rewrites, accepts and refuses as recorded", async () => {
    const expected = readDecisions(readFileSync(join(routes, "answers.txt"), "latin1"));
    const decided = await decide(
      config,
      expected.map(({ typed }) => typed),
    );
    expect(showDecisions(decided)).toBe(showDecisions(expected));
  });
});

describe("the library", () => {
  const folders = ["feature", "mailer", "ostype", "domain", "hack"];

  test("every part says what it does, and gives an example", () => {
    const silent = partNames(library).filter((name) => !/Example:/.test(describePart(library, name) ?? ""));
    expect(silent).toEqual([]);
  });

  /** Most take a name of some kind; these take one of few words. */
  const words: Readonly<Record<string, string>> = { list_from: "quarantine" };

  test("every part compiles by itself", () => {
    const broken: string[] = [];
    for (const kind of folders) {
      for (const name of library.names(kind)) {
        const use: Record<string, string> = {
          feature: `FEATURE(\`access_db')FEATURE(\`${name}', \`${words[name] ?? "one.example"}')MAILER(\`smtp')`,
          mailer: `MAILER(\`smtp')MAILER(\`${name}')`,
          ostype: `OSTYPE(\`${name}')MAILER(\`smtp')`,
          domain: `DOMAIN(\`${name}')MAILER(\`smtp')`,
          hack: `HACK(\`${name}')MAILER(\`smtp')`,
        };
        const { diagnostics, text } = compileMc({ file: "site.mc", text: `${use[kind]}\n` }, { library });
        const wrong = diagnostics.filter(
          ({ severity, message }) => severity === "error" || /builtin|undefined/.test(message),
        );
        if (wrong.length > 0 || /^[ \t]*(?:ifdef|ifelse|define|_[A-Z_]+_)\b/m.test(text)) {
          broken.push(
            `${kind}/${name}: ${wrong.map(({ message }) => message).join("; ") || "macros left in the output"}`,
          );
        }
      }
    }
    expect(broken).toEqual([]);
  });

  test("there are no files that nothing can name", () => {
    const known = new Set([...folders, "m4"]);
    expect(readdirSync(join(root, "macros")).filter((name) => !known.has(name))).toEqual([]);
  });
});

describe("arguments of a FEATURE", () => {
  test("nopercenthack and nouucp ask for their argument", () => {
    const text = "OSTYPE(`linux')\nFEATURE(`nopercenthack')\nFEATURE(`nouucp')\nMAILER(`smtp')\n";
    const { diagnostics } = compileMc({ file: "site.mc", text }, { library });
    expect(diagnostics.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      "warning: FEATURE(nopercenthack) needs an argument, reject or nospecial: nospecial is assumed",
      "warning: FEATURE(nouucp) needs an argument, reject or nospecial: nospecial is assumed",
    ]);
  });
});
