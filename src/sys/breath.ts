/** Long work that holds nobody up: it is done in pieces, and between them the process does what else there is to do. */

/** Lets everything else that is ready have its turn. */
export function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** How long work may go on without a breath, ms: while nobody else wants anything, and while somebody does. */
const ALONE = 4;
const IN_COMPANY = 0.5;
/** A breath that took longer was somebody's turn, ms. */
const SOMEBODY = 0.2;
/** So long after that others are expected again (the next command of a client, the answer of a disk), ms. */
const EXPECTED = 20;
/** Pieces without a breath, however fast they are. */
export const MOST_PIECES = 500;

/**
 * Says when it is time for a breath. Work in the background gives way: after others had something to do it takes short turns
 * until they have been quiet for a while.
 *
 *     for (const piece of work) { do(piece); if (breaths.isDue()) await breaths.take(); }
 */
export class Breaths {
  #since = performance.now();
  #othersUntil = 0;
  #pieces = 0;

  /** Ask after each piece of work. */
  isDue(): boolean {
    const now = performance.now();
    return ++this.#pieces >= MOST_PIECES || now - this.#since >= (now < this.#othersUntil ? IN_COMPANY : ALONE);
  }

  async take(): Promise<void> {
    const before = performance.now();
    await breath();
    this.#since = performance.now();
    this.#pieces = 0;
    if (this.#since - before > SOMEBODY) this.#othersUntil = this.#since + EXPECTED;
  }
}
