/**
 * The left side of a rule against a workspace, as the language defines it: from left to right, wildcards take as little
 * as they can, and the last one that can take more does so first when the rest fails.
 *
 * This is the definition, with the trace of every step; the compiled engine has its own, faster form of it.
 */
import type { ClassSet } from "./class-set.ts";
import { foldCase } from "./fold-case.ts";
import type { MacroScope } from "./macro-scope.ts";
import type { Pattern } from "./rule.ts";
import type { Workspace } from "./token-table.ts";
import { printable } from "./tokens.ts";
import { printPattern } from "./trace.ts";
import type { Trace } from "./trace.ts";

export interface MatchContext {
  readonly scope: MacroScope;
  classWords(name: string): ClassSet;
  readonly trace?: Trace;
}

/** Matches one workspace after the other. What wildcards have taken is kept until the next one. */
export class Matcher {
  readonly #context: MatchContext;
  /** `$1` is what stands from `starts[0]` up to, not including, `ends[0]`, and so on. */
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  /** How many wildcards have taken something. */
  count = 0;
  /** Index of the pattern of each of them. */
  readonly #patterns: number[] = [];
  #lhs: readonly Pattern[] = [];
  #workspace: Workspace = [];
  #rp = 0;
  #ap = 0;
  /** Level of -d21. */
  #level = 0;

  constructor(context: MatchContext) {
    this.#context = context;
  }

  /** Whether the left side matches all of the workspace. */
  match(lhs: readonly Pattern[], workspace: Workspace): boolean {
    this.#lhs = lhs;
    this.#workspace = workspace;
    this.count = 0;
    this.#rp = 0;
    this.#ap = 0;
    this.#level = this.#context.trace?.level(21) ?? 0;
    while (this.#rp < lhs.length || this.#ap < workspace.length) {
      if (this.#level >= 35) this.#say("ADVANCE", this.#rp, this.#ap);
      if (!this.#advance() && !this.#backUp()) return false;
    }
    return true;
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
        if (this.#workspace[this.#ap].folded !== pattern.folded) return false;
        this.#ap++;
        this.#rp++;
        return true;
      case "not-class":
        return !this.#context.classWords(pattern.name).hasFolded(this.#workspace[this.#ap].folded) && this.#take(1);
      case "class":
        return this.#takeInClass(this.#context.classWords(pattern.name), this.#ap, this.#ap + 1);
      case "macro":
        return this.#macro(pattern.name);
      default:
        return this.#take(1);
    }
  }

  #take(count: number): boolean {
    return this.#keep(this.#ap, this.#ap + count);
  }

  /** The wildcard at hand has taken these; the next pattern is tried behind them. Always true. */
  #keep(start: number, end: number): boolean {
    this.#patterns[this.count] = this.#rp++;
    this.starts[this.count] = start;
    this.ends[this.count++] = end;
    this.#ap = end;
    return true;
  }

  /** The shortest run of at least `end - start` tokens whose joined text is in the class. */
  #takeInClass(words: ClassSet, start: number, end: number): boolean {
    let text = "";
    for (let i = start; i < end - 1; i++) text += this.#workspace[i].folded;
    for (; end <= this.#workspace.length; end++) {
      text += this.#workspace[end - 1].folded;
      if (words.hasFolded(text)) {
        if (this.#level >= 36) this.#context.trace?.print("CLMATCH");
        return this.#keep(start, end);
      }
      if (this.#level >= 36) this.#say("EXTEND ", this.#rp, end - 1);
      else if (text.length > words.longest) return false;
    }
    return false;
  }

  /** The value of `$&x` is compared as text with the texts of the next tokens; an empty one matches no token. */
  #macro(name: string): boolean {
    const value = this.#context.scope.get(name);
    if (this.#level >= 2) this.#context.trace?.print(`rewrite: LHS $&{${name}} => "${value ?? "(NULL)"}"`);
    let at = this.#ap;
    for (let rest = foldCase(value ?? ""); rest !== ""; at++) {
      const token = this.#workspace[at]?.folded;
      if (token === undefined || token === "" || !rest.startsWith(token)) return false;
      rest = rest.slice(token.length);
    }
    this.#ap = at;
    this.#rp++;
    return true;
  }

  /** Lets the last wildcard that can grow take one more token. */
  #backUp(): boolean {
    while (this.count > 0) {
      const last = --this.count;
      const [start, end] = [this.starts[last], this.ends[last]];
      this.#rp = this.#patterns[last];
      this.#ap = end;
      if (this.#level >= 36) this.#say("BACKUP ", this.#rp, end);
      if (end >= this.#workspace.length) continue;
      const pattern = this.#lhs[this.#rp];
      if (pattern.kind === "any" || pattern.kind === "some") return this.#keep(start, end + 1);
      if (pattern.kind === "class") {
        const words = this.#context.classWords(pattern.name);
        if (this.#takeInClass(words, start, end + 1)) return true;
      }
    }
    return false;
  }

  #say(step: string, rp: number, ap: number): void {
    const pattern = rp < this.#lhs.length ? printPattern(this.#lhs[rp]) : "<null>";
    const token = ap < this.#workspace.length ? printable(this.#workspace[ap].text) : "<null>";
    this.#context.trace?.print(`${step} rp=${pattern}, ap=${token}`);
  }
}
