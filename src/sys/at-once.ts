/** Work on many things, some of them at the same time. */

/**
 * Resolves when all is done. After a failure nothing new begins.
 * @param most that are worked on at once
 * @throws what the first failure was, when those under way have ended
 */
export async function someAtOnce<T>(
  items: AsyncIterable<T>,
  most: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  for await (const item of items) {
    const done = work(item)
      .catch((error: unknown) => void (failure ??= { error }))
      .finally(() => running.delete(done));
    running.add(done);
    if (running.size >= most) await Promise.race(running);
    if (failure !== undefined) break;
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure.error;
}
