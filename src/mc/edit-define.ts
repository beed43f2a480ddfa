/**
 * Changes one variable of a site file, as text: the line that defines it, or a new one. All other octets stay as they are.
 *
 * Nobody can tell from the text alone what the macro processor makes of it: whoever edits compiles the result and looks.
 */

export interface DefineEdit {
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
  /** The line that is there now; absent for a new one. */
  readonly before?: string;
  readonly after: string;
}

/** How often a value is quoted: once, or twice so that words in it that are macros stay words. */
export type Quoting = 1 | 2;

/** A definition on a line of its own, with what stands behind it. */
const DEFINE = /^(\s*)define\(\s*`?(\w+)'?\s*,\s*(?:`[^`']*'|``[^`']*''|[^`',()]*)\s*\)(.*)$/;
/** Where the library begins to use what was defined. */
const MAILER = /^\s*MAILER(?:_DEFINITIONS)?\b/;

/**
 * The last definition of the variable is changed; without one a line comes in front of the first MAILER, or at the end.
 * @param value without quotes of m4 that have no partner
 * @param remark stands behind a new line
 */
export function editDefine(
  text: string,
  { variable, value, remark, quoting }: { variable: string; value: string; remark: string; quoting: Quoting },
): DefineEdit {
  const lines = text.split("\n");
  const quoted = quoting === 2 ? `\`\`${value}''` : `\`${value}'`;
  const define = `define(\`${variable}', ${quoted})`;
  const at = lines.findLastIndex((line) => DEFINE.exec(line)?.[2] === variable);
  if (at >= 0) {
    const [, indent, , rest] = DEFINE.exec(lines[at])!;
    const [before, after] = [lines[at], `${indent}${define}${rest}`];
    return { text: lines.with(at, after).join("\n"), line: at + 1, before, after };
  }
  const after = `${define}dnl ${remark}`;
  const mailer = lines.findIndex((line) => MAILER.test(line));
  const end = lines.at(-1) === "" ? lines.length - 1 : lines.length;
  const place = mailer >= 0 ? mailer : end;
  return { text: lines.toSpliced(place, 0, after).join("\n"), line: place + 1, after };
}

/** Whether quotes of m4 in a value have their partners, so that it can stand between quotes. */
export function isQuotable(value: string): boolean {
  let depth = 0;
  for (const character of value) {
    if (character === "`") depth++;
    if (character === "'" && --depth < 0) return false;
  }
  return depth === 0 && !value.includes("\n");
}
