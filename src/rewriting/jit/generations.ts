/**
 * What was used lately, by name, in bounded memory: two generations; what was not asked for while a generation filled up goes
 * with the next. What is asked for only once is not worth keeping, so a name has to be asked for twice.
 */

/** So many names are known to have been asked for once. */
const KNOWN = 4096;

export class Generations<T extends object> {
  readonly #most: number;
  #young = new Map<string, T>();
  #old = new Map<string, T>();
  #once = new Set<string>();

  /** @param most so many are kept, and the same number from before that */
  constructor(most: number) {
    this.#most = most;
  }

  /** What is kept under this name; or false when it is worth keeping, or undefined. */
  find(name: string): T | false | undefined {
    const young = this.#young.get(name);
    if (young !== undefined) return young;
    const old = this.#old.get(name);
    if (old === undefined) return this.#isSeen(name) ? false : undefined;
    this.keep(name, old);
    return old;
  }

  keep(name: string, value: T): void {
    if (this.#young.size >= this.#most) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(name, value);
  }

  #isSeen(name: string): boolean {
    if (this.#once.delete(name)) return true;
    if (this.#once.size >= KNOWN) this.#once.clear();
    this.#once.add(name);
    return false;
  }
}
