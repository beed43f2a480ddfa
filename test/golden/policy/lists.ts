/** Features that judge who connects, and whom the sender's domain names: DNS lists, names of clients, HELO, MX records. */
import { CLIENT, MESSAGE, type PolicySite, type Row } from "./rows.ts";

/** Rules whose question nobody answers now, with and without a tag for that (-T). */
function unanswered(moment: string): string[] {
  return [
    `R< ${moment}-plain @ $* >\t$: $( plain servfail.test $: OK $)`,
    `R< ${moment}-tagged @ $* >\t$: $( tagged servfail.test $: OK $)`,
    `R< ${moment}-name @ $* >\t$: $[ servfail.test $: OK $]`,
    `R< ${moment}-refused @ $* >\t$: refused $( plain servfail.test $: OK $)`,
    `R< ${moment}-said @ $* >\t$: $( tagged servfail.test $: OK $)`,
    'Rrefused $*\t$#error $@ 5.7.1 $: "550 refused by the next rule"',
    "R$* < TMP >\t$: tagged $&f",
    `Rtagged ${moment}-said $*\t$#error $@ 4.7.1 $: "450 said by the rule"`,
  ];
}
const OTHER = (
  "FOO hangup,FOO refuse,FOO five,FOO two,FOO drop,NOOP hangup,NOOP two,HELP hangup," +
  "RSET hangup,VERB hangup,VRFY hangup,HELO hangup,EHLO two,MAIL hangup,RCPT hangup,DATA hangup," +
  "TURN hangup,ETRN hangup,EXPN hangup,STARTTLS hangup,Subject: hello,Received: from x,a:b,QUIT two"
).split(",");
const UNANSWERED_KINDS = ["plain", "tagged", "name", "refused", "said"];

const TABLE = "FEATURE(`access_db', `hash -T<TMPF> @DIR@/access')";

export const listSites: Readonly<Record<string, PolicySite>> = {
  lists: {
    features: [
      TABLE,
      "FEATURE(`dnsbl', `plain.bl.test')",
      "FEATURE(`dnsbl', `text.bl.test', `\"550 look at http://text.bl.test/\" $&{client_addr}')",
      "FEATURE(`dnsbl', `aside.bl.test', `quarantine')",
      "FEATURE(`dnsbl', `drop.bl.test', `discard')",
      "FEATURE(`dnsbl', `open.bl.test')",
      "FEATURE(`dnsbl', `strict.bl.test', `', `t')",
      "FEATURE(`enhdnsbl', `some.bl.test', `', `', `127.0.0.2.', `127.0.0.4.')",
      "FEATURE(`enhdnsbl', `wild.bl.test', `\"554 wild\"', `t', `127.0.1.$-.')",
      "FEATURE(`enhdnsbl', `any.bl.test', `', `\"450 ask again\"')",
    ],
    access: { "Connect:192.0.2.59": "OK" },
  },
  names: {
    features: [TABLE, "FEATURE(`require_rdns')", "FEATURE(`badmx')"],
    access: { "Connect:192.0.2.12": "OK", "Connect:192.0.2.13": "RELAY" },
  },
  other: {
    features: ["FEATURE(`check_other')"],
    rules: [
      "Scheck_other",
      'R$* hangup $*\t$#error $@ 4.7.0 $: "421 go away"',
      'R$* refuse $*\t$#error $@ 5.7.0 $: "550 no"',
      'R$* five $| 5\t$#error $@ 4.7.0 $: "421 a five"',
      'R$* two $| 2\t$#error $@ 4.7.0 $: "421 a two"',
      "R$* drop $*\t$#discard $: x",
    ],
  },
  unanswered: {
    features: ["FEATURE(`accept_unresolvable_domains')"],
    config: ["Kplain dns -R A", "Ktagged dns -R A -T<TMP>"],
    rules: [
      "SLocal_check_mail",
      ...unanswered("mail"),
      "SLocal_check_rcpt",
      ...unanswered("rcpt"),
      "Scheck_data",
      "R$*\t$: < $&f >",
      ...unanswered("data"),
    ],
  },
  rates: {
    features: [
      TABLE,
      "FEATURE(`ratecontrol')",
      "FEATURE(`conncontrol', `', `terminate')",
      "FEATURE(`greet_pause', `0')",
    ],
    access: {
      "ClientRate:192.0.2.71": "1",
      "ClientRate:192.0.2": "50",
      "ClientRate:198.51.100": "0",
      "ClientRate:127.0.0.1": "0",
      "ClientRate:": "2",
      "ClientConn:192.0.2.72": "0",
      "ClientConn:203.0.113": "0",
      "ClientConn:": "10",
      "Srv_Features:192.0.2.73": "X D e p",
      "Srv_Features:far.test": "x b",
      "GreetPause:192.0.2.74": "5000",
    },
  },
  helo: { features: ["FEATURE(`delay_checks')", "FEATURE(`block_bad_helo')"] },
};

const sent = ["EHLO client.far.test", "MAIL FROM:<joe@far.test>", "RCPT TO:<ann@mail.example.test>", "DATA", MESSAGE];

