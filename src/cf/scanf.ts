/**
 * The scanf pattern of an F line: which part of a line of the file holds the words.
 *
 * Only the first conversion that is kept counts; `%*s` skips. Understood are %s %c %[set] and the numbers %d %u %i %x,
 * with a width, blanks (any white space) and literal text.
 */

const CONVERSION = /%(?<skip>\*?)(?<width>[0-9]*)(?:(?<type>[a-zA-Z%])|\[(?<set>\^?\]?[^\]]*)(?<closed>\]?))/y;

/** The matched text, or undefined when the line does not fit the pattern. */
export function scan(line: string, pattern: string): string | undefined {
  let at = 0;
  for (let i = 0; i < pattern.length;) {
    if (/\s/.test(pattern[i])) {
      while (/\s/.test(line[at] ?? "")) at++;
      i++;
      continue;
    }
    CONVERSION.lastIndex = i;
    const groups = pattern[i] === "%" ? CONVERSION.exec(pattern)?.groups : undefined;
    if (!groups) {
      if (line[at] !== pattern[i]) return undefined;
      at++;
      i++;
      continue;
    }
    i = CONVERSION.lastIndex;
    if (groups.type === "%") {
      if (line[at++] !== "%") return undefined;
      continue;
    }
    if (groups.type !== "c" && groups.set === undefined) while (/\s/.test(line[at] ?? "")) at++;
    const taken = take(line, at, groups);
    if (taken === "") return undefined;
    if (groups.skip === "") return taken;
    at += taken.length;
  }
  return undefined;
}

function take(line: string, at: number, { type, width, set }: Record<string, string>): string {
  const fits = set === undefined ? TYPES[type] : inSet(set);
  if (!fits) return "";
  const most = width === "" ? (type === "c" ? 1 : Infinity) : Number(width);
  let end = at;
  while (end < line.length && end - at < most && fits(line[end])) end++;
  return line.slice(at, end);
}

const TYPES: Readonly<Record<string, (letter: string) => boolean>> = {
  s: (letter) => !/\s/.test(letter),
  c: () => true,
  d: (letter) => /[-+0-9]/.test(letter),
  u: (letter) => /[0-9]/.test(letter),
  i: (letter) => /[-+0-9a-fA-Fx]/.test(letter),
  x: (letter) => /[0-9a-fA-Fx]/.test(letter),
};

function inSet(set: string): (letter: string) => boolean {
  const negated = set.startsWith("^");
  const members = new Set<string>();
  const text = negated ? set.slice(1) : set;
  for (let i = 0; i < text.length; i++) {
    if (text[i + 1] === "-" && i + 2 < text.length) {
      for (let code = text.charCodeAt(i); code <= text.charCodeAt(i + 2); code++)
        members.add(String.fromCharCode(code));
      i += 2;
    } else members.add(text[i]);
  }
  return (letter) => members.has(letter) !== negated;
}
