/** `-d` settings: "21.12,60.1", "17-42.5"; without numbers everything at level 1. */

import { styleOctets } from "../rewriting/tokens.ts";

/** Categories that exist; a bare -d sets them all. */
const CATEGORIES = 100;
const LEVEL_OF_ALL = 1;
const NUMBERED_OCTETS = 84;

export class DebugLevels {
  readonly #levels = new Map<number, number>();
  #ansi = false;

  constructor() {
    styleOctets(undefined);
  }

  /** Level of a category, 0 when off. */
  level(category: number): number {
    return this.#levels.get(category) ?? 0;
  }

  /** @param text what follows `-d` */
  set(text: string): void {
    if (text.trim() === "") return this.#setRange(0, CATEGORIES - 1, LEVEL_OF_ALL);
    for (const part of text.split(/[,\s]+/)) {
      if (part === "ANSI") {
        this.#ansi = true;
        this.#style();
      }
      const found = /^(\d+)(?:-(\d+))?(?:\.(\d+))?/.exec(part);
      if (!found) continue;
      const first = Number(found[1]);
      const last = found[2] === undefined ? first : Number(found[2]);
      this.#setRange(first, Math.min(last, CATEGORIES * 10), found[3] === undefined ? 1 : Number(found[3]));
    }
  }

  /** -d84: octets with the high bit as numbers, 1 in hexadecimal, more in octal; -dANSI: metasymbols inverse. */
  #style(): void {
    const level = this.level(NUMBERED_OCTETS);
    const number = (octet: string): string =>
      level === 1 ? `0x${octet.charCodeAt(0).toString(16)}` : octet.charCodeAt(0).toString(8);
    if (level > 0) styleOctets((octet) => ` ${number(octet)} `);
    else styleOctets(this.#ansi ? (_, written) => written && `\x1b[7m${written}\x1b[0m` : undefined);
  }

  #setRange(first: number, last: number, level: number): void {
    for (let category = first; category <= last; category++) this.#levels.set(category, level);
    this.#style();
  }
}
