/** The access table: its tags, keys and values, and what delay_checks makes of them. */
import { CLIENT, GREETING, MESSAGE, type PolicySite, type Row } from "./rows.ts";

/** What may stand in a table. */
const VALUES = {
  ok: "OK",
  relay: "RELAY",
  reject: "REJECT",
  discard: "DISCARD",
  skip: "SKIP",
  quarantine: "QUARANTINE:looked at later",
  status: "ERROR:5.7.1:550 with status",
  error: "ERROR:550 without status",
  later: "ERROR:4.7.1:451 not today",
  text: "550 plain text",
  wait: "450 plain wait",
  friend: "FRIEND",
  unknown: "NONSENSE",
} as const;
const values = Object.entries(VALUES);

/** For each value a network, an address, a domain, a user, a local part. */
const connecting = Object.fromEntries(
  values.flatMap(([, value], index) => [
    [`Connect:203.0.113.${index + 10}`, value],
    [`Connect:10.2.${index + 10}`, value],
    [`Connect:host${index}.listed.test`, value],
  ]),
);
const sending = Object.fromEntries(
  values.flatMap(([name, value]) => [
    [`From:${name}.sender.test`, value],
    [`From:${name}-user@mixed.test`, value],
    [`From:${name}-anywhere@`, value],
  ]),
);
const receiving = Object.fromEntries(
  values.flatMap(([name, value]) => [
    [`To:${name}.recipient.test`, value],
    [`To:${name}-user@mail.example.test`, value],
    [`To:${name}-anywhere@`, value],
  ]),
);

const ACCESS: Readonly<Record<string, string>> = {
  ...connecting,
  ...sending,
  ...receiving,
  // The most exact entry counts, and SKIP ends the search.
  "Connect:198.51.100": "REJECT",
  "Connect:198.51.100.7": "OK",
  "Connect:198.51.100.8": "SKIP",
  "Connect:IPv6:2001:db8:bad": "REJECT",
  "Connect:IPv6:2001:db8:bad:0:0:0:0:9": "OK",
  "From:net.test": "REJECT",
  "From:good.net.test": "OK",
  "From:joe@net.test": "OK",
  "From:ann+lists@net.test": "OK",
  "From:up.test": "REJECT",
  "From:skip.up.test": "SKIP",
  "untagged.test": "REJECT",
  "untagged@": "REJECT",
  "192.0.2.77": "REJECT",
  "From:Case.Test": "REJECT",
  "To:far.test": "RELAY",
  "To:secret@far.test": "REJECT",
  "From:[192.0.2.8]": "REJECT",
};

/** Delayed checks: who is spared, or asks for them. */
const SPAM: Readonly<Record<string, string>> = {
  "Connect:203.0.113.5": "REJECT",
  "From:spammer@far.test": "REJECT",
  "Spam:ann@mail.example.test": "FRIEND",
  "Spam:abuse@": "FRIEND",
  "Spam:friendly.test": "FRIEND",
  "Spam:joe@mail.example.test": "HATER",
  "Spam:hating.test": "HATER",
  "To:hating.test": "RELAY",
  "To:friendly.test": "RELAY",
};

const TABLE = "FEATURE(`access_db', `hash -T<TMPF> @DIR@/access')";

export const accessSites: Readonly<Record<string, PolicySite>> = {
  access: {
    features: [
      TABLE,
      "FEATURE(`blocklist_recipients')",
      "FEATURE(`accept_unresolvable_domains')",
      "DAEMON_OPTIONS(`Name=MTA, Family=inet6, Port=@PORT@, Addr=2001:db8::25')",
    ],
    access: ACCESS,
  },
  friend: {
    features: [TABLE, "FEATURE(`delay_checks', `friend')", "FEATURE(`accept_unresolvable_domains')"],
    access: SPAM,
  },
  hater: {
    features: [TABLE, "FEATURE(`delay_checks', `hater')", "FEATURE(`accept_unresolvable_domains')"],
    access: SPAM,
  },
};

const MAIL = "MAIL FROM:<joe@elsewhere.test>";
const TO_ANN = "RCPT TO:<ann@mail.example.test>";
const AWAY = "RCPT TO:<x@victim.test>";

