/** Resolves when others have had their turn: for long work that never waits by itself. */
export function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
