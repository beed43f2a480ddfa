/** What nobody may forget: one file changes ids, and what runs as root beside the server knows little. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const source = join(import.meta.dirname, "../../../src");

const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));

const textOf = (file: string): string => readFileSync(join(source, file), "utf8");

/** The calls, however they are got at, and what spawn() calls the same. */
const CALLS =
  /\b(?:set(?:e|re|res)?[ug]id|setgroups|initgroups)\b|\b(?:uid|gid)\s*[:,][^;]*\bspawn\(|\bspawn\([^;]*\b(?:uid|gid)\s*[:,}]/;

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

test("one file changes the ids of a process", () => {
  const calling = files.filter((file) => CALLS.test(withoutComments(textOf(file))));
  expect(calling).toEqual(["rights/identity.ts"]);
});

test("the guard sees what it looks for", () => {
  for (const text of [
    "process.setuid(0)",
    "process.seteuid?.(uid)",
    'process["setgroups"]([])',
    "const { initgroups } = process",
    "spawn(program, words, { stdio, uid: 0 })",
  ]) {
    expect(CALLS.test(text)).toBe(true);
  }
});

/** Files of ours that a file loads when it is loaded; types are gone by then. */
function importsOf(file: string): { readonly ours: string[]; readonly others: string[] } {
  const text = withoutComments(textOf(file));
  const ours: string[] = [];
  const others: string[] = [];
  for (const [, isType, names, name] of text.matchAll(/\b(?:import|export)\s+(type\s+)?([^;"]*?)from\s*"([^"]+)"/g)) {
    const braces = /^\{([^}]*)\}\s*$/.exec(names.trim());
    const onlyTypes = braces?.[1].split(",").every((each) => /^\s*(?:type\s|$)/.test(each)) === true;
    if (isType !== undefined || onlyTypes) continue;
    if (name.startsWith(".")) ours.push(join(file, "..", name));
    else others.push(name);
  }
  for (const [, name] of text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)|\bimport\s+"([^"]+)"/g))
    others.push(`at run time: ${name}`);
  return { ours, others };
}

function closureOf(entry: string): { readonly ours: readonly string[]; readonly others: readonly string[] } {
  const seen = new Set<string>();
  const others = new Set<string>();
  const open = [entry];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    const found = importsOf(file);
    open.push(...found.ours);
    for (const each of found.others) others.add(each);
  }
  return { ours: [...seen], others: [...others] };
}

test("the processes beside the server load what is theirs, and no SMTP, rules, DNS, configuration or packages", () => {
  const { ours, others } = closureOf("worker.ts");
  expect(ours.length).toBeGreaterThan(25);
  const folders = new Set(ours.map((file) => (file.includes("/") ? file.slice(0, file.indexOf("/")) : "")));
  expect([...folders].toSorted()).toEqual(["", "mailbox", "rights", "sys"]);
  expect(others.filter((name) => !name.startsWith("node:"))).toEqual([]);
});

test("the root helper itself can be read in one sitting", () => {
  const lines = ["rights/helper-process.ts", "rights/helper-messages.ts", "rights/terms.ts", "rights/made-files.ts"]
    .map((file) => textOf(file).split("\n").length)
    .reduce((sum, each) => sum + each, 0);
  expect(lines).toBeLessThan(700);
});
