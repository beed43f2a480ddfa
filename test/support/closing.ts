/** What tests have opened, and what closes it: all of it when the test has ended, the last one first (close-after-each.mjs). */
export const closing: (() => Promise<void>)[] = [];

export async function closeAll(): Promise<void> {
  for (const close of closing.splice(0).toReversed()) await close();
}
