/** Every .mc line of docs/migrating.md compiles, without a complaint, and changes something. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { compileMc } from "../../../src/mc/compile.ts";
import { folderLibrary } from "../../../src/mc/library.ts";

const root = join(import.meta.dirname, "../../..");
const library = folderLibrary(join(root, "macros"));
const page = readFileSync(join(root, "docs/migrating.md"), "utf8");

/** Fenced blocks marked mc, without the indentation of lists. */
const blocks = [...page.matchAll(/^( *)```mc\n([^]*?)^ *```$/gm)].map(([, indent, text]) =>
  text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
);
/** Code in a line between double back-quotes; a single ` is one of the language. */
const lines = new Set([...page.matchAll(/``([A-Z_a-z]+\(.*?)``/g)].map(([, text]) => text));

/** A line of the page in a site around it; what other lines of the page go with has to be there, too. */
function site(text: string): string {
  if (/^MAILER\(/m.test(text)) return text;
  const local = /LOCAL_(?:CONFIG|RULESETS)\n/.test(text);
  const around = [
    "OSTYPE(`linux')dnl",
    ...(text.includes("`access_db'") ? [] : ["FEATURE(`access_db')dnl"]),
    ...(text.includes("`delay_checks'") ? [] : ["FEATURE(`delay_checks')dnl"]),
    ...(local ? [] : [text]),
    "MAILER(`local')dnl",
    "MAILER(`smtp')dnl",
    ...(local ? [text] : []),
  ];
  return `${around.join("\n")}\n`;
}

function compiled(text: string): string {
  const result = compileMc({ file: "site.mc", text: site(text) }, { library });
  expect(result.diagnostics).toEqual([]);
  return result.text;
}

describe("docs/migrating.md", () => {
  test("has its blocks and lines where this test finds them", () => {
    expect(blocks.length).toBeGreaterThanOrEqual(3);
    expect(lines.size).toBeGreaterThanOrEqual(50);
  });

  test.each(blocks)("the block that begins %p compiles", (block) => {
    expect(compiled(block)).not.toBe(compiled(""));
  });

  test.each([...lines])("%s compiles and has an effect", (line) => {
    const without = line.replace(/^(FEATURE\(`(?:access_db|delay_checks)).*/, "");
    if (without === line) expect(compiled(line)).not.toBe(compiled(""));
    else expect(compiled(line)).toContain("SBasic_check_rcpt");
  });
});
