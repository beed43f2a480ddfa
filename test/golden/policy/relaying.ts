/** Who may send where: each feature that opens or closes the relay, asked by the same clients with the same addresses. */
import { type PolicySite, type Row } from "./rows.ts";

const TABLE = "FEATURE(`access_db', `hash -T<TMPF> @DIR@/access')";

export const relaySites: Readonly<Record<string, PolicySite>> = {
  closed: { features: [] },
  "entire-loose": {
    features: ["FEATURE(`relay_entire_domain')", "FEATURE(`loose_relay_check')", TABLE],
    access: { "To:shop.test": "RELAY" },
  },
  "hosts-sender": {
    features: [
      "FEATURE(`relay_hosts_only')",
      "RELAY_DOMAIN(`inside.test')",
      TABLE,
      "FEATURE(`relay_mail_from', `domain')",
    ],
    access: {
      "From:joe@far.test": "RELAY",
      "From:trusted.test": "RELAY",
      "To:shop.test": "RELAY",
      "Connect:192.0.2.8": "RELAY",
    },
  },
  "mx-local": { features: ["FEATURE(`relay_based_on_MX')", "FEATURE(`relay_local_from')"] },
  promiscuous: { features: ["FEATURE(`promiscuous_relay')"] },
  lenient: {
    features: [
      "FEATURE(`accept_unqualified_senders')",
      "FEATURE(`accept_unresolvable_domains')",
      "FEATURE(`nopercenthack', `nospecial')",
    ],
  },
  strict: { features: ["FEATURE(`nopercenthack', `reject')", "FEATURE(`nouucp', `reject')"] },
};

/** A stranger; a host of ours by network; by name; one whose name is of our domain, not of our class w. */
const CLIENTS = ["192.0.2.7", "10.1.2.3", "192.0.2.20", "192.0.2.21", "192.0.2.8"];

const RECIPIENTS = [
  "ann@mail.example.test",
  "joe",
  "x1@victim.test",
  "x@friend.test",
  "x@sub.friend.test",
  "x@other.example.test",
  "x@served.test",
  "x@shop.test",
  "x2%victim.test@mail.example.test",
  "x3%victim.test@friend.test",
  "x4%victim.test@shop.test",
  "x5%victim.test@served.test",
  "victim.test!x6@mail.example.test",
  "victim.test!x7",
  "@mail.example.test:x8@victim.test",
  "list%mail.example.test@mail.example.test",
  '"x9@victim.test"@mail.example.test',
  "x@[192.0.2.25]",
  "x@[192.0.2.99]",
];

const SENDERS = [
  "joe@far.test",
  "ann@mail.example.test",
  "x@trusted.test",
  "",
  "joe",
  "joe@localhost",
  "joe@nowhere.test",
  "joe@single",
];

/** User names that hold another address: of those the next host may make what it likes. */
export const QUOTED_ROUTES = ["x\\@victim.test@friend.test", '"x @ victim.test"@friend.test'];

export const relayRows: readonly Row[] = [
  ...["192.0.2.7", "10.1.2.3"].map((from) => ({
    site: "closed",
    ruleset: "quoted routes",
    about: `client ${from}`,
    from,
    lines: ["EHLO x", "MAIL FROM:<joe@far.test>", ...QUOTED_ROUTES.map((recipient) => `RCPT TO:<${recipient}>`)],
  })),
  ...Object.keys(relaySites).flatMap((site) => [
    ...CLIENTS.map((from) => ({
      site,
      ruleset: "check_rcpt",
      about: `client ${from}`,
      from,
      lines: ["EHLO x", "MAIL FROM:<joe@far.test>", ...RECIPIENTS.map((recipient) => `RCPT TO:<${recipient}>`)],
    })),
    ...SENDERS.map((sender) => ({
      site,
      ruleset: "check_mail",
      about: `sender <${sender}>`,
      from: CLIENTS[0],
      lines: ["EHLO x", `MAIL FROM:<${sender}>`, "RCPT TO:<x@victim.test>", "RCPT TO:<ann>"],
    })),
  ]),
];
