/**
 * What was used lately, by name, in bounded memory. What is asked for only once is not worth keeping, so a name has to be asked
 * for twice. When all places are taken, chance decides who loses his: where more names take turns than there are places, the
 * oldest would always be the one that is asked for next, and nothing would ever be found.
 */

/** So many names are known to have been asked for once. */
const KNOWN = 4096;

export class LatelyAsked<T extends object> {
  readonly #most: number;
  /** Where a name has its place. */
  readonly #places = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #values: T[] = [];
  #once = new Set<string>();
  #chance = 1;

  /** @param most so many are kept */
  constructor(most: number) {
    this.#most = most;
  }

  /** What is kept under this name; or false when it is worth keeping, or undefined. */
  find(name: string): T | false | undefined {
    const place = this.#places.get(name);
    if (place !== undefined) return this.#values[place];
    return this.#isSeen(name) ? false : undefined;
  }

  keep(name: string, value: T): void {
    const place = this.#places.get(name) ?? this.#freePlace();
    this.#names[place] = name;
    this.#values[place] = value;
    this.#places.set(name, place);
  }

  #freePlace(): number {
    if (this.#names.length < this.#most) return this.#names.length;
    // A generator of Lehmer's: the same order each time, and without a pattern that a client could meet.
    this.#chance = (this.#chance * 48_271) % 2_147_483_647;
    const place = this.#chance % this.#most;
    this.#places.delete(this.#names[place]);
    return place;
  }

  #isSeen(name: string): boolean {
    if (this.#once.delete(name)) return true;
    if (this.#once.size >= KNOWN) this.#once.clear();
    this.#once.add(name);
    return false;
  }
}
