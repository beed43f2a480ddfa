/**
 * Options of the small companion programs, in the manner of getopt(3): one letter each, values joined or following, also behind
 * operands (as the GNU one reads them).
 */

export interface ShortOptions {
  /** Letter → values in order; "" for a switch. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
  /** getopt's complaint, to be printed before the usage. */
  readonly problem?: string;
}

/**
 * @param letters getopt's specification: "ab:c" for -a, -b VALUE, -c
 * @param program name that begins the complaint
 */
export function readShortOptions(words: readonly string[], letters: string, program: string): ShortOptions {
  const options = new Map<string, string[]>();
  const operands: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    if (word === "--") return { options, operands: [...operands, ...words.slice(index + 1)] };
    if (!word.startsWith("-") || word === "-") {
      operands.push(word);
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at];
      const place = letter === ":" ? -1 : letters.indexOf(letter);
      if (place < 0) return { options, operands: [], problem: `${program}: invalid option -- '${letter}'` };
      let value = "";
      if (letters[place + 1] === ":") {
        value = word.slice(at + 1) || (words[++index] ?? "\0");
        if (value === "\0") return { options, operands: [], problem: missingValue(program, letter) };
        at = word.length;
      }
      options.set(letter, [...(options.get(letter) ?? []), value]);
    }
  }
  return { options, operands };
}

function missingValue(program: string, letter: string): string {
  return `${program}: option requires an argument -- '${letter}'`;
}
