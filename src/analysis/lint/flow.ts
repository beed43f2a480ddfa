/**
 * What may happen to a workspace on its way through the rulesets: which rules may fire, and what a ruleset may end with.
 *
 * The program runs some rulesets with any text (nobody can type `$#`); from there forms of workspaces are followed
 * through rules and calls. Where there are too many, or rulesets call each other in a circle, less is known: the
 * answers then hold more than can happen, and `endings` names less than it could.
 */
import type { Config } from "../../config/config.ts";
import type { Replacement, Rule } from "../../rewriting/rule.ts";
import { CALL, CANON_MAILER, HOST_BEGIN, HOST_END, LOOKUP_BEGIN, LOOKUP_END } from "../../rewriting/tokens.ts";
import { covers, ends } from "./cover.ts";
import {
  blurred,
  type ClassOf,
  type Form,
  type FormPiece,
  isVague,
  subsumes,
  keyOf,
  literal,
  TYPED,
  UNKNOWN,
  vaguely,
  waysToMatch,
  wider,
} from "./forms.ts";
import { unquoted } from "./references.ts";

/** Forms that are followed through one rule at a time; more of them become one. */
const MOST_FORMS = 8;
/** Rounds of a rule that is tried again. */
const MOST_ROUNDS = 4;
const LONGEST_FORM = 16;
/** Runs of rulesets in all. */
const MOST_RUNS = 4_000;

/** Distinct forms by their keys. */
class Forms {
  readonly #all = new Map<string, Form>();

