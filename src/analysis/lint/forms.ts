/**
 * Forms of workspaces: lists of pieces that stand for all texts which may be there when a rule is tried. Matching is
 * generous: whatever some text of the form could bind is among the answers. (cover.ts is the strict half.)
 */
import { foldCase } from "../../rewriting/fold-case.ts";
import type { Pattern, Rule } from "../../rewriting/rule.ts";
import { CANON_HOST, CANON_MAILER, CANON_USER } from "../../rewriting/tokens.ts";
import type { Piece } from "./cover.ts";
import { isWildcard } from "./references.ts";

export type FormPiece = Piece & {
  /** Line of the rule that wrote a literal. */
  readonly line?: number;
  /** True when `any` may also hold `$#`, `$@` and `$:`, which nobody can type. */
  readonly triples?: boolean;
  /** True when `any` holds no angle brackets: the name of a local user. */
  readonly plain?: boolean;
  /** True when the form is one of many that were thrown together: it may hold what cannot be. */
  readonly vague?: boolean;
};

export type Form = readonly FormPiece[];

export const TYPED: FormPiece = { kind: "any" };
export const PLAIN: FormPiece = { kind: "any", plain: true };
export const UNKNOWN: FormPiece = { kind: "any", triples: true };

/** Whether a word is in a class; undefined when that cannot be known here. */
export type WordsOf = (word: string) => boolean | undefined;
/** What is known of classes: undefined for one that nothing fills, so that nothing is in it. */
export type ClassOf = (name: string) => WordsOf | undefined;

const TRIPLE_PARTS: ReadonlySet<string> = new Set([CANON_MAILER, CANON_HOST, CANON_USER]);
const ANGLE_BRACKETS: ReadonlySet<string> = new Set(["<", ">"]);
/** Ways to match that are followed one by one; with more of them nothing is known of what the wildcards hold. */
const MOST_WAYS = 5;
/** Tries of patterns within one match. */
const MOST_STEPS = 150;
/** Tokens of a name in a class: `mail.sub.example.com`. */
const LONGEST_NAME = 9;

const keys = new WeakMap<Form, string>();

/** Forms with the same key are the same. */
export function keyOf(form: Form): string {
  let key = keys.get(form);
  if (key === undefined) {
    key = "";
    for (const piece of form) key += `${pieceKey(piece)}\0`;
    keys.set(form, key);
  }
  return key;
}

function pieceKey(piece: FormPiece): string {
  return piece.vague === true ? `${kindKey(piece)}?` : kindKey(piece);
}

function kindKey(piece: FormPiece): string {
  if (piece.kind === "literal") return `=${piece.folded}`;
  if (piece.kind === "class" || piece.kind === "not-class") return `${piece.kind} ${piece.name}`;
  return `${piece.kind}${piece.triples ? "!" : piece.plain ? "-" : ""}`;
}

export function literal(text: string, line: number): FormPiece {
  return { kind: "literal", text, folded: foldCase(text), line };
}

function hasTriple(form: Form): boolean {
  return form.some(isTriple);
}

function isTriple(piece: FormPiece): boolean {
  return piece.triples === true || (piece.kind === "literal" && TRIPLE_PARTS.has(piece.text));
}

export function isVague(form: Form): boolean {
  return form.some(({ vague }) => vague === true);
}

/** The same form, made of a vague one. */
export function vaguely(form: Form): Form {
  const [first, ...rest] = form;
  return first === undefined || isVague(form) ? form : [{ ...first, vague: true }, ...rest];
}

/**
 * Whether every text of `form` is one of `wide`, so that nothing is lost when only `wide` is followed. A name of a mailer
 * is lost when something open stands for it.
 */
export function subsumes(wide: Form, form: Form): boolean {
  if (isVague(wide) && !isVague(form)) return false;
  return mayBePart(wide, form) && holds(wide, form, 0, 0);
}

/** Nearly all that is no part of another form is told apart here: a literal or class that the other has not, too few tokens. */
function mayBePart(wide: Form, form: Form): boolean {
  let [tokens, names] = [0, 0];
  for (const piece of wide) {
    if (piece.kind !== "any") tokens++;
    names |= nameBit(piece);
  }
  if (tokens > form.length) return false;
  for (const piece of form) names &= ~nameBit(piece);
  return names === 0;
}

