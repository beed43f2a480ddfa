/**
 * What clients say to the SMTP port, for genuine sendmail and for us: every verb in every state of a session, and the
 * settings that change what a verb answers. `recorded.jsonl` has what genuine sendmail 8.17 said.
 */

/** Site → m4 definitions for site.mc. */
export const sites = {
  plain: {},
  private: { SITE_PRIVACY: "noexpn,novrfy,noetrn,noverb,noreceipts" },
  goaway: { SITE_PRIVACY: "goaway" },
  polite: { SITE_PRIVACY: "needmailhelo,needexpnhelo,needvrfyhelo" },
  closed: { SITE_CLOSED: "yes" },
  limits: { SITE_LIMITS: "yes" },
  port: { SITE_MODIFIERS: "ESA" },
  features: { SITE_FEATURES: "B D E P S X" },
  policy: { SITE_POLICY: "yes" },
  "old help": { SITE_HELP: "helpfile.old" },
  "no help": { SITE_HELP: "none" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

export type Site = keyof typeof sites;

export interface Dialogue {
  readonly name: string;
  readonly site: Site;
  /** Each is sent, CRLF behind it, when what came before has been answered. */
  readonly lines: readonly string[];
}

/** The lines that lead to a state. */
const STATES: Readonly<Record<string, readonly string[]>> = {
  greeted: [],
  HELO: ["HELO x"],
  EHLO: ["EHLO x"],
  MAIL: ["EHLO x", "MAIL FROM:<joe>"],
  RCPT: ["EHLO x", "MAIL FROM:<joe>", "RCPT TO:<ann>"],
  "RCPT refused": ["EHLO x", "MAIL FROM:<joe>", "RCPT TO:<nobody@x@y>"],
  message: ["EHLO x", "MAIL FROM:<joe>", "RCPT TO:<ann>", "DATA", "Subject: hi\r\n\r\nhi\r\n."],
  RSET: ["EHLO x", "MAIL FROM:<joe>", "RCPT TO:<ann>", "RSET"],
};

const VERBS: readonly string[] = [
  "HELO y",
  "HELO",
  "HELO y z",
  "HELO a<b>",
  "EHLO y",
  "EHLO",
  "EHLO [127.0.0.1]",
  "MAIL FROM:<ann>",
  "MAIL FROM:<>",
  "MAIL",
  "MAIL TO:<ann>",
  "RCPT TO:<joe>",
  "RCPT TO:<>",
  "RCPT",
  "RCPT FROM:<joe>",
  "DATA",
  "DATA now",
  "RSET",
  "RSET all",
  "NOOP",
  "NOOP x",
  "QUIT",
  "QUIT now",
  "HELP",
  "HELP MAIL",
  "HELP nothing",
  "VERB",
  "VERB on",
  "VRFY joe",
  "VRFY",
  "VRFY nosuchuser",
  "EXPN list",
  "EXPN",
  "EXPN nosuchuser",
  "ETRN example.com",
  "ETRN @example.com",
  "ETRN #nosuchgroup",
  "ETRN",
  "STARTTLS",
  "STARTTLS now",
  "SEND FROM:<joe>",
  "SOML FROM:<joe>",
  "SAML FROM:<joe>",
  "TURN",
  "LHLO x",
  "XCNCT 1",
  "DEBUG",
  "SHOWQ",
  "WIZ",
  "FOO",
  "FOO bar\tbaz",
  "",
  " NOOP",
  "noop",
  "mail from:<ann>",
  "rCpT tO: list",
  "MAILFROM:<ann>",
  "GET / HTTP/1.0",
];

/** What is left of the transaction shows in what these answer. */
const PROBES: readonly string[] = ["RCPT TO:<joe>", "QUIT"];

/** Where DATA is taken, the dot ends the message; elsewhere it is no command. */
function afterwards(verb: string): readonly string[] {
  return verb.startsWith("DATA") ? [".", ...PROBES] : PROBES;
}

/** Verbs that the settings of a site are about, each in a session of its own. */
const ABOUT: readonly (readonly [site: Site, lines: readonly string[]])[] = [
  ...["private", "goaway", "polite", "closed", "port", "features"].flatMap((site) =>
    [
      ["EHLO x"],
      ["VRFY joe"],
      ["EXPN list"],
      ["ETRN example.com"],
      ["VERB"],
      ["HELP"],
      ["HELO x", "VRFY joe", "EXPN list"],
      ["NOOP", "RSET", "FOO", "", "STARTTLS", "QUIT"],
      ["MAIL FROM:<joe>", "RCPT TO:<ann>", "DATA"],
      ["HELO x", "MAIL FROM:<joe>", "RCPT TO:<ann>", "DATA"],
      ["EHLO x", "MAIL FROM:<joe> RET=HDRS"],
      ["EHLO x", "MAIL FROM:<joe> ENVID=x"],
      ["EHLO x", "MAIL FROM:<joe>", "RCPT TO:<ann> NOTIFY=NEVER", "RCPT TO:<ann> ORCPT=rfc822;ann"],
      ["MAIL"],
      ["RCPT"],
      ["DATA"],
      ["SEND FROM:<joe>"],
      ["TURN"],
    ].map((lines) => [site as Site, lines] as const),
  ),
  ["limits", ["EHLO x", "MAIL FROM:<joe> SIZE=1999", "RCPT TO:<joe>", "RCPT TO:<ann>", "RCPT TO:<list>", "DATA", "."]],
  ["limits", ["EHLO x", "MAIL FROM:<joe> SIZE=2001"]],
  ["policy", ["VRFY bad", "VRFY joe", "EXPN bad", "EXPN list", "ETRN bad", "ETRN good.example.com"]],
  ["plain", ["NOOP", "GET / HTTP/1.0"]],
  ["plain", ["GET / HTTP/1.0", "Host: mail.example.test"]],
  ["plain", ["POST / HTTP/1.1"]],
  ["policy", ["EHLO x", "MAIL FROM:<joe>", "RCPT TO:<ann>", "DATA", "RCPT TO:<joe>", "DATA", "RSET"]],
  ["plain", ["HELP mai", "HELP smtp", "HELP RCPT", "HELP two", "HELP two words", "HELP MAILER", "HELP #vers"]],
  ["old help", ["HELP", "HELP mail"]],
  ["no help", ["HELP", "HELP mail"]],
];

/** Arguments of MAIL and RCPT. */
const PATHS: readonly string[] = [
  "<joe@mail.example.test>",
  "joe",
  "<joe",
  "joe>",
  "<joe>>",
  "<<joe>>",
  "< joe >",
  "<joe> ",
  "Joe <joe>",
  "<joe>(comment)",
  "(comment) <joe>",
  "<@relay.test:joe@mail.example.test>",
  '<"joe"@mail.example.test>',
  '<"j o e"@mail.example.test>',
  "<joe@[127.0.0.1]>",
  "<joe@[]>",
  "<mail!joe>",
  "<joe@>",
  "<@>",
  "<joe@@x>",
  "<joe, ann>",
  "<joe> <ann>",
  "<joe;>",
  "<:joe>",
  "<a:joe;>",
  "<joe\\>",
  "<joe\x01>",
  "<joe\x7f>",
  `<${"a".repeat(70)}@mail.example.test>`,
  `<${"a".repeat(300)}@mail.example.test>`,
  "<joe> FOO",
  "<joe> FOO=bar",
  "<joe>FOO",
  "<joe> =",
  "<joe> =x",
  "<joe> SIZE=",
  "<joe> SIZE",
  "<joe> SIZE=1",
  "<joe> SIZE=x",
  "<joe> SIZE=-1",
  "<joe> size=1",
  "<joe> SIZE=1 SIZE=2",
  "<joe> SIZE=99999999999999999999",
  "<joe> BODY",
  "<joe> BODY=",
  "<joe> BODY=7BIT",
  "<joe> BODY=8bitmime",
  "<joe> BODY=x",
  "<joe> RET",
  "<joe> RET=FULL",
  "<joe> RET=x",
  "<joe> RET=FULL RET=HDRS",
  "<joe> ENVID",
  "<joe> ENVID=",
  "<joe> ENVID=a+2Bb",
  "<joe> ENVID=a+b",
  "<joe> ENVID=a ENVID=b",
  "<joe> NOTIFY",
  "<joe> NOTIFY=",
  "<joe> NOTIFY=NEVER",
  "<joe> NOTIFY=NEVER,DELAY",
  "<joe> NOTIFY=DELAY,SUCCESS",
  "<joe> NOTIFY=x",
  "<joe> NOTIFY=DELAY NOTIFY=DELAY",
  "<joe> ORCPT",
  "<joe> ORCPT=",
  "<joe> ORCPT=joe",
  "<joe> ORCPT=rfc822;joe",
  "<joe> ORCPT=rfc822;j+zz",
  "<joe> ORCPT=rfc822;joe ORCPT=rfc822;joe",
  "<joe> BY",
  "<joe> BY=100;R",
  "<joe> BY=100",
  "<joe> SMTPUTF8",
  "<joe>  SIZE=1   BODY=7BIT",
];

export const cases: readonly Dialogue[] = [
  ...Object.entries(STATES).flatMap(([state, before]) =>
    VERBS.map((verb) => ({
      name: `${state}: ${verb}`,
      site: "plain" as const,
      lines: [...before, verb, ...afterwards(verb)],
    })),
  ),
  ...ABOUT.map(([site, lines]) => ({ name: `${site}: ${lines.join("; ").slice(0, 200)}`, site, lines })),
  ...PATHS.flatMap((path) => [
    { name: `MAIL FROM:${path}`, site: "plain" as const, lines: ["EHLO x", `MAIL FROM:${path}`] },
    { name: `RCPT TO:${path}`, site: "plain" as const, lines: ["EHLO x", "MAIL FROM:<ann>", `RCPT TO:${path}`] },
  ]),
];