  add(form: Form): boolean {
    const kept = form.length > LONGEST_FORM ? shortened(form) : form;
    const key = keyOf(kept);
    if (this.#all.has(key)) return false;
    for (const [other, each] of this.#all) {
      if (subsumes(each, kept)) return false;
      if (subsumes(kept, each)) this.#all.delete(other);
    }
    this.#all.set(key, kept);
    return true;
  }

  /** What is chosen stays; of the rest, when there is too much, only that it is there. */
  list(): readonly Form[] {
    const all = [...this.#all.values()];
    if (all.length <= MOST_FORMS) return all;
    const chosen = new Map(all.filter(chooses).map((form) => [keyOf(form.slice(0, 3)), choiceOf(form)]));
    const others = all.filter((form) => !chooses(form));
    if (others.length === 0) return [...chosen.values()];
    return [...chosen.values(), others.length === 1 ? others[0] : blurred(others.flat())];
  }
}

interface Tried {
  /** Whether a text of the form may get past the rule. */
  readonly passes: boolean;
  readonly results: readonly Form[];
}

export class Flow {
  readonly #config: Config;
  readonly #classOf: ClassOf;
  readonly #fired = new Set<Rule>();
  readonly results = new Map<string, readonly Form[]>();
  readonly #running = new Set<string>();
  readonly #entered = new Set<number>();
  /** Rule → form → what comes of it. */
  readonly #tried = new Map<Rule, Map<string, Tried>>();
  #runs = 0;

  constructor(config: Config, classOf: ClassOf) {
    this.#config = config;
    this.#classOf = classOf;
  }

  /** Whether a text of those that went through may have made the rule fire. */
  mayFire(rule: Rule): boolean {
    return this.#fired.has(rule) || this.#runs > MOST_RUNS;
  }

  /** Whether the ruleset got a text yet. */
  ran(number: number): boolean {
    return this.#entered.has(number);
  }

  /** What the ruleset may end with when it gets a text of this form. */
  endings(number: number, form: Form = [TYPED]): readonly Form[] {
    const key = `${number} ${keyOf(form)}`;
    const known = this.results.get(key);
    if (known) return known;
    if (this.#running.has(key) || this.#running.size > 50 || ++this.#runs > MOST_RUNS) return [blurred(form)];
    this.#running.add(key);
    this.#entered.add(number);
    const found = this.#run(this.#config.rulesets.get(number)?.rules ?? [], form);
    this.#running.delete(key);
    this.results.set(key, found);
    return found;
  }

  #run(rules: readonly Rule[], form: Form): readonly Form[] {
    const endings = new Forms();
    let current: readonly Form[] = [form];
    for (const rule of rules) {
      const next = new Forms();
      this.#try(rule, current, next, endings);
      current = next.list();
      if (current.length === 0) break;
    }
    for (const each of current) endings.add(each);
    return endings.list();
  }

  /** One rule with all that may be there when it is tried. */
  #try(rule: Rule, current: readonly Form[], next: Forms, endings: Forms): void {
    const tried = new Forms();
    for (const form of current) tried.add(form);
    const waiting = [...current];
    for (let round = 0; waiting.length > 0; round++) {
      const form = waiting.shift() as Form;
      const { passes, results } = this.#tryOne(rule, form);
      if (passes) next.add(form);
      for (const result of results) {
        if (ends(rule)) endings.add(result);
        else if (rule.control !== "repeat" || round > current.length + MOST_ROUNDS) next.add(result);
        else if (tried.add(result)) waiting.push(result);
      }
    }
  }

  #tryOne(rule: Rule, form: Form): Tried {
    let known = this.#tried.get(rule);
    if (!known) this.#tried.set(rule, (known = new Map()));
    const key = keyOf(form);
    let tried = known.get(key);
    if (tried) return tried;
    const ways = waysToMatch(rule, form, this.#classOf);
    if (ways.length > 0) this.#fired.add(rule);
    const found = new Forms();
    const vague = isVague(form);
    for (const bound of ways) {
      for (const result of this.#make(rule, bound, form)) found.add(vague ? vaguely(result) : result);
    }
    tried = { passes: ways.length === 0 || !covers(rule.lhs, form), results: found.list() };
    known.set(key, tried);
    return tried;
  }

  /** The right side filled in; what is behind `$>name` goes through that ruleset, the last call first. */
  #make({ rhs, at: { line } }: Rule, bound: readonly Form[], form: Form): readonly Form[] {
    const call = rhs.findLastIndex((each) => each.kind === "token" && each.text === CALL);
    if (call < 0) return [filled(rhs, bound, line, form)];
    const given = filled(rhs.slice(call + 2), bound, line, form);
    let results: readonly Form[] = [isVague(form) ? vaguely(given) : given];
    for (let at = call; at >= 0; at = previousCall(rhs, at)) {
      const called = new Forms();
      for (const result of results) for (const each of this.#call(rhs[at + 1], result)) called.add(each);
      const before = previousCall(rhs, at);
      const lead = filled(rhs.slice(before < 0 ? 0 : before + 2, at), bound, line, form);
      results = called.list().map((each) => joined([...lead, ...each]));
    }
    return results;
  }

  #call(named: Replacement | undefined, form: Form): readonly Form[] {
    const name = named?.kind === "token" ? unquoted(named.text) : undefined;
    const number = name === undefined ? undefined : this.#config.rulesets.find(name).number;
    if (number === undefined) return [[UNKNOWN]];
    return this.endings(number, form);
  }
}

function previousCall(rhs: readonly Replacement[], before: number): number {
  for (let at = before - 1; at >= 0; at--) {
    const each = rhs[at];
    if (each.kind === "token" && each.text === CALL) return at;
  }
  return -1;
}

/** A part of a right side without calls; what look-ups and macros bring is text that was typed somewhere. */
function filled(rhs: readonly Replacement[], bound: readonly Form[], line: number, form: Form): Form {
  const pieces: FormPiece[] = [];
  let closing: string | undefined;
  for (const each of rhs) {
    const text = each.kind === "token" ? each.text : undefined;
    if (closing !== undefined) {
      if (text === closing) closing = undefined;
    } else if (text === LOOKUP_BEGIN || text === HOST_BEGIN) {
      closing = text === LOOKUP_BEGIN ? LOOKUP_END : HOST_END;
      pieces.push(TYPED);
    } else if (text !== undefined) pieces.push(literal(text, line));
    else if (each.kind === "argument") pieces.push(...(bound.at(each.index - 1) ?? blurred(form)));
    else pieces.push(TYPED);
  }
  return joined(pieces);
}

/** Neighbours that may hold anything are one. */
function joined(pieces: readonly FormPiece[]): Form {
  const form: FormPiece[] = [];
  for (const piece of pieces) {
    const last = form.at(-1);
    if (piece.kind === "any" && last?.kind === "any") {
      form[form.length - 1] = wider(last, piece);
    } else form.push(piece);
  }
  return form;
}

function chooses([first]: Form): boolean {
  return first?.kind === "literal" && first.text === CANON_MAILER;
}

/** Mailer and host of a form that chooses one; the rest may be anything. */
function choiceOf(form: Form): Form {
  if (form.length <= 3) return form;
  const choice = [...form.slice(0, 3), UNKNOWN];
  return isVague(form) ? vaguely(choice) : choice;
}

/** The beginning counts for what is chosen. */
function shortened(form: Form): Form {
  return [...form.slice(0, LONGEST_FORM / 2), ...blurred(form.slice(LONGEST_FORM / 2))];
}