/** One of 32 bits; 0 for what has no name. */
function nameBit(piece: FormPiece): number {
  if (piece.kind === "literal") return bitOf(piece.folded);
  return piece.kind === "class" || piece.kind === "not-class" ? bitOf(piece.name) : 0;
}

function bitOf(name: string): number {
  return 1 << ((name.length + 7 * name.charCodeAt(0) + 3 * name.charCodeAt(name.length - 1)) & 31);
}

/** @param isFilled the `some` at `w` has its first token, and takes what comes as an `any` does */
function holds(wide: Form, form: Form, w: number, i: number, isFilled = false): boolean {
  if (w === wide.length) return i === form.length;
  const piece = wide[w];
  const { kind } = piece;
  if (kind !== "any" && i === form.length && !isFilled) return false;
  switch (kind) {
    case "any":
      return holds(wide, form, w + 1, i) || (mayHold(piece, form, i) && holds(wide, form, w, i + 1));
    case "some":
      if (isFilled && holds(wide, form, w + 1, i)) return true;
      return mayHold(piece, form, i) && (isFilled || form[i].kind !== "any") && holds(wide, form, w, i + 1, true);
    case "one":
      return (
        (form[i].kind === "one" || form[i].kind === "literal") &&
        mayHold(piece, form, i) &&
        holds(wide, form, w + 1, i + 1)
      );
    default:
      return isSame(piece, form[i]) && holds(wide, form, w + 1, i + 1);
  }
}

/** The same literal or class. */
function isSame(piece: FormPiece, other: FormPiece): boolean {
  if (piece.kind === "literal") return other.kind === "literal" && piece.folded === other.folded;
  return piece.kind === other.kind && "name" in piece && "name" in other && piece.name === other.name;
}

function mayHold(open: FormPiece, form: Form, at: number): boolean {
  if (at >= form.length) return false;
  const piece = form[at];
  if (isMailerSign(piece) || (isMailerSign(form[at - 1]) && piece.kind === "literal")) return false;
  if (open.triples) return true;
  return !isTriple(piece) && (!open.plain || isPlain(piece));
}

function isMailerSign(piece: FormPiece | undefined): boolean {
  return piece?.kind === "literal" && piece.text === CANON_MAILER;
}

/** Everything that the form may be, and more. */
export function blurred(form: Form): Form {
  return [{ ...spanned(form), vague: true }];
}

/** One piece that holds all that the form may be. */
function spanned(form: Form): FormPiece {
  return form.reduce((piece: FormPiece, each) => wider(piece, each), PLAIN);
}

/** What holds all that two neighbours may hold. */
export function wider(first: FormPiece, second: FormPiece): FormPiece {
  const piece = hasTriple([first, second]) ? UNKNOWN : isPlain(first) && isPlain(second) ? PLAIN : TYPED;
  return isVague([first, second]) ? { ...piece, vague: true } : piece;
}

function isPlain(piece: FormPiece): boolean {
  if (piece.kind === "any" || piece.kind === "some" || piece.kind === "one") return piece.plain === true;
  return piece.kind !== "literal" || !ANGLE_BRACKETS.has(piece.text);
}

/** What `$1`, `$2` ... may hold when the left side matches a text of the form; empty when it cannot. */
export function waysToMatch({ lhs }: Pick<Rule, "lhs">, form: Form, classOf: ClassOf): readonly (readonly Form[])[] {
  return new Matching(lhs, classOf).run(form);
}

class Matching {
  readonly #lhs: readonly Pattern[];
  readonly #classOf: ClassOf;
  readonly #found = new Map<string, readonly Form[]>();
  #steps = 0;

  constructor(lhs: readonly Pattern[], classOf: ClassOf) {
    this.#lhs = lhs;
    this.#classOf = classOf;
  }

