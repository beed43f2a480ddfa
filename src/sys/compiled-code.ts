/** What V8 has compiled of the program, which is kept for the next start (packaging/load-parts.mjs). */
const KEEP = Symbol.for("rulemail.keepCompiledCode");

/** Keeps it now, and nothing later: before options of V8 change, or rights. */
export function keepCompiledCode(): void {
  (process as { readonly [KEEP]?: () => void })[KEEP]?.();
}
