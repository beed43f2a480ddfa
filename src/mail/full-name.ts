/** Full names of people, as the phrase before `<address>` (RFC 5322 §3.2.5). */

/** Characters that a phrase may hold between quotes only. */
const SPECIALS = /[()<>@,;:\\[\].]/;

/**
 * A name as a phrase: as it is when it may stand so, else as a quoted string. Parts that are quoted already stay.
 *
 *     Joe Q. Public  →  "Joe Q. Public"        "Else, S."  →  "Else, S."
 */
export function fullNamePhrase(name: string): string {
  const line = name.replace(/[\r\n\t\0]+/g, " ").trim();
  const outside = line.replace(/"(?:[^"\\]|\\.)*"/g, "");
  if (!SPECIALS.test(outside) && !outside.includes('"')) return line;
  const text = line.replaceAll('"', '\\"');
  // A backslash at the end would take the closing quote away.
  const open = /(?<!\\)(?:\\\\)*\\$/.test(text);
  return `"${text}${open ? "\\" : ""}"`;
}

/** The full name in a password line: up to the first comma; `&` stands for the login name with a capital letter. */
export function accountName({ name, gecos }: { readonly name: string; readonly gecos: string }): string {
  const login = name.charAt(0).toUpperCase() + name.slice(1);
  return gecos
    .replace(/[,;%].*$/s, "")
    .replaceAll("&", login)
    .trim();
}
