/** `-d` settings: "21.12,60.1", "17-42.5"; without numbers everything at level 1. */

import { printOctetsAsNumbers } from "../rewriting/tokens.ts";

/** Categories that exist; a bare -d sets them all. */
const CATEGORIES = 100;
const LEVEL_OF_ALL = 1;

export class DebugLevels {
  readonly #levels = new Map<number, number>();

  constructor() {
    printOctetsAsNumbers(false);
  }

  /** Level of a category, 0 when off. */
  level(category: number): number {
    return this.#levels.get(category) ?? 0;
  }

  /** @param text what follows `-d` */
  set(text: string): void {
    if (text.trim() === "") return this.#setRange(0, CATEGORIES - 1, LEVEL_OF_ALL);
    for (const part of text.split(/[,\s]+/)) {
      const found = /^(\d+)(?:-(\d+))?(?:\.(\d+))?/.exec(part);
      if (!found) continue;
      const first = Number(found[1]);
      const last = found[2] === undefined ? first : Number(found[2]);
      this.#setRange(first, Math.min(last, CATEGORIES * 10), found[3] === undefined ? 1 : Number(found[3]));
    }
  }

  #setRange(first: number, last: number, level: number): void {
    for (let category = first; category <= last; category++) this.#levels.set(category, level);
    printOctetsAsNumbers(this.level(84) > 0);
  }
}
