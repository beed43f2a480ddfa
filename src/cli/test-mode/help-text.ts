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

/** What HELP of SMTP says, by topic. */
const SMTP_HELP: Readonly<Record<string, readonly string[]>> = {
  smtp: [
    "HELO EHLO MAIL RCPT DATA BDAT RSET NOOP QUIT",
    "VRFY EXPN ETRN VERB HELP STARTTLS AUTH",
    "HELP and one of these words tells more.",
  ],
  helo: ["HELO name: who you are, without extensions"],
  ehlo: ["EHLO name: who you are; the answer says what is offered here"],
  mail: [
    "MAIL FROM:<sender> [SIZE=n] [BODY=7BIT|8BITMIME|BINARYMIME] [RET=FULL|HDRS] [ENVID=id] [BY=seconds;R|N]: begins a message",
  ],
  rcpt: ["RCPT TO:<recipient> [NOTIFY=NEVER|SUCCESS,FAILURE,DELAY] [ORCPT=type;address]: one more recipient"],
  data: ["DATA: the message follows, up to a line with nothing but a dot"],
  bdat: ["BDAT n [LAST]: n octets of the message follow at once"],
  rset: ["RSET: forgets the message that was begun"],
  noop: ["NOOP: does nothing"],
  quit: ["QUIT: ends the connection"],
  vrfy: ["VRFY name: who that is"],
  expn: ["EXPN name: who is on that list"],
  etrn: ["ETRN host, @domain or #group: sends what waits for it"],
  verb: ["VERB: asks for more words"],
  help: ["HELP [word]: what a word means"],
  starttls: ["STARTTLS: goes on inside TLS"],
  auth: ["AUTH mechanism [initial response]: says who you are"],
};

/** In the form of a help file: macros in it are not filled in. */
export function helpFileText(): string {
  const topics = Object.entries(SMTP_HELP).flatMap(([topic, lines]) => lines.map((line) => [topic, line]));
  return [...topics, ...HELP.map((line) => ["-bt", line])].map((row) => `${row.join("\t")}\n`).join("");
}
