/** The text of the macro library: lines that can be read, and a list of its diversions that says what is so. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "@jest/globals";

const macros = join(import.meta.dirname, "../../../macros");
const LONGEST = 160;

const files = readdirSync(macros, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".m4"))
  .map((name) => ({ name, text: readFileSync(join(macros, name), "latin1") }));

test(`no line of the library is longer than ${LONGEST} characters`, () => {
  const long = files.flatMap(({ name, text }) =>
    text.split("\n").flatMap((line, index) => (line.length > LONGEST ? [`${name}:${index + 1}`] : [])),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(long).toEqual([]);
});

/** A row of the list: number, file that writes it out, whom it is for. */
interface Diversion {
  readonly number: number;
  readonly file: string;
  readonly row: string;
}

function listed(): Diversion[] {
  const { text } = files.find(({ name }) => name === join("m4", "words.m4"))!;
  const rows = [...text.matchAll(/^dnl {2,4}(\d+) {2}(\S+\.m4) +(\S.*)$/gm)];
  return rows.map(([, number, file, row]) => ({ number: Number(number), file, row }));
}

/** The library without comments, which only speak of diversions. */
function code(text: string): string {
  return text.replaceAll(/^dnl .*$/gm, "");
}

/** Numbers above 0 that a pattern finds, each with its file: `30 head.m4`. */
function found(pattern: RegExp): string[] {
  const all = files.flatMap(({ name, text }) =>
    [...code(text).matchAll(pattern)].map(([, number]) => `${Number(number)} ${basename(name)}`),
  );
  return [...new Set(all)].toSorted();
}

describe("the list of diversions in words.m4", () => {
  test("has each number once, in order", () => {
    const numbers = listed().map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  });

  test("names the file that writes each of them out, and none that nobody writes out", () => {
    const expected = listed().map(({ number, file }) => `${number} ${file}`);
    expect(found(/\bundivert\(([1-9]\d*)\)/g)).toEqual(expected.toSorted());
  });

  test("has whatever the library diverts to", () => {
    const known = new Set(listed().map(({ number }) => number));
    const used = found(/\b(?:PUSHDIVERT|divert)\(([1-9]\d*)\)/g);
    expect(used.length).toBeGreaterThan(known.size);
    expect(used.filter((place) => !known.has(Number.parseInt(place, 10)))).toEqual([]);
  });

  test("says which words of site files fill it", () => {
    const { text } = files.find(({ name }) => name === join("m4", "site.m4"))!;
    const words = [...code(text).matchAll(/^define\(`([A-Z_\d]+)', `.*\bdivert\((\d+)\)'\)$/gm)];
    expect(words.length).toBeGreaterThan(10);
    const rows = new Map(listed().map(({ number, row }) => [number, row]));
    expect(
      words.filter(([, word, number]) => !rows.get(Number(number))?.includes(word)).map(([, word]) => word),
    ).toEqual([]);
  });

  test("says that a diversion is for parts of the site's own only where nothing of the library fills it", () => {
    const used = new Set(found(/\b(?:PUSHDIVERT|divert)\(([1-9]\d*)\)/g).map((place) => Number.parseInt(place, 10)));
    const forSites = listed().filter(({ row }) => row.endsWith("parts of the site's own"));
    expect(forSites.map(({ number }) => number)).toEqual(
      listed()
        .map(({ number }) => number)
        .filter((number) => !used.has(number)),
    );
  });
});
