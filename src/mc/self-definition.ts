/**
 * Why expanding a name never ends: its definition names itself, straight or by way of others. Most often a value that was to
 * be added to (define(`confX', confX`, more')) did not exist yet.
 */
import type { Symbol, SymbolTable } from "./symbols.ts";

export interface Endless {
  readonly name: string;
  readonly symbol: Symbol;
  readonly message: string;
}

/** What is wrong with `name`, or undefined when its definition does not lead back to it. */
export function endless(symbols: SymbolTable, name: string): Endless | undefined {
  const symbol = symbols.get(name);
  const way = symbol && wayBack(symbols, name, name, new Set());
  if (way === undefined) return undefined;
  const by = way.length === 0 ? "itself" : `itself, by way of ${way.map((each) => `\`${each}'`).join(", ")}`;
  return { name, symbol: symbol!, message: `\`${name}' is defined by ${by}: it expands for ever` };
}

/** The names between `from` and `target`, when the definition of `from` leads there. */
function wayBack(symbols: SymbolTable, from: string, target: string, seen: Set<string>): string[] | undefined {
  const words: readonly string[] = symbols.get(from)?.text.match(/[A-Za-z_]\w*/g) ?? [];
  if (words.includes(target)) return [];
  for (const word of words) {
    if (seen.has(word) || symbols.get(word)?.builtin !== undefined) continue;
    seen.add(word);
    const rest = wayBack(symbols, word, target, seen);
    if (rest !== undefined) return [word, ...rest];
  }
  return undefined;
}
