/**
 * Small macro programs and what GNU m4 answered: `test/golden/m4/NAME.cases` holds programs, each below a line
 * `---- OPTIONS`, and NAME.answers what each of them printed, said on standard error and ended with.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const folder = join(import.meta.dirname, "m4");
/** What a program is called in messages. */
export const CASE_FILE = "case.m4";

export interface MacroCase {
  readonly options: readonly string[];
  readonly text: string;
}

export function readCases(name: string): MacroCase[] {
  const parts = readFileSync(join(folder, `${name}.cases`), "latin1").split(/^----(.*)\n/m);
  const cases: MacroCase[] = [];
  for (let at = 1; at < parts.length; at += 2) {
    cases.push({ options: parts[at].split(" ").filter(Boolean), text: parts[at + 1] });
  }
  return cases;
}

export function formatAnswer(output: string, errors: string, status: number | null): string {
  return `---- ${status}\n${output}\n--\n${errors}`;
}

/** One answer for each case, in order. */
export function readAnswers(name: string): string[] {
  const text = readFileSync(join(folder, `${name}.answers`), "latin1");
  return text.split(/(?=^---- \d+$)/m);
}
