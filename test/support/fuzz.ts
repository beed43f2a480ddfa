/**
 * Chance for fuzz tests: always the same in `npm test`, other inputs at every pass of `npm run fuzz` (test/fuzz/run.ts).
 * A failure names its seed: FUZZ_SEED=that repeats it first.
 */
import { randomNumbers } from "./random-rules.ts";

export type Random = (below: number) => number;

const FIRST_SEED = Number(process.env["FUZZ_SEED"] ?? 1);
/** How many times more rounds than in `npm test`. */
const SCALE = Number(process.env["FUZZ_SCALE"] ?? 1);

/** Seeds of a test that makes do with `count` rounds in `npm test`. */
export function fuzzSeeds(count: number): number[] {
  return Array.from({ length: Math.max(1, Math.round(count * SCALE)) }, (_, index) => FIRST_SEED + index);
}

/** Runs `round` once for each seed; an error says which seed it was and shows the input that the round gave to `note`. */
export async function fuzz(
  count: number,
  round: (random: Random, note: (input: unknown) => void) => unknown,
): Promise<void> {
  for (const seed of fuzzSeeds(count)) {
    let input: unknown;
    try {
      await round(randomNumbers(seed * 7919), (value) => (input = value));
    } catch (error) {
      throw new Error(`FUZZ_SEED=${seed}, input ${JSON.stringify(input)}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

/** Up to `longest` octets, mostly printable ones. */
export function randomOctets(random: Random, longest: number): string {
  return Array.from({ length: random(longest + 1) }, () =>
    String.fromCharCode(random(4) === 0 ? random(256) : 32 + random(95)),
  ).join("");
}

/** Up to `most` of the words, one behind the other. */
export function randomWords(random: Random, words: readonly string[], most: number): string {
  return Array.from({ length: random(most + 1) }, () => words[random(words.length)]).join("");
}

/** Takes out, doubles, changes and inserts octets in a few places. */
export function damage(text: string, random: Random, insertions: readonly string[]): string {
  for (let count = 1 + random(6); count > 0; count--) {
    const at = random(text.length + 1);
    const to = Math.min(text.length, at + random(12));
    const middle = [
      "",
      text.slice(at, to).repeat(2),
      String.fromCharCode(random(256)) + text.slice(at + 1, to),
      insertions[random(insertions.length)] + text.slice(at, to),
    ][random(4)];
    text = text.slice(0, at) + middle + text.slice(to);
  }
  return text;
}
