/**
 * What rulesets came to lately. The same workspace with the same answers from outside gives the same result: so a ruleset
 * that is called again asks its macros and maps again, in the same order, and when all of them answer as they did, the
 * rules need not be tried. Where one answers otherwise the run goes on from there (see run.ts: it begins again with what was
 * answered so far). A session, its recipients and the header of its message name the same addresses again and again.
 */
import type { LookupMap, LookupResult } from "../lookup-map.ts";
import type { Rewritten } from "../rewriter.ts";
import type { Tokens } from "../tokens.ts";
import { LatelyAsked } from "./lately-asked.ts";

/** What a run asks of the outside: the value of a macro, by name, or a map. */
export type Question = string | MapQuestion;

export interface MapQuestion {
  readonly map: LookupMap;
  readonly key: string;
  readonly args: readonly string[];
  /** What the map answered from; undefined where it has to be asked. */
  edition: object | undefined;
}

export type Answer = LookupResult | string | undefined;

/** One run that ended without a word. */
export interface Remembered {
  readonly ruleset: number;
  readonly input: Tokens;
  readonly questions: readonly Question[];
  /** As many. */
  readonly answers: readonly Answer[];
  readonly result: Rewritten;
}

/** So many runs are kept, those within pieces of work (work.ts) not counted. */
const KEPT = 2048;
/** What is larger is not kept: tokens or questions. */
const LARGEST = 64;

export class Memory {
  /** By ruleset and workspace. */
  readonly #runs = new LatelyAsked<Remembered>(KEPT);

  /** A run to be compared with; or false when this one is to be kept, or undefined. */
  find(ruleset: number, input: Tokens): Remembered | false | undefined {
    if (input.length > LARGEST) return undefined;
    const found = this.#runs.find(keyOf(ruleset, input));
    return found && !isSame(found.input, input) ? undefined : found;
  }

  keep(run: Remembered): void {
    if (run.questions.length <= LARGEST) this.#runs.keep(keyOf(run.ruleset, run.input), run);
  }
}

/** Two workspaces may share it, where a token holds the separator. */
function keyOf(ruleset: number, input: Tokens): string {
  return `${ruleset} ${input.join("\n")}`;
}

/** True when two workspaces hold the same tokens. */
export function isSame(a: Tokens, b: Tokens): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** True when a map said the same. */
export function isSameAnswer(a: LookupResult, b: LookupResult): boolean {
  if (a === b) return true;
  if (a.kind === "found") return b.kind === "found" && a.value === b.value;
  if (a.kind === "missing") return b.kind === "missing" && a.status === b.status;
  return b.kind === "tempfail" && a.value === b.value && a.status === b.status && a.reason === b.reason;
}
