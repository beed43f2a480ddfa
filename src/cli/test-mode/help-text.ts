/** What `?` says in test mode: for whoever types, and as lines `-bt` of a help file for a home folder (home-files.ts). */

export const HELP: readonly string[] = [
  "RULESET,... ADDRESS     runs rulesets over an address, one after the other:  3,0 joe@example.com",
  "/parse ADDRESS          where mail for the address goes: mailer, host, user",
  "/explain ADDRESS        the same in a few lines, and the rule that decided; --all for every rule",
  "/try MAILER ADDRESS     how the address is written for a mailer",
  "/tryflags H|E S|R       what /parse and /try take it for: header, envelope, sender, recipient",
  "/map MAP KEY            what a map says",
  "/mx HOST, /canon HOST   what DNS and the hosts file say about a name",
  "=SRULESET, =M           the rules of a ruleset, the mailers",
  "$x, ${name}             the value of a macro",
  "$=x, $={name}           the words of a class",
  ".Dxvalue, .Cxword ...   sets a macro, adds to a class, for this session",
  "-d21.12, -d             shows each rule that is tried; shows nothing more",
  "/quit, or end of input  ends",
];

/** In the form of a help file: macros in it are not filled in. */
export function helpFileText(): string {
  return HELP.map((line) => `-bt\t${line}\n`).join("");
}
