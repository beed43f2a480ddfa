/**
 * `$( map key $@ argument ... $: default $)` and `$[ host $: default $]` as they stand in a workspace after `$1` has
 * been filled in, and what a look-up puts in their place. Both engines use it.
 */
import type { Token, Workspace } from "./token-table.ts";
import { CANON_HOST, CANON_USER, HOST_BEGIN, HOST_END, LOOKUP_BEGIN, LOOKUP_END } from "./tokens.ts";

export interface LookupText {
  readonly map: string;
  readonly key: Workspace;
  readonly args: readonly Workspace[];
  /** Undefined when there is no `$:`; then the key stays when nothing is found. */
  readonly fallback: Workspace | undefined;
  /** Index after the closing token. */
  readonly end: number;
}

export function beginsLookup({ text }: Token): boolean {
  return text === LOOKUP_BEGIN || text === HOST_BEGIN;
}

/**
 * Reads the look-up that begins at index `at`. There is no nesting: the first closing token of its kind ends it, the end
 * of the workspace does when there is none. Undefined when not even a map is named.
 */
export function readLookup(workspace: Workspace, at: number): LookupText | undefined {
  const host = workspace[at].text === HOST_BEGIN;
  const closing = host ? HOST_END : LOOKUP_END;
  let i = at + 1;
  if (!host && i === workspace.length) return undefined;
  const map = host ? "host" : workspace[i++].text;
  const key: Token[] = [];
  const args: Token[][] = [];
  let fallback: Token[] | undefined;
  let part = key;
  for (; i < workspace.length; i++) {
    const token = workspace[i];
    const { text } = token;
    if (text === closing) break;
    if (text === CANON_HOST) args.push((part = []));
    else if (text === CANON_USER) part = fallback = [];
    else part.push(token);
  }
  return { map, key, args, fallback, end: Math.min(i + 1, workspace.length) };
}
