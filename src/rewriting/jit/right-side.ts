/**
 * The right side of a rule, taken apart before it runs: what is text, which look-ups stand in it, which rulesets it calls.
 *
 *     < $(access $1 $: ? $) > $>Next $2    the pieces "<", look-up, ">"; then "$2", with which ruleset Next is called
 */
import { calledName } from "../called-name.ts";
import type { Replacement } from "../rule.ts";
import { CALL, CANON_HOST, CANON_USER, HOST_BEGIN, HOST_END, LOOKUP_BEGIN, LOOKUP_END } from "../tokens.ts";

type Text = readonly Replacement[];

export interface PlainLookup {
  readonly kind: "lookup";
  /** The tokens that begin and end it, the name of the map included. */
  readonly opening: Text;
  readonly closing: string;
  readonly map: string;
  readonly key: Text;
  readonly args: readonly Text[];
  /** Undefined when there is no `$:`. */
  readonly fallback: Text | undefined;
  /** All between opening and closing, as it was written. */
  readonly written: Text;
}

export type Piece = { readonly kind: "text"; readonly items: Text } | PlainLookup;

export interface PlainCall {
  /** What the token behind `$>` stands for. */
  readonly name: string;
}

/** `calls[i]` is made with what `groups[i + 1]` and the calls behind it give; `groups[0]` stands in front. */
export interface RightSide {
  readonly groups: readonly (readonly Piece[])[];
  readonly calls: readonly PlainCall[];
}

/** Undefined when only what the rule is filled with decides what its parts are, or when it is not well-formed. */
export function takeApart(rhs: readonly Replacement[]): RightSide | undefined {
  const groups: Piece[][] = [[]];
  const calls: PlainCall[] = [];
  let text: Replacement[] | undefined;
  for (let i = 0; i < rhs.length;) {
    const each = rhs[i];
    const begins = each.kind === "token" ? each.text : "";
    if (begins === CALL) {
      const name = rhs[i + 1];
      if (name?.kind !== "token" || isActive(name)) return undefined;
      calls.push({ name: calledName(name.text) });
      groups.push([]);
      text = undefined;
      i += 2;
    } else if (begins === LOOKUP_BEGIN || begins === HOST_BEGIN) {
      const lookup = readLookup(rhs, i);
      if (lookup === undefined) return undefined;
      groups.at(-1)!.push(lookup);
      text = undefined;
      i += lookup.opening.length + lookup.written.length + 1;
    } else if (isActive(each)) return undefined;
    else {
      if (text === undefined) groups.at(-1)!.push({ kind: "text", items: (text = []) });
      text.push(each);
      i++;
    }
  }
  return { groups, calls };
}

function readLookup(rhs: readonly Replacement[], at: number): PlainLookup | undefined {
  const begin = rhs[at];
  const isHost = begin.kind === "token" && begin.text === HOST_BEGIN;
  const closing = isHost ? HOST_END : LOOKUP_END;
  const name = rhs[at + 1];
  if (!isHost && (name?.kind !== "token" || isActive(name))) return undefined;
  const opening = isHost ? [begin] : [begin, name];
  const key: Replacement[] = [];
  const args: Replacement[][] = [];
  const written: Replacement[] = [];
  let fallback: Replacement[] | undefined;
  let part = key;
  for (let i = at + opening.length; i < rhs.length; i++) {
    const each = rhs[i];
    const text = each.kind === "token" ? each.text : "";
    if (text === closing) {
      const map = isHost || name.kind !== "token" ? "host" : name.text;
      return { kind: "lookup", opening, closing, map, key, args, fallback, written };
    }
    if (isActive(each)) return undefined;
    written.push(each);
    if (text === CANON_HOST) args.push((part = []));
    else if (text === CANON_USER) part = fallback = [];
    else part.push(each);
  }
  return undefined;
}

/** True for `$>`, `$(` and `$[`. */
export function isActive(each: Replacement): boolean {
  return each.kind === "token" && (each.text[0] === CALL || each.text === LOOKUP_BEGIN || each.text === HOST_BEGIN);
}
