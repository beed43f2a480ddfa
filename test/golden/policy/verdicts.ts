/** What a ruleset can say, at each moment: the reply, and the line of the log. */
import { CLIENT, GREETING, MESSAGE, type PolicySite, type Row } from "./rows.ts";

const VERDICTS: Readonly<Record<string, string>> = {
  e550: '$#error $@ 5.7.1 $: "550 not here"',
  e450: '$#error $@ 4.7.1 $: "450 not now"',
  e421: '$#error $@ 4.7.0 $: "421 go away"',
  e521: '$#error $@ 5.3.2 $: "521 no mail"',
  mixed: '$#error $@ 5.7.1 $: "450 mixed signals"',
  status: '$#error $@ 5.1.3 $: "status only"',
  exit: '$#error $@ NOUSER $: "exit code"',
  tempfail: "$#error $@ TEMPFAIL $: later perhaps",
  text: "$#error $: just text",
  lines: '$#error $@ 5.7.1 $: "550 quoted \\"text\\" of " $&{client_name}',
  bare: "$#error",
  discard: "$#discard $: thrown away",
  quarantine: '$#error $@ quarantine $: "put aside"',
  fine: "$#OK",
  mailer: "$#local $: ann",
  rest: "$@ OK",
};
const verdicts = Object.keys(VERDICTS);
const addressOf = (verdict: string): string => `192.0.2.${131 + verdicts.indexOf(verdict)}`;

/** Rules of a ruleset: each verdict where the workspace has its word. */
function says(pattern: (verdict: string) => string): string[] {
  return Object.entries(VERDICTS).map(([verdict, rhs]) => `R${pattern(verdict)}\t${rhs}`);
}

function bySender(moment: string): string[] {
  return [`Scheck_${moment}`, "R$*\t$: $&f", ...says((verdict) => `${moment}-${verdict} @ $*`)];
}

export const verdictSites: Readonly<Record<string, PolicySite>> = {
  verdicts: {
    features: ["FEATURE(`accept_unresolvable_domains')"],
    config: ["HX-Say: $>SayField", "H*: $>SayOther"],
    rules: [
      "SLocal_check_relay",
      ...says((verdict) => `$* $| ${addressOf(verdict)}`),
      "SLocal_check_mail",
      ...says((verdict) => `$* mail-${verdict} $*`),
      "SLocal_check_rcpt",
      ...says((verdict) => `$* rcpt-${verdict} $*`),
      ...["data", "eoh", "eom"].flatMap(bySender),
      ...["vrfy", "expn", "etrn"].flatMap((verb) => [
        `Scheck_${verb}`,
        ...says((verdict) => `$* ${verb}-${verdict} $*`),
      ]),
      "SSayField",
      ...says((verdict) => `${verdict} $*`),
      "SSayOther",
      "R$*\t$: $&{hdr_name} $| $1",
      ...says((verdict) => `X-Other-${verdict} $| $*`),
    ],
  },
};

function sent(sender: string, message = MESSAGE): string[] {
  return [
    GREETING,
    `MAIL FROM:<${sender}@far.test>`,
    "RCPT TO:<ann>",
    "DATA",
    message,
    "MAIL FROM:<joe@far.test>",
    "RCPT TO:<ann>",
    "DATA",
    MESSAGE,
  ];
}

function rowsOf(verdict: string): readonly (readonly [ruleset: string, lines: readonly string[], from?: string])[] {
  const field = (name: string): string => `${name}: ${verdict} x (comment)\r\nSubject: hi\r\n\r\nhi\r\n.`;
  return [
    ["check_relay", sent("joe"), addressOf(verdict)],
    ["check_mail", sent(`mail-${verdict}`)],
    [
      "check_rcpt",
      [
        GREETING,
        "MAIL FROM:<joe@far.test>",
        `RCPT TO:<rcpt-${verdict}@mail.example.test>`,
        "RCPT TO:<nosuchuser>",
        "RCPT TO:<ann>",
        "DATA",
        MESSAGE,
      ],
    ],
    ["check_data", sent(`data-${verdict}`)],
    ["check_eoh", sent(`eoh-${verdict}`)],
    ["check_eom", sent(`eom-${verdict}`)],
    ["HX-Say: $>", sent("joe", field("X-Say"))],
    ["H*: $>", sent("joe", field(`X-Other-${verdict}`))],
    ["check_vrfy", [GREETING, `VRFY vrfy-${verdict}`, "VRFY ann"]],
    ["check_expn", [GREETING, `EXPN expn-${verdict}`, "EXPN ann"]],
    ["check_etrn", [GREETING, `ETRN etrn-${verdict}`, "NOOP"]],
  ];
}

export const verdictRows: readonly Row[] = verdicts.flatMap((verdict) =>
  rowsOf(verdict).map(([ruleset, lines, from = CLIENT]) => ({
    site: "verdicts",
    ruleset,
    about: VERDICTS[verdict],
    from,
    lines,
  })),
);
