/** The value of a D line: quotes disappear, a backslash takes the next character literally. */

const CONTROLS: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r" };

export function unquote(text: string): string {
  if (!/["\\]/.test(text)) return text;
  return text.replace(/"|\\([^]?)/g, (_, escaped: string | undefined) =>
    escaped === undefined ? "" : (CONTROLS[escaped] ?? escaped),
  );
}
