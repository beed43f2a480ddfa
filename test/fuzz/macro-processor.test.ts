/** The macro processor on any text: it ends with output or a diagnostic, at a place in the text. */
import { expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { builtins, defineBuiltins } from "../../src/mc/builtins.ts";
import { compileMc } from "../../src/mc/compile.ts";
import { Processor } from "../../src/mc/expand.ts";
import { Exit, FatalError, type Problem } from "../../src/mc/problem.ts";
import { damage, fuzz, randomOctets, type Random, randomWords } from "../support/fuzz.ts";

/** These make files or programs. */
const OUTSIDE = ["syscmd", "esyscmd", "maketemp", "mkstemp", "debugfile"];
const NAMES = [...builtins.keys()].filter((name) => !OUTSIDE.includes(name));
const PIECES = [
  "`",
  "'",
  "(",
  ")",
  ",",
  " ",
  "\n",
  "#",
  "$1",
  "$@",
  "$*",
  "$#",
  "a",
  "b",
  "1",
  "-1",
  "10",
  "%s",
  "a*",
  "\\(",
  "\xe9",
];

function randomMacros(random: Random): string {
  let text = "";
  for (let count = 1 + random(30); count > 0; count--) {
    const kind = random(6);
    if (kind < 3)
      text += `${NAMES[random(NAMES.length)]}(${randomWords(random, PIECES, 8)}${random(8) > 0 ? ")" : ""}\n`;
    else if (kind === 3) text += `define(\`${["a", "b"][random(2)]}', \`${randomWords(random, PIECES, 6)}')\n`;
    else text += random(4) === 0 ? randomOctets(random, 20) : randomWords(random, PIECES, 12);
  }
  return text;
}

test("any text is expanded or reported, with limits on calls", async () => {
  await fuzz(500, (random, note) => {
    const text = randomMacros(random);
    note(text);
    const m4 = new Processor({ files: { find: () => undefined }, maxNesting: 100, maxExpansions: 5000 });
    m4.builtins = builtins;
    defineBuiltins(m4.symbols);
    const problems: Problem[] = [];
    m4.onProblem = (problem) => void problems.push(problem);
    for (const name of OUTSIDE) m4.symbols.undefine(name);
    try {
      m4.processFile("fuzz.m4", text);
      m4.finish();
    } catch (error) {
      if (error instanceof FatalError) problems.push(error.problem);
      else if (!(error instanceof Exit)) throw error;
    }
    const lines = text.split("\n").length;
    for (const { message, at } of problems) {
      expect(message).not.toBe("");
      expect(at.line).toBeLessThanOrEqual(lines);
    }
    m4.diversions.output();
  });
});

const STANDALONE = readFileSync(new URL("../../cf/standalone.mc", import.meta.url), "latin1");
const INSERTIONS = [
  "`",
  "'",
  "(",
  ")",
  "dnl",
  "FEATURE(`",
  "define(`",
  "MAILER(",
  "include(",
  "LOCAL_RULE_0\n",
  "$1",
  "\n",
];

test("a damaged .mc file compiles or says what is wrong with it", async () => {
  await fuzz(8, (random, note) => {
    const text = damage(STANDALONE, random, INSERTIONS);
    note(text);
    const { diagnostics, complete, origins, text: output } = compileMc({ file: "fuzz.mc", text });
    if (!complete) expect(diagnostics.length).toBeGreaterThan(0);
    expect(origins.length).toBeLessThanOrEqual(output.split("\n").length);
  });
});