const LISTED: readonly (readonly [about: string, from: string])[] = [
  ["not listed", CLIENT],
  ["dnsbl", "192.0.2.50"],
  ["dnsbl with a text", "192.0.2.51"],
  ["dnsbl, quarantine", "192.0.2.52"],
  ["dnsbl, discard", "192.0.2.53"],
  ["dnsbl that does not answer", "192.0.2.54"],
  ["dnsbl that does not answer, t", "192.0.2.55"],
  ["enhdnsbl, a result that counts", "192.0.2.56"],
  ["enhdnsbl, the other one", "192.0.2.57"],
  ["enhdnsbl, one that does not", "192.0.2.58"],
  ["dnsbl, Connect: OK", "192.0.2.59"],
  ["enhdnsbl, results as a pattern", "192.0.2.60"],
  ["enhdnsbl, outside the pattern", "192.0.2.61"],
  ["enhdnsbl that does not answer, t", "192.0.2.62"],
  ["enhdnsbl, any result", "192.0.2.63"],
  ["enhdnsbl that does not answer, a text", "192.0.2.64"],
  ["listed twice", "192.0.2.65"],
];

const CLIENTS: readonly (readonly [about: string, from: string])[] = [
  ["a name that is confirmed", CLIENT],
  ["no name", "192.0.2.8"],
  ["a name that is not confirmed", "192.0.2.9"],
  ["a name server that fails", "192.0.2.10"],
  ["no name, Connect: OK", "192.0.2.12"],
  ["no name, Connect: RELAY", "192.0.2.13"],
  ["no name, a network that may relay", "10.1.2.3"],
];

const SENDERS = [
  "far.test",
  "loop.mx.test",
  "private.mx.test",
  "number.mx.test",
  "failing.mx.test",
  "second.mx.test",
  "none.mx.test",
  "[192.0.2.7]",
  "nowhere.test",
  "servfail.test",
  "mail.example.test",
  "sub.mail.example.test",
] as const;

const HELOS = [
  "client.far.test",
  "mail.example.test",
  "localhost",
  "single",
  "[192.0.2.25]",
  "[127.0.0.1]",
  "192.0.2.7",
  "friend.test",
];

function row(site: string, ruleset: string, about: string, lines: readonly string[], from: string = CLIENT): Row {
  return { site, ruleset, about, from, lines };
}

export const listRows: readonly Row[] = [
  ...OTHER.map((line) => row("other", "check_other", line, ["EHLO x", line, "NOOP"])),
  ...["192.0.2.71", "198.51.100.71", "203.0.113.71", "192.0.2.72"].flatMap((from) =>
    [1, 2, 3].map((time) =>
      row("rates", "ratecontrol", `${from}, time ${time}`, ["EHLO x", "MAIL FROM:<>", "NOOP"], from),
    ),
  ),
  ...["192.0.2.73", CLIENT].map((from) =>
    row("rates", "srv_features", from, ["HELO x", "EXPN ann", "VERB", "ETRN far.test", "MAIL FROM:<> RET=HDRS"], from),
  ),
  ...["192.0.2.74", CLIENT].map((from) => ({
    ...row("rates", "greet_pause", `${from} does not wait`, ["EHLO x", "MAIL FROM:<>", "RCPT TO:<ann>", "NOOP"], from),
    early: true,
  })),
  ...UNANSWERED_KINDS.flatMap((kind) => [
    row("unanswered", "check_mail", kind, ["EHLO x", `MAIL FROM:<mail-${kind}@far.test>`, "RCPT TO:<ann>"]),
    row("unanswered", "check_rcpt", kind, [
      "EHLO x",
      "MAIL FROM:<joe@far.test>",
      `RCPT TO:<rcpt-${kind}@mail.example.test>`,
    ]),
    row("unanswered", "check_data", kind, [
      "EHLO x",
      `MAIL FROM:<data-${kind}@far.test>`,
      "RCPT TO:<ann>",
      "DATA",
      MESSAGE,
    ]),
  ]),
  ...LISTED.map(([about, from]) => row("lists", "dnsbl", about, sent, from)),
  ...CLIENTS.map(([about, from]) => row("names", "require_rdns", about, [...sent, "RCPT TO:<x@victim.test>"], from)),
  ...SENDERS.map((domain) => row("names", "badmx", domain, ["EHLO x", `MAIL FROM:<joe@${domain}>`])),
  ...[CLIENT, "10.1.2.3", "192.0.2.8"].flatMap((from) =>
    HELOS.map((name) =>
      row(
        "helo",
        "block_bad_helo",
        `${name} from ${from}`,
        [`HELO ${name}`, "MAIL FROM:<joe@far.test>", "RCPT TO:<ann@mail.example.test>", "RCPT TO:<x@victim.test>"],
        from,
      ),
    ),
  ),
  row("helo", "block_bad_helo", "no HELO at all", ["MAIL FROM:<joe@far.test>", "RCPT TO:<ann@mail.example.test>"]),
];
