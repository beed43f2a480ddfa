/** Text without its RFC 5322 comments and outer blanks; parentheses inside quoted strings stay. */
export function withoutComments(text: string): string {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at++;
    else if (char === '"' && depth === 0) quoted = !quoted;
    else if (char === "(" && !quoted) {
      if (depth++ === 0) parts.push(text.slice(start, at));
    } else if (char === ")" && !quoted && depth > 0 && --depth === 0) start = at + 1;
  }
  if (depth === 0) parts.push(text.slice(start));
  return parts.join("").trim();
}
