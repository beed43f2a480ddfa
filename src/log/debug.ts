/**
 * Debug levels by category (-d): `-d21.12`, `-d8.5,27-29.3`, `-d` for everything at level 1, `-dqueue_*.2` for named
 * categories. Knows levels only; what is printed at which level is the business of those who ask.
 */

/** Categories have numbers from 0 to 99. */
const CATEGORIES = 100;
/** `-d` without anything. */
const EVERYTHING = "0-99.1";
const RANGE = /^(?<from>\d{1,9})(?:-(?<to>\d{1,9}))?(?:\.(?<level>\d{1,9}))?$/;
const NAMED = /^(?<pattern>[A-Za-z_*?[][\w*?[\]-]*)(?:[.=](?<level>\d{1,9}))?$/;

export class DebugLevels {
  readonly #levels = new Uint8Array(CATEGORIES);
  readonly #named: { readonly matches: RegExp; readonly level: number }[] = [];

  /** Sets levels from the text behind -d; returns what could not be read, as messages. */
  set(spec: string): string[] {
    const problems: string[] = [];
    for (const part of (spec === "" ? EVERYTHING : spec).split(",")) {
      const text = part.trim();
      const range = RANGE.exec(text)?.groups;
      const named = NAMED.exec(text)?.groups;
      if (range) this.#setRange(range);
      else if (named) this.#named.unshift({ matches: glob(named.pattern), level: levelOf(named.level) });
      else
        problems.push(`Cannot read the debug level "${text}": wanted CATEGORY.LEVEL, FIRST-LAST.LEVEL or NAME.LEVEL`);
    }
    return problems;
  }

  /** All off (`-d` in test mode). */
  clear(): void {
    this.#levels.fill(0);
    this.#named.length = 0;
  }

  /** The level of a category; of two settings for a name the later one counts. */
  level(category: number | string): number {
    if (typeof category === "number") return this.#levels[category] ?? 0;
    return this.#named.find(({ matches }) => matches.test(category))?.level ?? 0;
  }

  enabled(category: number | string, level: number): boolean {
    return this.level(category) >= level;
  }

  #setRange({ from, to = from, level }: Record<string, string | undefined>): void {
    const last = Math.min(Number(to), CATEGORIES - 1);
    for (let category = Number(from); category <= last; category++) this.#levels[category] = levelOf(level);
  }
}

function levelOf(text: string | undefined): number {
  return text === undefined ? 1 : Math.min(Number(text), 255);
}

function glob(pattern: string): RegExp {
  const source = pattern.replace(/[.*?[\]]/g, (char) => (char === "*" ? ".*" : char === "?" ? "." : `\\${char}`));
  return new RegExp(`^${source}$`);
}
