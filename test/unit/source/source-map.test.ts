import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  describeOrigin,
  formatSourceMap,
  originsOf,
  parseSourceMap,
  sourceMapPath,
  type TracedPlace,
} from "../../../src/source/source-map.ts";

const LIBRARY = "/lib/macros/";
const TEXT = "# head\n\nR$*\t$: $1\nR\xe9\t$@\n";
const call: TracedPlace = { file: "site.mc", line: 12 };
const inFeature: TracedPlace = {
  file: "/lib/macros/feature/redirect.m4",
  line: 7,
  parent: {
    file: "/lib/macros/domain/generic.m4",
    line: 3,
    macro: "FEATURE",
    argument: "redirect",
    parent: { file: "site.mc", line: 12, macro: "DOMAIN", argument: "generic", parent: call },
  },
};
const always: TracedPlace = { file: "/lib/macros/m4/policy.m4", line: 44 };
const traces = { origins: [always, undefined, inFeature, always], causes: [undefined, undefined, undefined, call] };

function roundTrip() {
  return parseSourceMap(formatSourceMap(TEXT, traces, LIBRARY), TEXT)!;
}

describe("a source map", () => {
  test("gives back the chain of every line, with the library's folder left out", () => {
    const traced = roundTrip()(3)!;
    expect(traced.cause).toBeUndefined();
    expect(traced.place).toEqual({
      file: "<library>/feature/redirect.m4",
      line: 7,
      parent: { ...inFeature.parent, file: "<library>/domain/generic.m4" },
    });
  });

  test("says nothing about empty lines and lines that do not exist", () => {
    expect([0, -1, 2, 5, 1.5].map(roundTrip())).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });

  test("names the line of the site's file and the parts that lead to the text", () => {
    const find = roundTrip();
    expect([1, 3, 4].map((line) => describeOrigin(find(line)!))).toEqual([
      "<library>/m4/policy.m4:44",
      "site.mc:12 DOMAIN(generic) FEATURE(redirect)",
      "site.mc:12",
    ]);
  });

  test("writes strings and places once, however many lines share them", () => {
    const origins = Array.from({ length: 1000 }, () => inFeature);
    const map = JSON.parse(formatSourceMap(TEXT, { origins, causes: [] }, LIBRARY)) as Record<string, unknown[]>;
    expect(map["places"]).toHaveLength(4);
    expect(new Set(map["strings"]).size).toBe(map["strings"].length);
  });
});

describe("a map that cannot be trusted counts as none", () => {
  const good = JSON.parse(formatSourceMap(TEXT, traces, LIBRARY)) as Record<string, unknown>;
  const damaged: Readonly<Record<string, string>> = {
    "no JSON": "{",
    "another kind of JSON": "[1]",
    null: "null",
    "another version": JSON.stringify({ ...good, version: 2 }),
    "strings that are none": JSON.stringify({ ...good, strings: [1, 2] }),
    "a string index out of range": JSON.stringify({ ...good, places: [[99, 1, -1, -1, -1]] }),
    "a place without a file": JSON.stringify({ ...good, places: [[-1, 1, -1, -1, -1]] }),
    "a place that is its own parent": JSON.stringify({ ...good, places: [[0, 1, -1, -1, 0]], lines: [0], causes: [] }),
    "a line index out of range": JSON.stringify({ ...good, lines: [1e6] }),
    "a fraction": JSON.stringify({ ...good, lines: [0.5] }),
    "no causes": JSON.stringify({ ...good, causes: undefined }),
  };
  for (const [name, json] of Object.entries(damaged)) {
    test(name, () => expect(parseSourceMap(json, TEXT)).toBeUndefined());
  }

  test("another text", () => {
    expect(parseSourceMap(JSON.stringify(good), `${TEXT}#`)).toBeUndefined();
    expect(parseSourceMap(JSON.stringify(good), TEXT)).toBeDefined();
  });
});

describe("originsOf()", () => {
  let folder: string;
  let cf: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "source-map-"));
    cf = join(folder, "a.cf");
    writeFileSync(cf, TEXT, "latin1");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("has no origin for anything without a map", () => {
    expect(originsOf(cf)({ file: cf, line: 3 })).toBeUndefined();
    expect(originsOf(join(folder, "gone.cf"))({ file: join(folder, "gone.cf"), line: 3 })).toBeUndefined();
  });

  test("reads the map beside the configuration, and answers for that file only", () => {
    writeFileSync(sourceMapPath(cf), formatSourceMap(TEXT, traces, LIBRARY));
    const origin = originsOf(cf);
    expect(origin({ file: cf, line: 3 })).toBe("site.mc:12 DOMAIN(generic) FEATURE(redirect)");
    expect(origin({ file: "other.cf", line: 3 })).toBeUndefined();
  });

  test("ignores the map when the configuration was changed", () => {
    writeFileSync(cf, `${TEXT}# by hand\n`, "latin1");
    expect(originsOf(cf)({ file: cf, line: 3 })).toBeUndefined();
  });
});
