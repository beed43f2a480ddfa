/**
 * The name of a ruleset as the token behind `$>` gives it: quotes and backslashes go, and a name ends at a blank.
 *
 * Which ruleset that is, is not decided here (rulesets.ts).
 */

/** What the token stands for; the token itself in nearly all cases. */
export function calledName(token: string): string {
  if (!/["\\]/.test(token)) return token;
  const text = token.replace(/"|\\(.?)/gs, (_, escaped: string | undefined) => escaped ?? "");
  return /^\s*[A-Za-z]\w*(?=\s)/.exec(text)?.[0] ?? text;
}
