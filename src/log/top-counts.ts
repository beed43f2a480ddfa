/** Counts by name in bounded memory: when there are too many names, those counted least are forgotten. */

const MOST_NAMES = 50_000;

export class TopCounts {
  readonly #most: number;
  #counts = new Map<string, number>();
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

  /** Keeps the half that is counted most; of those counted alike the ones that came last. */
  #forget(): void {
    this.#forgotten = true;
    const counts = Float64Array.from(this.#counts.values()).toSorted();
    const half = counts.length - Math.floor(this.#most / 2);
    const least = counts[half];
    const spared = counts.filter((count, at) => at >= half && count === least).length;
    let alike = counts.filter((count) => count === least).length;
    const kept = new Map<string, number>();
    for (const [name, count] of this.#counts) {
      if (count > least || (count === least && alike-- <= spared)) kept.set(name, count);
    }
    this.#counts = kept;
  }
}
