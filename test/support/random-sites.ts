/**
 * Random site files (.mc): parts, variables and lines of a site in any order, among them those that set the same thing. Their
 * tables are of class text, which both this program and a genuine sendmail read, and lie in the folder @DIR@.
 */
import type { Random } from "./fuzz.ts";

const separated = (name: string): string => `text -z| -k0 -v1 @DIR@/${name}`;

/** Text files that the sites name. */
export const siteFiles: Readonly<Record<string, string>> = {
  mailertable: "tab.test|esmtp:[hub.test]\n.sub.test|relay:gate.test\nloc.test|local:\nerr.test|error:5.7.1:550 no\n",
  virtusertable: "info@virt.test|joe@remote.test\n@virt.test|%1@elsewhere.test\njoe@mail.example.test|jim\n",
  genericstable: "joe|Joe.User@outside.test\nann@gen.test|Ann@outside.test\nbob|robert\n",
  access:
    "Connect:192.0.2.66|REJECT\nFrom:spammer.test|REJECT\nTo:blocked@mail.example.test|REJECT\nTo:relay.test|RELAY\n" +
    "Connect:friend.test|RELAY\nSpam:joe@mail.example.test|FRIEND\nFrom:from@remote.test|RELAY\nClientRate:|5\n",
  domaintable: "old.test|new.test\n",
  bitdomain: "bithost|bit.example.test\n",
  uucpdomain: "uuh|uu.example.test\n",
  names: "file.example.test\n",
};

const ACCESS = [
  `access_db', \`${separated("access").replace("text", "text -T<TMPF>")}`,
  `access_db', \`${separated("access").replace("text", "text -T<TMPF>")}', \`skip', \`lookupdotdomain`,
];

/** Features that look into the access table want it in front of them. */
const NEEDS_ACCESS = ["blocklist_recipients", "relay_mail_from', `domain", "ratecontrol", "queuegroup', `qg"];

const FEATURES = [
  ..."accept_unqualified_senders accept_unresolvable_domains allmasquerade always_add_domain delay_checks".split(" "),
  ..."generics_entire_domain limited_masquerade local_no_masquerade lookupdotdomain loose_relay_check".split(" "),
  ..."masquerade_entire_domain masquerade_envelope no_default_msa nocanonify preserve_local_plus_detail".split(" "),
  ..."preserve_luser_host redirect relay_based_on_MX relay_entire_domain relay_hosts_only stickyhost".split(" "),
  ..."virtuser_entire_domain block_bad_helo bestmx_is_local local_lmtp local_procmail smrsh use_cw_file".split(" "),
  "always_add_domain', `added.test",
  "nouucp', `reject",
  "nouucp', `nospecial",
  "nopercenthack', `reject",
  "local_lmtp', `/x/lmtp', `lmtp -q",
  "local_procmail', `', `pm -d $u",
  "local_procmail', `/x/maildrop', `maildrop -d $u', `SPfhn9E",
  "smrsh', `/x/smrsh",
  "greet_pause', `5000",
  "dnsbl', `bl.dnsbl.test",
  ...["mailertable", "virtusertable", "genericstable", "domaintable", "bitdomain", "uucpdomain"].map(
    (name) => `${name}', \`${separated(name)}`,
  ),
];

const VARIABLES: readonly (readonly [string, string])[] = [
  ...["smart.test", "relay:[smart.test]", "esmtp:smart.test"].map((value) => ["SMART_HOST", value] as const),
  ...["hub.test", "local:", "relay:hub.test"].map((value) => ["MAIL_HUB", value] as const),
  ...["luser.test", "local:nobody", "error:5.1.1:550 no user"].map((value) => ["LUSER_RELAY", value] as const),
  ["LOCAL_RELAY", "lrelay.test"],
  ["UUCP_RELAY", "uurelay.test"],
  ["BITNET_RELAY", "relay:bitrelay.test"],
  ["FAX_RELAY", "fax.test"],
  ["confSMTP_MAILER", "dsmtp"],
  ["confRELAY_MAILER", "smtp8"],
  ["confLOCAL_MAILER", "cyrusv2"],
  ["confUUCP_MAILER", "uucp-dom"],
  ["LOCAL_MAILER_PATH", "/x/lmail"],
  ["LOCAL_MAILER_ARGS", "lmail $u"],
  ["LOCAL_MAILER_FLAGS", "rmn"],
  ["LOCAL_MAILER_EOL", String.raw`\n`],
  ["LOCAL_MAILER_MAX", "1000"],
  ["LOCAL_MAILER_DSN_DIAGNOSTIC_CODE", "SMTP"],
  ["SMTP_MAILER_FLAGS", "e"],
  ["ESMTP_MAILER_ARGS", "TCP $h 26"],
  ["RELAY_MAILER_FLAGS", "k"],
  ["RELAY_MAILER_LL", "999"],
  ["SMTP_MAILER_MAX", "1000"],
  ["PROCMAIL_MAILER_PATH", "/y/pm"],
  ["UUCP_MAILER_FLAGS", "q"],
  ["LOCAL_SHELL_PATH", "/y/sh"],
  ["confDOMAIN_NAME", "j.example.test"],
  ["confEBINDIR", "/eb"],
  ["confMESSAGE_TIMEOUT", "4d/2h"],
  ["confFORWARD_PATH", ""],
  ["ALIAS_FILE", "/y/aliases"],
  ["MASQUERADE_NAME", "mn.test"],
  ["MAIL_SETTINGS_DIR", "/y/mail/"],
  ["confCW_FILE", "@DIR@/names"],
  ["confRELAY_MSG", '"550 no relaying"'],
  ["confDAEMON_OPTIONS", "Name=old"],
];

