/**
 * Values of single options in a cf file, for programs that need one or two of them and not the whole configuration
 * (makemap, praliases, mailstats). Continuation lines and comments as cf/read-lines.ts has them; nothing is checked.
 */
import { readFileSync } from "node:fs";

/**
 * Values of an option, in the order of the file: `O AliasFile=...` and the short form `OA...`.
 * @param letter the option's one-letter name, when it has one
 */
export function optionValues(file: string, name: string, letter?: string): string[] {
  const values: string[] = [];
  for (const line of readFileSync(file, "latin1")
    .replace(/\n[ \t]+/g, " ")
    .split("\n")) {
    const long = /^O\s+(\w+)\s*=\s*(.*?)\s*$/.exec(line);
    if (long?.[1].toLowerCase() === name.toLowerCase()) values.push(withoutComment(long[2]));
    else if (letter !== undefined && line.startsWith(`O${letter}`)) values.push(withoutComment(line.slice(2).trim()));
  }
  return values;
}

function withoutComment(value: string): string {
  return value.replace(/\s*(?<!\\)#.*$/, "");
}
