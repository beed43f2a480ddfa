/** Full names of people, as the phrase before `<address>` (RFC 5322 §3.2.5). */

/** Characters that a phrase may hold between quotes only. */
const SPECIALS = /[()<>@,;:\\[\].]/;

/**
 * A name as a phrase: as it is when it may stand so, else as a quoted string. Parts that are quoted already stay,
 * and comments whose parentheses match.
 *
 *     Joe Q. Public  →  "Joe Q. Public"        "Else, S."  →  "Else, S."        (Cron Daemon)  →  (Cron Daemon)
 */
export function fullNamePhrase(name: string): string {
  const line = name.replace(/[\r\n\t\0]+/g, " ").trim();
  const bare = bareWords(line);
  if (bare !== undefined && !SPECIALS.test(bare)) return line;
  const text = line.replaceAll('"', '\\"');
  // A backslash at the end would take the closing quote away.
  const open = /(?<!\\)(?:\\\\)*\\$/.test(text);
  return `"${text}${open ? "\\" : ""}"`;
}

/** What stands outside quotes and comments; undefined when one of them stays open. */
function bareWords(line: string): string | undefined {
  let bare = "";
  let quoted = false;
  let comment = 0;
  for (let at = 0; at < line.length; at++) {
    const char = line[at];
    if (char === "\\" && (quoted || comment > 0)) at++;
    else if (quoted) quoted = char !== '"';
    else if (char === "(") comment++;
    else if (comment > 0) comment -= char === ")" ? 1 : 0;
    else if (char === '"') quoted = true;
    else bare += char;
  }
  return quoted || comment > 0 ? undefined : bare;
}

/** The full name in a password line: up to the first comma; `&` stands for the login name with a capital letter. */
export function accountName({ name, gecos }: { readonly name: string; readonly gecos: string }): string {
  const login = name.charAt(0).toUpperCase() + name.slice(1);
  return gecos
    .replace(/[,;%].*$/s, "")
    .replaceAll("&", login)
    .trim();
}