  run(form: Form): readonly (readonly Form[])[] {
    this.#try(0, form, []);
    if (this.#found.size <= MOST_WAYS && this.#steps < MOST_STEPS) return [...this.#found.values()];
    const unknown = blurred(form);
    return [this.#lhs.filter(isWildcard).map(() => unknown)];
  }

  #try(at: number, rest: Form, bound: readonly Form[]): void {
    if (++this.#steps > MOST_STEPS || this.#found.size > MOST_WAYS) return;
    const pattern = this.#lhs.at(at);
    if (pattern === undefined) {
      if (rest.every(({ kind }) => kind === "any")) this.#found.set(bound.map(keyOf).join("\x01"), bound);
      return;
    }
    switch (pattern.kind) {
      case "nothing":
        return this.#try(at + 1, rest, bound);
      case "any":
      case "some":
        for (const [taken, left] of cuts(rest, pattern.kind === "some")) this.#try(at + 1, left, [...bound, taken]);
        return;
      case "macro":
        for (const [, left] of cuts(rest, false)) this.#try(at + 1, left, bound);
        return;
      case "class":
        for (const [taken, left] of this.#names(pattern.name, rest)) this.#try(at + 1, left, [...bound, taken]);
        return;
      default:
        for (const [first, left] of firsts(rest)) {
          if (!this.#fits(pattern, first)) continue;
          this.#try(at + 1, left, pattern.kind === "literal" ? bound : [...bound, [narrower(pattern, first)]]);
        }
    }
  }

  #fits(pattern: Pattern, token: FormPiece): boolean {
    const word = token.kind === "literal" ? token.folded : undefined;
    switch (pattern.kind) {
      case "literal":
        if (word !== undefined) return word === pattern.folded;
        if (TRIPLE_PARTS.has(pattern.text)) return token.triples === true;
        if (token.plain && ANGLE_BRACKETS.has(pattern.text)) return false;
        if (token.kind === "class") return this.#classOf(token.name)?.(pattern.text) !== false;
        return true;
      case "not-class":
        if (word !== undefined) return this.#classOf(pattern.name)?.(word) !== true;
        return token.kind !== "class" || token.name !== pattern.name;
      default:
        return true;
    }
  }

  /** Beginnings of the form that may be a name in the class. */
  *#names(name: string, rest: Form): Iterable<readonly [Form, Form]> {
    const words = this.#classOf(name);
    if (words === undefined) return;
    const open: FormPiece = { kind: "class", name };
    for (const [first, left] of firsts(rest)) {
      if (first.kind !== "literal") yield [[open], left];
    }
    for (let length = 1; length <= Math.min(rest.length, LONGEST_NAME); length++) {
      const taken = rest.slice(0, length);
      if (taken.some(({ kind }) => kind !== "literal")) return;
      if (words(taken.map((piece) => ("folded" in piece ? piece.folded : "")).join("")) !== false) {
        yield [taken, rest.slice(length)];
      }
    }
  }
}

function narrower(pattern: Pattern, token: FormPiece): FormPiece {
  if (pattern.kind === "not-class" && token.kind === "one") return pattern;
  return token;
}

/** The first token, and what is left, in every way that the form allows. */
function* firsts(rest: Form): Iterable<readonly [FormPiece, Form]> {
  const [piece, ...more] = rest;
  if (piece === undefined) return;
  if (piece.kind !== "any" && piece.kind !== "some") return yield [piece, more];
  const residue: FormPiece = { ...piece, kind: "any" };
  yield [{ ...piece, kind: "one" }, [residue, ...more]];
  if (piece.kind === "any") yield* firsts(more);
}

/** What `$*` (or `$+`) may take from the front of the form, and what is left. */
function* cuts(rest: Form, filled: boolean): Iterable<readonly [Form, Form]> {
  for (let end = 0; end <= rest.length; end++) {
    const piece = rest.at(end);
    const taken = rest.slice(0, end);
    if (piece !== undefined && (piece.kind === "any" || piece.kind === "some")) {
      const part: FormPiece = { ...piece, kind: "any" };
      yield [filled ? atLeastOne([...taken, part]) : [...taken, part], [part, ...rest.slice(end + 1)]];
    } else if (!filled || taken.length > 0) yield [taken, rest.slice(end)];
  }
}

function atLeastOne(form: Form): Form {
  return form.every(({ kind }) => kind === "any") ? [{ ...form[0], kind: "some" }, ...form.slice(1)] : form;
}
