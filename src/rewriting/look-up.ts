/**
 * `$( map key $@ argument ... $: default $)` and `$[ host $: default $]` as they stand in a workspace after `$1` has
 * been filled in, and what a look-up puts in their place. Both engines use it.
 */
import { CANON_HOST, CANON_USER, HOST_BEGIN, HOST_END, LOOKUP_BEGIN, LOOKUP_END } from "./tokens.ts";
import type { Tokens } from "./tokens.ts";

export interface LookupText {
  readonly map: string;
  readonly key: Tokens;
  readonly args: readonly Tokens[];
  /** Undefined when there is no `$:`; then the key stays when nothing is found. */
  readonly fallback: Tokens | undefined;
  /** Index after the closing token. */
  readonly end: number;
}

export function beginsLookup(token: string): boolean {
  return token === LOOKUP_BEGIN || token === HOST_BEGIN;
}

/**
 * Reads the look-up that begins at index `at`. There is no nesting: the first closing token of its kind ends it, the end
 * of the workspace does when there is none. Undefined when not even a map is named.
 */
export function readLookup(workspace: Tokens, at: number): LookupText | undefined {
  const host = workspace[at] === HOST_BEGIN;
  const closing = host ? HOST_END : LOOKUP_END;
  let i = at + 1;
  const map = host ? "host" : workspace[i++];
  if (map === undefined) return undefined;
  const key: string[] = [];
  const args: string[][] = [];
  let fallback: string[] | undefined;
  let part = key;
  for (; i < workspace.length && workspace[i] !== closing; i++) {
    const token = workspace[i];
    if (token === CANON_HOST) args.push((part = []));
    else if (token === CANON_USER) part = fallback = [];
    else part.push(token);
  }
  return { map, key, args, fallback, end: Math.min(i + 1, workspace.length) };
}
