/**
 * The class regex: `Kname regex [flags] pattern`. A key that matches gives the text of -a, or the parts that -s chooses.
 *
 *     -n        found when it does NOT match         -f   letter case counts
 *     -s1,2     give these groups (0 the whole; without numbers all); the first argument of a look-up replaces the list
 *     -d text   between groups (default `$|`)         -b   basic instead of extended expression
 *     -m        give the key                          -q   keep quotes in the key
 */
import { ARGUMENT_SEPARATOR } from "../rewriting/tokens.ts";
import { compileBacktracking } from "../regex/backtrack.ts";
import { lenientFlags } from "./flags.ts";
import { type BareMap, type BareResult, found, MISSING, type MapClass } from "./map-class.ts";
import { parseRegex, type Regex, RegexError } from "../regex/posix-regex.ts";
import { compileProgram, type Matcher, type MatchPositions } from "../regex/regex-program.ts";

/** Keys beyond this are never addresses or names; matching them costs time. */
const LONGEST_KEY = 4096;
/** Back references can take time that grows with a power of the length. */
const LONGEST_BACK_REFERENCE = 256;

/** Parts and what stands between them; more is cut off. */
const LONGEST_VALUE = 255;

export const regexClass: MapClass = {
  constant: true,
  flags: lenientFlags({
    s: "adjacent",
    d: "adjacent",
    b: "switch",
    n: "switch",
    k: "switch",
    v: "switch",
    z: "switch",
  }),
  keepsCase: true,
  open({ flags, problem }): BareMap | undefined {
    const ignoreCase = !flags.has("f");
    let regex: Regex;
    let matcher: Matcher;
    try {
      regex = parseRegex(flags.rest, { basic: flags.has("b"), ignoreCase });
      matcher = regex.backReferences
        ? compileBacktracking(regex, ignoreCase, LONGEST_BACK_REFERENCE)
        : compileProgram(regex);
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      problem(`pattern-compile-error: ${error.message}`);
      return undefined;
    }
    const { groups } = regex;
    const list = flags.value("s");
    const chosen = list === undefined ? undefined : readGroups(list, groups);
    const wrong = chosen?.find((group) => group < 0 || group > groups);
    if (wrong !== undefined) {
      problem(outOfRange(wrong, groups));
      return undefined;
    }
    const separator = flags.value("d") ?? ARGUMENT_SEPARATOR;
    const inverted = flags.has("n");
    return {
      find(key, [override], context): BareResult {
        if (key.length > LONGEST_KEY) return MISSING;
        const match = matcher.match(key);
        if ((match === undefined) !== inverted) return MISSING;
        if (chosen === undefined || match === undefined) return found("");
        const wanted = override === undefined ? chosen : readGroups(override, groups);
        const beyond = wanted.find((group) => group < 0 || group > groups);
        if (beyond !== undefined) {
          context.message?.(outOfRange(beyond, groups));
          return MISSING;
        }
        const parts = wanted.map((group) => groupText(key, match, group));
        const value = parts.join(separator);
        if (value.length <= LONGEST_VALUE) return holdsTogether(parts.join("")) ? found(value) : MISSING;
        // What is cut off is missing in the parts too.
        return holdsTogether(cutParts(parts, separator).join("")) ? found(value.slice(0, LONGEST_VALUE)) : MISSING;
      },
    };
  },
};

/** The parts as far as they fit into a value. */
function cutParts(parts: readonly string[], separator: string): string[] {
  let left = LONGEST_VALUE;
  return parts.map((part, index) => {
    if (index > 0) left -= separator.length;
    const kept = part.slice(0, Math.max(left, 0));
    left -= part.length;
    return kept;
  });
}

function outOfRange(field: number, groups: number): string {
  return `field (${field}) out of range, only ${groups + 1} substrings in pattern`;
}

/** "1,2" → [1, 2]; "" → all; what is no number is 0. */
function readGroups(list: string, groups: number): readonly number[] {
  if (list === "") return Array.from({ length: groups + 1 }, (_, group) => group);
  return list.split(",").map((each) => Number.parseInt(each, 10) || 0);
}

function groupText(key: string, match: MatchPositions, group: number): string {
  const start = match[group * 2] ?? -1;
  return start < 0 ? "" : key.slice(start, match[group * 2 + 1]);
}

/** Whether the parts can be put in as they are: no blank outside of quotes, and quotes, angles and parentheses in pairs. */
function holdsTogether(text: string): boolean {
  let quoted = false;
  let comments = 0;
  let angles = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "\\") {
      if (++at === text.length) return false;
    } else if (quoted) quoted = character !== '"';
    else if (character === " ") return false;
    else if (character === "(") comments++;
    else if (character === ")") comments--;
    else if (character === '"') quoted = true;
    else if (character === "<") angles++;
    else if (character === ">") angles--;
  }
  return !quoted && comments === 0 && angles === 0;
}
