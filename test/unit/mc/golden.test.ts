import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { readM4Words } from "../../../src/cli/m4.ts";
import { compileMc, processM4 } from "../../../src/mc/compile.ts";
import { folderLibrary } from "../../../src/mc/library.ts";
import * as cases from "../../golden/m4-cases.ts";

const root = join(import.meta.dirname, "../../..");
const golden = join(root, "test/golden/mc");
const library = folderLibrary(join(root, "macros"));

describe("macro programs of our own print what GNU m4 printed for them", () => {
  const folder = join(golden, "m4");
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".m4"))) {
    test(file, () => {
      const path = join(folder, file);
      const expected = readFileSync(path.replace(/\.m4$/, ".expected"), "latin1");
      expect(processM4([{ file: path }], { includePath: [folder] }).text).toBe(expected);
    });
  }
});

describe("small macro programs print, say and end with what GNU m4 did", () => {
  for (const file of readdirSync(cases.folder).filter((name) => name.endsWith(".cases"))) {
    const name = basename(file, ".cases");
    test(name, () => {
      // Files are sought in the current folder, and named as they were asked for.
      const before = process.cwd();
      process.chdir(cases.folder);
      try {
        const got = cases.readCases(name).map(({ options, text }) => {
          const result = processM4([{ file: cases.CASE_FILE, text }], readM4Words(options).options);
          return cases.formatAnswer(result.text, result.messages, result.status);
        });
        expect(got).toEqual(cases.readAnswers(name));
      } finally {
        process.chdir(before);
      }
    });
  }
});

describe("a shipped configuration is what its .mc file compiles to", () => {
  const folder = join(root, "cf");
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".mc"))) {
    test(`${basename(file, ".mc")}.cf (renew it with: rulemail mc cf/${file} > cf/${basename(file, ".mc")}.cf)`, () => {
      const result = compileMc({ file: join(folder, file) }, { library });
      expect(result.diagnostics.map(({ message }) => message)).toEqual([]);
      expect(result.text).toBe(readFileSync(join(folder, file.replace(/mc$/, "cf")), "latin1"));
    });
  }
});

describe("site files as people write them compile to the recorded configuration", () => {
  const folder = join(golden, "sites");
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".mc"))) {
    test(file, () => {
      const path = join(folder, file);
      const result = compileMc({ file: path }, { library });
      expect(result.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
      expect(result.text).toBe(readFileSync(path.replace(/mc$/, "cf"), "latin1"));
    });
  }
});
