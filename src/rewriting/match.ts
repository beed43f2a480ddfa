/**
 * The left side of a rule against a workspace, as the language defines it: from left to right, wildcards take as little
 * as they can, and the last one that can take more does so first when the rest fails.
 *
 * This is the definition, with the trace of every step; the compiled engine has its own, faster form of it.
 */
import type { ClassSet } from "./classes.ts";
import { foldCase } from "./fold-case.ts";
import type { MacroScope } from "./macro-scope.ts";
import type { Pattern, Rule } from "./rule.ts";
import { printable } from "./tokens.ts";
import type { Tokens } from "./tokens.ts";
import { printPattern } from "./trace.ts";
import type { Trace } from "./trace.ts";

/** What a wildcard has matched: tokens from `start` up to, not including, `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface MatchContext {
  readonly scope: MacroScope;
  classWords(name: string): ClassSet;
  readonly trace?: Trace;
}

/** The spans of `$1`, `$2` ..., or undefined when the left side does not match all of the workspace. */
export function match(rule: Rule, workspace: Tokens, context: MatchContext): readonly Span[] | undefined {
  return new Match(rule.lhs, workspace, context).run();
}

/** A wildcard on the way, and where the patterns go on after it. */
interface Open {
  readonly pattern: number;
  readonly start: number;
  end: number;
}

class Match {
  readonly #lhs: readonly Pattern[];
  readonly #workspace: Tokens;
  readonly #context: MatchContext;
  readonly #open: Open[] = [];
  #rp = 0;
  #ap = 0;

  constructor(lhs: readonly Pattern[], workspace: Tokens, context: MatchContext) {
    this.#lhs = lhs;
    this.#workspace = workspace;
    this.#context = context;
  }

  run(): readonly Span[] | undefined {
    while (this.#rp < this.#lhs.length || this.#ap < this.#workspace.length) {
      this.#say(35, "ADVANCE", this.#rp, this.#ap);
      if (!this.#advance() && !this.#backUp()) return undefined;
    }
    return this.#open;
  }

  #advance(): boolean {
    if (this.#rp >= this.#lhs.length) return false;
    const pattern = this.#lhs[this.#rp];
    if (pattern.kind === "any") return this.#take(0);
    if (pattern.kind === "nothing") {
      this.#rp++;
      return true;
    }
    if (this.#ap >= this.#workspace.length) return false;
    switch (pattern.kind) {
      case "literal":
        return this.#literal(pattern.folded);
      case "not-class":
        return !this.#context.classWords(pattern.name).has(this.#workspace[this.#ap]) && this.#take(1);
      case "class":
        return this.#takeInClass(this.#context.classWords(pattern.name), this.#ap, this.#ap + 1);
      case "macro":
        return this.#macro(pattern.name);
      default:
        return this.#take(1);
    }
  }

  #take(count: number): boolean {
    const start = this.#ap;
    this.#ap += count;
    this.#open.push({ pattern: this.#rp++, start, end: this.#ap });
    return true;
  }

  #literal(folded: string): boolean {
    if (foldCase(this.#workspace[this.#ap]) !== folded) return false;
    this.#ap++;
    this.#rp++;
    return true;
  }

  /** The shortest run of at least `end - start` tokens whose joined text is in the class. */
  #takeInClass(words: ClassSet, start: number, end: number): boolean {
    for (; end <= this.#workspace.length; end++) {
      const text = this.#workspace.slice(start, end).join("");
      if (words.has(text)) {
        if (this.#traced(36)) this.#context.trace?.print("CLMATCH");
        this.#ap = end;
        this.#open.push({ pattern: this.#rp++, start, end });
        return true;
      }
      if (text.length > words.longest && !this.#traced(36)) return false;
      this.#say(36, "EXTEND ", this.#rp, end - 1);
    }
    return false;
  }

  /** The value of `$&x` is compared as text with the texts of the next tokens; an empty one matches no token. */
  #macro(name: string): boolean {
    const value = this.#context.scope.get(name);
    if (this.#traced(2)) this.#context.trace?.print(`rewrite: LHS $&{${name}} => "${value ?? "(NULL)"}"`);
    let at = this.#ap;
    for (let rest = foldCase(value ?? ""); rest !== ""; at++) {
      const token = this.#workspace[at];
      if (token === undefined || token === "" || !rest.startsWith(foldCase(token))) return false;
      rest = rest.slice(token.length);
    }
    this.#ap = at;
    this.#rp++;
    return true;
  }

  /** Lets the last wildcard that can grow take one more token. */
  #backUp(): boolean {
    for (let last = this.#open.pop(); last !== undefined; last = this.#open.pop()) {
      this.#rp = last.pattern;
      this.#ap = last.end;
      this.#say(36, "BACKUP ", last.pattern, last.end);
      if (last.end >= this.#workspace.length) continue;
      const pattern = this.#lhs[last.pattern];
      if (pattern.kind === "any" || pattern.kind === "some") {
        last.end++;
        this.#open.push(last);
        this.#rp++;
        this.#ap++;
        return true;
      }
      if (pattern.kind === "class") {
        const words = this.#context.classWords(pattern.name);
        if (this.#takeInClass(words, last.start, last.end + 1)) return true;
      }
    }
    return false;
  }

  #traced(level: number): boolean {
    const { trace } = this.#context;
    return trace !== undefined && trace.level(21) >= level;
  }

  #say(level: number, step: string, rp: number, ap: number): void {
    if (!this.#traced(level)) return;
    const pattern = rp < this.#lhs.length ? printPattern(this.#lhs[rp]) : "<null>";
    const token = ap < this.#workspace.length ? printable(this.#workspace[ap]) : "<null>";
    this.#context.trace?.print(`${step} rp=${pattern}, ap=${token}`);
  }
}
