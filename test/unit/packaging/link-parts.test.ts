/** How the scripts of the bundle find each other: packaging/link-parts.mjs. */
import { expect, test } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { linkParts } from "../../../packaging/link-parts.mjs";

test.each([
  ['import{a,b as c}from"./part-AB12.js";', 'const {a,b:c}=require("./part-AB12.js");'],
  ['var x=1;import{readFileSync as r}from"node:fs";r(x);', 'var x=1;const {readFileSync:r}=require("node:fs");r(x);'],
  ['import fs from"node:fs";', 'const fs=require("node:fs");'],
  ['import*as os from"node:os";', 'const os=require("node:os");'],
  ["export{a as b,c};", "module.exports={b:a,c};"],
  ['let s="import{a}from";', 'let s="import{a}from";'],
  ['import("./part-AB12.js")', 'import("./part-AB12.js")'],
])("%s", (text, linked) => {
  expect(linkParts(text)).toBe(linked);
});

/** Constants would not see a later change: what is exported must not change once its module has run. */
test("no module exports a variable", () => {
  const src = join(import.meta.dirname, "../../../src");
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  expect(files.length).toBeGreaterThan(500);
  expect(files.filter((file) => /^export (?:let|var) /m.test(readFileSync(join(src, file), "utf8")))).toEqual([]);
});