type Short = readonly [about: string, lines: readonly string[], from?: string];

function connects(from: string): readonly string[] {
  return [GREETING, MAIL, TO_ANN, AWAY, ...(from === "" ? [] : ["DATA", MESSAGE])];
}

const byValue: readonly Short[] = values.flatMap(([name, value], index): Short[] => [
  [`Connect: an address ${value}`, connects("x"), `203.0.113.${index + 10}`],
  [`Connect: a network ${value}`, connects("x"), `10.2.${index + 10}.3`],
  [`Connect: a name ${value}`, connects("x"), `198.51.100.${index + 100}`],
  [`From: a domain ${value}`, [GREETING, `MAIL FROM:<joe@${name}.sender.test>`, TO_ANN, AWAY, "DATA", MESSAGE]],
  [`From: a user ${value}`, [GREETING, `MAIL FROM:<${name}-user@mixed.test>`, TO_ANN]],
  [`From: a local part ${value}`, [GREETING, `MAIL FROM:<${name}-anywhere@any.test>`, TO_ANN]],
  [`To: a domain ${value}`, [GREETING, MAIL, `RCPT TO:<joe@${name}.recipient.test>`, TO_ANN, "DATA", MESSAGE]],
  [`To: a user ${value}`, [GREETING, MAIL, `RCPT TO:<${name}-user@mail.example.test>`, TO_ANN, "DATA", MESSAGE]],
  [`To: a local part ${value}`, [GREETING, MAIL, `RCPT TO:<${name}-anywhere>`]],
]);

const keys: readonly Short[] = [
  ["Connect: a network", connects(""), "198.51.100.6"],
  ["Connect: an address inside", connects(""), "198.51.100.7"],
  ["Connect: SKIP inside", connects(""), "198.51.100.8"],
  ["Connect: an IPv6 network", connects(""), "2001:db8:bad::1"],
  ["Connect: an IPv6 address inside", connects(""), "2001:db8:bad::9"],
  ["Connect: another IPv6 address", connects(""), "2001:db8:600d::9"],
  ["no tag: an address", connects(""), "192.0.2.77"],
  ...[
    "a@net.test",
    "a@sub.net.test",
    "a@good.net.test",
    "a@very.good.net.test",
    "joe@net.test",
    "joe+x@net.test",
    "ann+lists@net.test",
    "ann+other@net.test",
    "a@up.test",
    "a@skip.up.test",
    "a@untagged.test",
    "untagged@anything.test",
    "a@CASE.test",
    "a@[192.0.2.8]",
    "a%b@net.test",
    "net.test!a",
    "a@notnet.test",
  ].map((sender): Short => [`From: ${sender}`, [GREETING, `MAIL FROM:<${sender}>`]]),
  ...[
    "secret@far.test",
    "joe@far.test",
    "joe@sub.far.test",
    "joe%other.test@far.test",
    "SECRET@FAR.TEST",
    "secret+x@far.test",
  ].map((recipient): Short => [`To: ${recipient}`, [GREETING, MAIL, `RCPT TO:<${recipient}>`]]),
];

const delayed: readonly Short[] = ["203.0.113.5", CLIENT].flatMap((from): Short[] =>
  ["spammer@far.test", "joe@far.test"].map((sender): Short => [
    `${from}, ${sender}`,
    [
      GREETING,
      `MAIL FROM:<${sender}>`,
      ...["ann", "joe@mail.example.test", "list", "x@friendly.test", "x@hating.test"].map(
        (recipient) => `RCPT TO:<${recipient}>`,
      ),
      "RCPT TO:<abuse@mail.example.test>",
      AWAY,
    ],
    from,
  ]),
);

function rowsOf(site: string, ruleset: string, short: readonly Short[]): Row[] {
  return short.map(([about, lines, from = CLIENT]) => ({ site, ruleset, about, from, lines }));
}

export const accessRows: readonly Row[] = [
  ...rowsOf("access", "access_db", [...byValue, ...keys]),
  ...["friend", "hater"].flatMap((site) => rowsOf(site, "delay_checks", delayed)),
];
