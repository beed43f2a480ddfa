/**
 * What rulesets came to lately. The same workspace with the same answers from outside gives the same result: so a ruleset
 * that is called again asks its macros and maps again, in the same order, and when all of them answer as they did, the
 * rules need not be tried. Where one answers otherwise the run goes on from there (see run.ts: it begins again with what was
 * answered so far). A session, its recipients and the header of its message name the same addresses again and again.
 */
import type { LookupMap, LookupResult } from "../lookup-map.ts";
import type { Rewritten } from "../rewriter.ts";
import type { Tokens } from "../tokens.ts";

/** What a run asks of the outside: the value of a macro, by name, or a map. */
export type Question = string | { readonly map: LookupMap; readonly key: string; readonly args: readonly string[] };

export type Answer = LookupResult | string | undefined;

/** One run that ended without a word. */
export interface Remembered {
  readonly input: Tokens;
  readonly questions: readonly Question[];
  /** As many. */
  readonly answers: readonly Answer[];
  readonly result: Rewritten;
}

/** So many runs are kept, and the same number from before that; so many are known to have happened once. */
const KEPT = 1024;
const KNOWN = 4096;
/** What is larger is not kept: tokens or questions. */
const LARGEST = 64;

export class Memory {
  /** By ruleset and workspace. What was not asked for while a generation filled up goes with the next. */
  #young = new Map<string, Remembered>();
  #old = new Map<string, Remembered>();
  /** What is called only once is not worth keeping. */
  #once = new Set<string>();

  /** A run to be compared with; or false when this one is to be kept, or undefined. */
  find(ruleset: number, input: Tokens): Remembered | false | undefined {
    if (input.length > LARGEST) return undefined;
    const key = keyOf(ruleset, input);
    let found = this.#young.get(key);
    if (found === undefined) {
      found = this.#old.get(key);
      if (found === undefined) return this.#isSeen(key) ? false : undefined;
      this.#put(key, found);
    }
    return isSame(found.input, input) ? found : undefined;
  }

  keep(ruleset: number, run: Remembered): void {
    if (run.questions.length <= LARGEST) this.#put(keyOf(ruleset, run.input), run);
  }

  #isSeen(key: string): boolean {
    if (this.#once.delete(key)) return true;
    if (this.#once.size >= KNOWN) this.#once.clear();
    this.#once.add(key);
    return false;
  }

  #put(key: string, run: Remembered): void {
    if (this.#young.size >= KEPT) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, run);
  }
}

/** Two workspaces may share it, where a token holds the separator. */
function keyOf(ruleset: number, input: Tokens): string {
  return `${ruleset} ${input.join("\n")}`;
}

function isSame(a: Tokens, b: Tokens): boolean {
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
