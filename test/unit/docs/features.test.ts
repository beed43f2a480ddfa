import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { featuresPage } from "../../../docs/generate-features.ts";
import { libraryParts } from "../../../src/mc/describe.ts";
import { folderLibrary } from "../../../src/mc/library.ts";

const root = join(import.meta.dirname, "../../..");

test("docs/features.md is what the comments of macros/ say (renew it with: npm run docs)", () => {
  expect(featuresPage()).toBe(readFileSync(join(root, "docs/features.md"), "utf8"));
});

test("every part of the library opens with its own call, what it does and an example", () => {
  const without = libraryParts(folderLibrary(join(root, "macros"))).filter(
    ({ kind, name, comment }) =>
      !comment.startsWith(`${kind.toUpperCase()}(\`${name}'`) ||
      !/\):\s/.test(comment) ||
      !comment.includes("\nExample:"),
  );
  expect(without.map(({ kind, name }) => `${kind}/${name}`)).toEqual([]);
});