const CALLS = [
  "MASQUERADE_AS(`masq.test')",
  "MASQUERADE_DOMAIN(`md.test md2.test')",
  "MASQUERADE_EXCEPTION(`ex.md.test')",
  "EXPOSED_USER(`root daemon')",
  "LOCAL_USER(`luser')",
  "LOCAL_DOMAIN(`ld.test')",
  "RELAY_DOMAIN(`rd.test')",
  "GENERICS_DOMAIN(`gen.test')",
  "VIRTUSER_DOMAIN(`virt.test')",
  "VIRTUSER_DOMAIN_FILE(`@DIR@/names')",
  "CANONIFY_DOMAIN(`remote.test')",
  "TRUST_AUTH_MECH(`PLAIN LOGIN')",
  ...["`LOCAL', `+z'", "`LOCAL', `-m'", "`SMTP', `+R'", "`ESMTP', `+Z'", "`RELAY', `-u'", "`UUCP', `-U'"].map(
    (change) => `MODIFY_MAILER_FLAGS(${change})`,
  ),
  "DAEMON_OPTIONS(`Name=MTA, Port=25')",
  "DAEMON_OPTIONS(`Name=MSA, Port=587, M=Ea')",
  "CLIENT_OPTIONS(`Family=inet, Addr=127.0.0.2')",
  ...["f1", "f2", "f3"].map((name) => `INPUT_MAIL_FILTER(\`${name}', \`S=local:/${name}, F=T')`),
  "QUEUE_GROUP(`qg', `P=/var/spool/mqueue, F=f')",
  "SITECONFIG(`nowhere', `uuz', `U')",
  "DOMAIN(`generic')",
  ...["UUCP_RELAY", "BITNET_RELAY", "SMART_HOST", "ALIAS_FILE", "LOCAL_MAILER_EOL", "confLOCAL_MAILER"].map(
    (name) => `undefine(\`${name}')`,
  ),
];

/** Sections, each with lines below it. */
const SECTIONS = [
  "LOCAL_CONFIG\nDXlocalx\nCwlc.test\n",
  "LOCAL_RULE_0\nR$+ < @ lr0.test. >\t$#local $: lr0\n",
  "LOCAL_RULE_1\nR$+ < @ lr1 $* >\t$: $1 < @ lr1x $2 >\n",
  "LOCAL_RULE_2\nR$+ < @ lr2 $* >\t$: $1 < @ lr2x $2 >\n",
  "LOCAL_RULE_3\nUUCPSMTP(`uu3', `uu3.test')\n",
  "LOCAL_RULESETS\nSOwn\nR$*\t$: own $1\n",
  "LOCAL_NET_CONFIG\nR$* < @ lnc.test. > $*\t$#esmtp $@ lnchub.test $: $1 < @ lnc.test. > $2\n",
  "MAILER_DEFINITIONS\nMown, P=/x/own, F=lsDF, S=EnvFromL, R=EnvToL, A=own $u\n",
];

const MAILERS = "uucp procmail cyrusv2 fax pop usenet mail11 qpage phquery".split(" ");

function some<Item>(items: readonly Item[], most: number, random: Random): Item[] {
  return Array.from({ length: random(most + 1) }, () => items[random(items.length)]);
}

/** A site file; mostly one that makes sense. */
export function randomSite(random: Random): string {
  const lines = [
    ...some(FEATURES, 5, random).map((words) => `FEATURE(\`${words}')`),
    ...some(VARIABLES, 4, random).map(([name, value]) => `define(\`${name}', \`${value}')`),
    ...some(CALLS, 4, random),
  ].toSorted(() => random(3) - 1);
  if (random(3) > 0) {
    const words = [ACCESS[random(ACCESS.length)], ...some(NEEDS_ACCESS, 2, random)];
    lines.unshift("QUEUE_GROUP(`qg', `P=/var/spool/mqueue')", ...words.map((each) => `FEATURE(\`${each}')`));
  }
  const basic = [["local", "smtp"], ["local", "smtp"], ["smtp"], ["local"], []][random(5)];
  const mailers = [...basic, ...some(MAILERS, 3, random)].map((name) => `MAILER(\`${name}')`);
  const behind =
    random(5) > 0 ? [] : some(VARIABLES, 2, random).map(([name, value]) => `define(\`${name}', \`${value}')`);
  const head = ["VERSIONID(`random')", "OSTYPE(`linux')"];
  const all = [...head, ...lines, ...mailers, ...behind].map((line) => `${line}${random(8) === 0 ? "" : "dnl"}\n`);
  return all.join("") + some(SECTIONS, 3, random).join("");
}
