/**
 * Physical lines → logical lines. A line that begins with a blank or a tab continues the one before it; line end and
 * white space stay in the text. Whole-line comments disappear together with their continuation lines.
 */
import type { Location } from "../source/location.ts";

export interface LogicalLine {
  readonly text: string;
  /** Number of its first physical line. */
  readonly first: number;
  /** Number of its last physical line: the one that sendmail names in messages. */
  readonly last: number;
}

export function readLines(text: string): LogicalLine[] {
  const physical = text.split("\n");
  if (physical.at(-1) === "") physical.pop();
  const lines: LogicalLine[] = [];
  for (let i = 0; i < physical.length;) {
    const first = i;
    let logical = usable(physical[i++]);
    while (i < physical.length && (physical[i][0] === " " || physical[i][0] === "\t")) {
      logical += `\n${usable(physical[i++])}`;
    }
    if (logical !== "" && logical[0] !== "#") lines.push({ text: logical, first: first + 1, last: i });
  }
  return lines;
}

/** Without the first half of a DOS line end; a NUL ends the line. */
function usable(line: string): string {
  const nul = line.indexOf("\0");
  if (nul !== -1) return line.slice(0, nul);
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

/**
 * The line without its comment and trailing white space; but a line that begins with it (no blank or tab: those
 * continue) is still a line.
 */
export function withoutComment(text: string, comments: boolean): string {
  const kept = withoutRemark(text, comments);
  return kept.slice(0, 1) + kept.slice(1).replace(/[ \t\n\v\f\r]+$/, "");
}

/**
 * The line without its comments. `\#` is a literal `#`, and so is the one of `$#`. A comment ends with its physical
 * line: what continues the line counts.
 * @param comments false for files of version level 1 and 2, which only know whole-line comments
 */
export function withoutRemark(text: string, comments: boolean): string {
  if (!comments || !text.includes("#")) return text;
  // `$$` is a dollar: the number sign behind it begins a comment. In the name of a macro or class it does not.
  const parts = /\\#|\$(?:[$#]|[&?=~]?\{[^}]*\}?|[&?=~](?:\\#|[^])?)|[ \t\v\f\r]*(?<!^)#[^\n]*/g;
  return text.replace(parts, (found) => {
    if (found === "\\#") return "#";
    return found.startsWith("$") ? found.replace(/^(\$[&?=~])\\#$/, "$1#") : "";
  });
}

/** The place of the character at `offset` of the logical line. */
export function placeOf(file: string, line: LogicalLine, offset: number): Location {
  const before = line.text.slice(0, offset);
  const breaks = before.split("\n").length - 1;
  return { file, line: line.first + breaks, column: offset - (before.lastIndexOf("\n") + 1) + 1 };
}
