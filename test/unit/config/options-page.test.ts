import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { optionCounts, optionsPage } from "../../../docs/generate-options.ts";

test("docs/options.md is what `npm run docs` makes of the tables", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/options.md"), "utf8");
  expect(page === optionsPage() ? "current" : "out of date: run npm run docs").toBe("current");
});

test("README says how many options wait", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../README.md"), "utf8");
  expect(page.includes(optionCounts()) ? "current" : "out of date: run npm run docs").toBe("current");
});
