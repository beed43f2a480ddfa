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

export const regexClass: MapClass = {
  flags: lenientFlags({ s: "adjacent", d: "adjacent", b: "switch", n: "switch", k: "switch", v: "switch", z: "switch" }),
  keepsCase: true,
  literal: true,
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
    const wrong = chosen?.find((group) => group > groups);
    if (wrong !== undefined) {
      problem(`field (${wrong}) out of range, only ${groups + 1} substrings in pattern`);
      return undefined;
    }
    const separator = flags.value("d") ?? ARGUMENT_SEPARATOR;
    const inverted = flags.has("n");
    return {
      find(key, [override]): BareResult {
        if (key.length > LONGEST_KEY) return MISSING;
        const match = matcher.match(key);
        if ((match === undefined) !== inverted) return MISSING;
        if (chosen === undefined || match === undefined) return found("");
        const wanted = override === undefined ? chosen : readGroups(override, groups);
        const value = wanted.map((group) => groupText(key, match, group)).join(separator);
        // Blanks would make several words of one value; inside quotes they do not.
        return hasBareBlank(value) ? MISSING : found(value);
      },
    };
  },
};

/** "1,2" → [1, 2]; "" → all; what is no number is 0. */
function readGroups(list: string, groups: number): readonly number[] {
  if (list === "") return Array.from({ length: groups + 1 }, (_, group) => group);
  return list.split(",").map((each) => Number.parseInt(each, 10) || 0);
}

function groupText(key: string, match: MatchPositions, group: number): string {
  const start = match[group * 2] ?? -1;
  return start < 0 ? "" : key.slice(start, match[group * 2 + 1]);
}

function hasBareBlank(text: string): boolean {
  if (!/\s/.test(text)) return false;
  return /\s/.test(text.replace(/\\.|"(?:[^"\\]|\\.)*"?/gs, ""));
}
