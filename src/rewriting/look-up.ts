/**
 * `$( map key $@ argument ... $: default $)` and `$[ host $: default $]` as they stand in a workspace after `$1` has
 * been filled in, and what a look-up puts in their place. Both engines use it.
 */
import { CANON_HOST, CANON_USER, HOST_BEGIN, HOST_END, LOOKUP_BEGIN, LOOKUP_END } from "./tokens.ts";

/** `T`: tokens in the form that the engine has them. */
export interface LookupText<T> {
  readonly map: string;
  readonly key: readonly T[];
  readonly args: readonly (readonly T[])[];
  /** Undefined when there is no `$:`; then the key stays when nothing is found. */
  readonly fallback: readonly T[] | undefined;
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
export function readLookup<T>(
  workspace: readonly T[],
  at: number,
  textOf: (token: T) => string,
): LookupText<T> | undefined {
  const host = textOf(workspace[at]) === HOST_BEGIN;
  const closing = host ? HOST_END : LOOKUP_END;
  let i = at + 1;
  if (!host && i === workspace.length) return undefined;
  const map = host ? "host" : textOf(workspace[i++]);
  const key: T[] = [];
  const args: T[][] = [];
  let fallback: T[] | undefined;
  let part = key;
  for (; i < workspace.length; i++) {
    const token = workspace[i];
    const text = textOf(token);
    if (text === closing) break;
    if (text === CANON_HOST) args.push((part = []));
    else if (text === CANON_USER) part = fallback = [];
    else part.push(token);
  }
  return { map, key, args, fallback, end: Math.min(i + 1, workspace.length) };
}
