/**
 * Tokens as both engines handle them: one object for each text, which knows what rules ask about a token.
 *
 * Every text that rules compare with has a small number, so that comparing is comparing numbers and letter case is
 * folded once. Each token also has a bit; the bits of a workspace show at a glance which rules cannot match.
 */
import { BACKSLASH, BLANK, LETTER, characterKinds } from "./character-kinds.ts";
import { foldCase } from "./fold-case.ts";
import {
  CALL,
  CANON_HOST,
  CANON_MAILER,
  CANON_USER,
  HOST_BEGIN,
  HOST_END,
  LOOKUP_BEGIN,
  LOOKUP_END,
  printable,
  printsAsWritten,
} from "./tokens.ts";
import type { Tokens } from "./tokens.ts";

export interface Token {
  readonly text: string;
  readonly folded: string;
  /** Of the literal that it equals, without regard to letter case; 0 when no rule asks for it. */
  readonly id: number;
  readonly bit: number;
  /** Neither an operator nor quoted: between two of these goes a BlankSub. */
  readonly word: boolean;
  /** As traces show it; made when a trace first asks (see `printed`). */
  shown: string | undefined;
}

export type Workspace = readonly Token[];

/** The bit of a token that makes what is put in be looked at again: `$>`, `$(`, `$[`. */
export const ACTIVE_BIT = 1 << 30;
/** The bit of a token that has a meaning inside a look-up: `$@`, `$:`, `$)`, `$]`. */
export const LOOKUP_PART_BIT = 1 << 31;
const LOOKUP_PARTS: ReadonlySet<string> = new Set([CANON_HOST, CANON_USER, LOOKUP_END, HOST_END]);
/** The most frequent literals have a bit of their own, the others share what is left. */
const OWN_BITS = 22;
const BITS = 30;
/** Tokens from addresses that are kept for the next address. */
const KEPT = 8_192;

export class TokenTable {
  readonly #kinds: Uint8Array;
  /** Folded literal → its number; the most frequent ones first. */
  readonly #ids = new Map<string, number>();
  readonly #constants = new Map<string, Token>();
  readonly #seen = new Map<string, Token>();
  readonly mailer: Token;

  /** @param literals folded literals of all rules, once for each place where one stands */
  constructor(operators: string, literals: Iterable<string>) {
    this.#kinds = characterKinds(operators);
    const counts = new Map<string, number>();
    for (const literal of literals) counts.set(literal, (counts.get(literal) ?? 0) + 1);
    const frequent = [...counts].toSorted((a, b) => b[1] - a[1]);
    for (const [literal] of frequent) this.#ids.set(literal, this.#ids.size + 1);
    if (!this.#ids.has(CANON_MAILER)) this.#ids.set(CANON_MAILER, this.#ids.size + 1);
    this.mailer = this.constant(CANON_MAILER);
  }

  /** The number of a folded literal. */
  id(folded: string): number {
    return this.#ids.get(folded) ?? 0;
  }

  bitOf(id: number): number {
    if (id === 0) return 0;
    return 1 << (id <= OWN_BITS ? id - 1 : OWN_BITS + (id % (BITS - OWN_BITS)));
  }

  /** The token of a rule: it stays for ever. */
  constant(text: string): Token {
    let token = this.#constants.get(text);
    if (!token) this.#constants.set(text, (token = this.#make(text)));
    return token;
  }

  get(text: string): Token {
    const token = this.#constants.get(text) ?? this.#seen.get(text);
    if (token) return token;
    if (this.#seen.size >= KEPT) this.#seen.clear();
    const made = this.#make(text);
    this.#seen.set(text, made);
    return made;
  }

  workspace(tokens: Tokens): Workspace {
    return tokens.map((text) => this.get(text));
  }

  #make(text: string): Token {
    const folded = foldCase(text);
    const id = this.id(folded);
    const kind = this.#kinds[text.charCodeAt(0)];
    const active = text[0] === CALL || text === LOOKUP_BEGIN || text === HOST_BEGIN;
    return {
      text,
      folded,
      id,
      bit: this.bitOf(id) | (active ? ACTIVE_BIT : 0) | (LOOKUP_PARTS.has(text) ? LOOKUP_PART_BIT : 0),
      word: kind === LETTER || kind === BACKSLASH || kind === BLANK,
      shown: undefined,
    };
  }
}

export function texts(workspace: Workspace): string[] {
  return workspace.map(({ text }) => text);
}

/** A workspace as traces print it: a blank in front of each token. */
export function printed(workspace: Workspace): string {
  let text = "";
  for (let i = 0; i < workspace.length; i++) {
    const token = workspace[i];
    text += ` ${printsAsWritten() ? (token.shown ??= printable(token.text)) : printable(token.text)}`;
  }
  return text;
}

/** All bits of a workspace. */
export function bitsOf(workspace: Workspace): number {
  let bits = 0;
  for (let i = 0; i < workspace.length; i++) bits |= workspace[i].bit;
  return bits;
}

/** The text of the tokens from `start` to before `end`, joined as look-ups see them. */
export function joined(workspace: Workspace, blankSub: string, start = 0, end = workspace.length): string {
  if (end - start === 1) return workspace[start].text;
  let text = "";
  let afterWord = false;
  for (let i = start; i < end; i++) {
    const token = workspace[i];
    text += afterWord && token.word ? blankSub + token.text : token.text;
    afterWord = token.word;
  }
  return text;
}
