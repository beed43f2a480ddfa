/**
 * What a file of src/ offers is asked for by the program. What only tests ask for looks alive and is not; what nobody
 * asks for is no part of a file's face. Types are left out: they describe what functions take and give.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { expect, test } from "@jest/globals";

const root = join(import.meta.dirname, "..");

/** Exports without a caller so far, and why they stay. */
const WAITING: readonly (readonly [RegExp, string])[] = [
  [/^src\/authentication\/reports/, "collecting reports is about to ask for it"],
  [/^src\/queue\/memory-store\.ts MemoryStore$/, "the queue's twin that needs no disk: tests of others run on it"],
  [/^src\/rights\/terms\.ts NO_TERMS$/, "what a server without users of its own agrees to; tests begin with it"],
  [/^src\/mail\/xtext\.ts encodeXtext$/, "MAIL AUTH= is written in it (RFC 4954 §5)"],
  [
    /^src\/milter\/filter-half\.ts /,
    "what filters need of the folder, which could be a package: tests write theirs with it",
  ],
];

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.startsWith("generated"))
    .map((file) => `${folder}/${file}`);
}

const texts = new Map(
  ["src", "bench", "docs", "packaging", "test"]
    .flatMap(filesBelow)
    .map((file) => [file, readFileSync(join(root, file), "utf8")] as const),
);

/** File → those that import it, at the start or later. */
const importers = new Map<string, string[]>();
for (const [file, text] of texts) {
  for (const [, name] of text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)) {
    const target = normalize(join(file, "..", name));
    importers.set(target, [...(importers.get(target) ?? []), file]);
  }
}

function uses(text: string, name: string): number {
  return [...text.matchAll(new RegExp(`\\b${name}\\b`, "g"))].length;
}

interface Exported {
  /** `src/mail/date.ts logDuration`. */
  readonly title: string;
  /** Asked for by another file of src/, or by what makes documents and files, and measures. */
  readonly byProgram: boolean;
  readonly byTests: boolean;
  readonly byItself: boolean;
}

function exportsOf(file: string, text: string): Exported[] {
  const declared = text.matchAll(/^export (?:async |abstract )*(?:function\*?|class|const|let) (\w+)/gm);
  return [...declared].map(([, name]) => {
    const callers = (importers.get(file) ?? []).filter((each) => uses(texts.get(each)!, name) > 0);
    return {
      title: `${file} ${name}`,
      byProgram: callers.some((each) => !each.startsWith("test/")),
      byTests: callers.some((each) => each.startsWith("test/")),
      byItself: uses(text, name) > 1,
    };
  });
}

const exported = [...texts]
  .filter(([file]) => file.startsWith("src/"))
  .flatMap(([file, text]) => exportsOf(file, text))
  .filter(({ title, byProgram }) => !byProgram && !WAITING.some(([which]) => which.test(title)));

test("the program uses what it exports", () => {
  expect(texts.size).toBeGreaterThan(500);
  // Call it, or remove it together with its tests.
  expect(exported.filter(({ byItself }) => !byItself).map(({ title }) => title)).toEqual([]);
});

test("what only its own file uses is not exported, unless a test asks for it", () => {
  expect(exported.filter(({ byItself, byTests }) => byItself && !byTests).map(({ title }) => title)).toEqual([]);
});
