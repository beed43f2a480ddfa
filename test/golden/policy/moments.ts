/**
 * Which macros a ruleset sees: it answers with them. `check_data` and the like are asked about nothing that a client chose,
 * so the sender says what is to be shown.
 */
import { CLIENT, GREETING, type PolicySite, type Row } from "./rows.ts";

/** A message of sendmail's ends after some 250 octets: there is room for few. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  client: "client_addr client_name client_ptr client_resolve client_port".split(" "),
  daemon: "daemon_name daemon_addr daemon_port daemon_family daemon_flags daemon_info".split(" "),
  interface: "if_addr if_name if_family opMode deliveryMode addr_type".split(" "),
  sender: "mail_from mail_mailer mail_host mail_addr auth_author".split(" "),
  recipient: "rcpt_mailer rcpt_host rcpt_addr nrcpts nbadrcpts msg_size msg_id".split(" "),
  letters: "f g r s i _ n h".split(" "),
  more: "x z auth_type auth_authen auth_ssf verify quarantine ntries".split(" "),
  tls: "tls_version cipher cipher_bits alg_bits cert_subject cert_issuer cn_subject server_name".split(" "),
  field: ["currHeader", "hdr_name", "hdrlen"],
};
type Group = string;
const groups = Object.keys(GROUPS);

function show(group: Group): string {
  const words = GROUPS[group].map((name) => `${name}=<$&${name.length === 1 ? name : `{${name}}`}>`);
  return `$#error $@ 5.7.1 $: "550 " ${words.join(" ")}`;
}

/** Rules of a ruleset: one for each group, where the workspace has its word. */
function shows(pattern: (group: Group) => string): string[] {
  return groups.map((group) => `R${pattern(group)}\t${show(group)}`);
}

/** A ruleset that looks at the sender. */
function bySender(moment: string): string[] {
  return [`Scheck_${moment}`, "R$*\t$: $&f", ...shows((group) => `${moment}-${group} @ $*`)];
}

const addressOf = (group: Group): string => `192.0.2.${101 + groups.indexOf(group)}`;

export const momentSites: Readonly<Record<string, PolicySite>> = {
  moments: {
    features: ["FEATURE(`accept_unresolvable_domains')"],
    config: ["HX-Show: $>ShowField", "HX-Keep: $>+ShowField"],
    rules: [
      "SLocal_check_relay",
      ...shows((group) => `$* $| ${addressOf(group)}`),
      "SLocal_check_mail",
      ...shows((group) => `$* mail-${group} $*`),
      "SLocal_check_rcpt",
      ...shows((group) => `$* rcpt-${group} $*`),
      ...["data", "eoh", "eom"].flatMap(bySender),
      ...["vrfy", "expn", "etrn"].flatMap((verb) => [`Scheck_${verb}`, ...shows((group) => `$* ${verb}-${group} $*`)]),
      "SShowField",
      ...shows((group) => `${group} $*`),
    ],
  },
};

const MAIL = "MAIL FROM:<joe@far.test>";

function sent(sender: string): string[] {
  return [
    GREETING,
    `MAIL FROM:<${sender}@far.test>`,
    "RCPT TO:<ann>",
    "RCPT TO:<nosuchuser>",
    "RCPT TO:<joe@mail.example.test>",
    "DATA",
    "Message-Id: <m1@far.test>\r\nSubject: hi\r\n\r\nhi\r\n.",
  ];
}

function rowsOf(group: Group): readonly (readonly [ruleset: string, lines: readonly string[], from?: string])[] {
  const field = (name: string): string[] => [
    GREETING,
    MAIL,
    "RCPT TO:<ann>",
    "DATA",
    `Subject: hi\r\n${name}: ${group} (and\r\n more) <x@far.test>\r\n\r\nhi\r\n.`,
  ];
  return [
    ["check_relay", [GREETING, MAIL], addressOf(group)],
    ["check_mail", [GREETING, `MAIL FROM:<mail-${group}@far.test> BODY=8BITMIME`, MAIL]],
    ["check_mail", ["HELO x", `MAIL FROM:<mail-${group}>`, "MAIL FROM:<>"]],
    [
      "check_rcpt",
      [GREETING, MAIL, "RCPT TO:<ann>", "RCPT TO:<nosuchuser>", `RCPT TO:<rcpt-${group}@mail.example.test>`],
    ],
    ["check_data", sent(`data-${group}`)],
    ["check_eoh", sent(`eoh-${group}`)],
    ["check_eom", sent(`eom-${group}`)],
    ["HX-Show: $>", field("X-Show")],
    ["HX-Keep: $>+", field("X-Keep")],
    ["check_vrfy", [GREETING, `VRFY vrfy-${group}`]],
    ["check_expn", [GREETING, `EXPN expn-${group}`]],
    ["check_etrn", [GREETING, `ETRN etrn-${group}`]],
  ];
}

export const momentRows: readonly Row[] = groups.flatMap((group) =>
  rowsOf(group).map(([ruleset, lines, from = CLIENT], index) => ({
    site: "moments",
    ruleset,
    about: `sees ${group}${index === 2 ? ", after HELO" : ""}`,
    from,
    lines,
  })),
);
