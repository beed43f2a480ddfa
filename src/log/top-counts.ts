/** Counts by name in bounded memory: when there are too many names, those counted least are forgotten. */

const MOST_NAMES = 50_000;

export class TopCounts {
  readonly #most: number;
  readonly #counts = new Map<string, number>();
  #forgotten = false;

  constructor(most: number = MOST_NAMES) {
    this.#most = most;
  }

  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
    if (this.#counts.size > this.#most) this.#forget();
  }

  /** True when names were forgotten: counts of others may be too small then. */
  get isRough(): boolean {
    return this.#forgotten;
  }

  /** The highest counts, the highest first; where they are the same, by name. */
  top(number: number): readonly { readonly name: string; readonly count: number }[] {
    return this.#sorted()
      .slice(0, number)
      .map(([name, count]) => ({ name, count }));
  }

  #sorted(): [string, number][] {
    return [...this.#counts].toSorted(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
  }

  #forget(): void {
    this.#forgotten = true;
    for (const [name] of this.#sorted().slice(Math.floor(this.#most / 2))) this.#counts.delete(name);
  }
}
