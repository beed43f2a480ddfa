import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { compileMc, processM4 } from "../../../src/mc/compile.ts";
import { folderLibrary } from "../../../src/mc/library.ts";

const root = join(import.meta.dirname, "../../..");
const golden = join(root, "test/golden/mc");
const library = folderLibrary(join(root, "macros"));

describe("macro programs of our own print what GNU m4 printed for them", () => {
  const folder = join(golden, "m4");
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".m4"))) {
    test(file, () => {
      const path = join(folder, file);
      const expected = readFileSync(path.replace(/\.m4$/, ".expected"), "latin1");
      expect(processM4([{ file: path }]).text).toBe(expected);
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
