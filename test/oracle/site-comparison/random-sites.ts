/** Site files made of the lines that site files are made of, chosen by a seed: sites --random COUNT [--seed NUMBER]. */

const SYSTEMS = ["linux", "debian", "freebsd6", "openbsd", "solaris8", "bsd4.4", "unknown", "darwin", "hpux11"];

/** Each may stand in a site file or not; several variants of one line exclude each other. */
const SETTINGS: readonly (readonly string[])[] = [
  ["DOMAIN(`generic')", "DOMAIN(`debian-mta')"],
  [
    "define(`SMART_HOST', `relay:gw.example.test')",
    "define(`SMART_HOST', `[192.0.2.25]')",
    "define(`SMART_HOST', `smart.test')",
    "define(`SMART_HOST', `uucp-dom:hub')",
  ],
  [
    "define(`MAIL_HUB', `hub.example.test')",
    "define(`MAIL_HUB', `smtp:hub.example.test')",
    "define(`MAIL_HUB', `local:joe')",
  ],
  ["define(`LOCAL_RELAY', `lr.example.test')", "define(`LOCAL_RELAY', `esmtp:lr.example.test')"],
  [
    "define(`LUSER_RELAY', `luser.example.test')",
    "define(`LUSER_RELAY', `local:joe')",
    "define(`LUSER_RELAY', `error:5.1.1:550 no such user')",
  ],
  ["define(`UUCP_RELAY', `uu.example.test')", "undefine(`UUCP_RELAY')"],
  ["define(`BITNET_RELAY', `bit.example.test')"],
  ["define(`DECNET_RELAY', `dec.example.test')"],
  ["define(`FAX_RELAY', `fax.example.test')"],
  ["define(`confDOMAIN_NAME', `mx.example.test')", "define(`confDOMAIN_NAME', `$w.dom.test')"],
  ["define(`confPRIVACY_FLAGS', `authwarnings,noexpn')", "define(`confPRIVACY_FLAGS', ``goaway,restrictqrun'')"],
  ["define(`confSMTP_MAILER', `smtp')", "define(`confRELAY_MAILER', `smtp8')", "define(`confUUCP_MAILER', `uucp-new')"],
  ["define(`confBIND_OPTS', `-DNSRCH -DEFNAMES')"],
  ["define(`LOCAL_MAILER_PATH', `/usr/bin/deliver')"],
  ["define(`LOCAL_MAILER_FLAGS', `SPn9')", "define(`LOCAL_MAILER_FLAGS', LOCAL_MAILER_FLAGS`'q)"],
  ["define(`SMTP_MAILER_FLAGS', `e9')"],
  ["define(`RELAY_MAILER_ARGS', `TCP $h 587')", "define(`ESMTP_MAILER_ARGS', `TCP $h 2525')"],
  ["define(`PROCMAIL_MAILER_PATH', `/usr/local/bin/procmail')"],
  ["define(`VIRTUSER_ERR_NOUSER', `1')"],
  ["define(`ALIAS_FILE', `/etc/aliases,/etc/majordomo')"],
  ["define(`confREJECT_MSG', `550 go away')", "define(`confRELAY_MSG', `\"550 no relaying here\"')"],
  ["define(`confMAX_MESSAGE_SIZE', 1000000)"],
  ["define(`confTRUSTED_USERS', `majordom www')"],
  ["define(`confCW_FILE', `-o /etc/mail/sendmail.cw')"],
  ["define(`confFROM_LINE', `From $g  $d')", "define(`confFROM_HEADER', `$g')"],
  ["define(`DATABASE_MAP_TYPE', `btree')"],
  ["define(`MAIL_SETTINGS_DIR', `/etc/sm/')"],
  ["DAEMON_OPTIONS(`Name=MTA, Port=smtp, Addr=127.0.0.1')", "DAEMON_OPTIONS(`Name=A, M=Ea')"],
  ["CLIENT_OPTIONS(`Family=inet, Address=0.0.0.0')"],
  ["QUEUE_GROUP(`slow', `P=/var/spool/mqueue/slow, I=1h')"],
  ["MASQUERADE_AS(`masq.test')", "MASQUERADE_AS(`')"],
  ["MASQUERADE_DOMAIN(`first.example.test dom.test')"],
  ["MASQUERADE_EXCEPTION(`exc.dom.test')"],
  ["EXPOSED_USER(`root joe')"],
  ["LOCAL_USER(`root joe')"],
  ["LOCAL_DOMAIN(`own.test other.test')"],
  ["RELAY_DOMAIN(`relay.test 10.1')"],
  ["VIRTUSER_DOMAIN(`virt.test')"],
  ["GENERICS_DOMAIN(`own.test gen.test')"],
  ["CANONIFY_DOMAIN(`own.test')"],
  ["TRUST_AUTH_MECH(`PLAIN LOGIN')"],
  ["INPUT_MAIL_FILTER(`one', `S=inet:8891@localhost')", "MAIL_FILTER(`two', `S=local:/var/run/two, F=R')"],
  ["MODIFY_MAILER_FLAGS(`LOCAL', `-S')", "MODIFY_MAILER_FLAGS(`SMTP', `+k')"],
  ["Cwplain.test", "DDdomain.test"],
];

const FEATURES: readonly (readonly string[])[] = [
  ["access_db", "access_db', `hash -T<TMPF> -o /etc/mail/access.db", "access_db', , `skip"],
  ["blacklist_recipients", "blocklist_recipients"],
  ["always_add_domain", "always_add_domain', `add.test"],
  ["allmasquerade"],
  ["masquerade_envelope"],
  ["masquerade_entire_domain"],
  ["limited_masquerade"],
  ["local_no_masquerade"],
  ["nocanonify", "nocanonify', `canonify_hosts"],
  ["nouucp', `reject", "nouucp', `nospecial"],
  ["use_cw_file"],
  ["use_ct_file"],
  ["redirect"],
  ["stickyhost"],
  ["notsticky"],
  ["smrsh", "smrsh', `/usr/sbin/smrsh"],
  ["local_procmail", "local_procmail', `', `procmail -t -Y -a $h -d $u", "local_lmtp"],
  ["mailertable", "mailertable', `hash -o /etc/mail/mailertable"],
  ["virtusertable", "virtusertable', `hash -o /etc/mail/virtusertable"],
  ["virtuser_entire_domain"],
  ["genericstable"],
  ["generics_entire_domain"],
  ["domaintable"],
  ["uucpdomain", "bitdomain"],
  ["relay_entire_domain"],
  ["relay_based_on_MX"],
  ["relay_hosts_only"],
  ["relay_local_from"],
  ["promiscuous_relay"],
  ["accept_unresolvable_domains"],
  ["accept_unqualified_senders"],
  ["loose_relay_check"],
  ["delay_checks", "delay_checks', `friend", "delay_checks', `hater"],
  ["dnsbl', `bl.test", "enhdnsbl', `ebl.test', `\"550 listed\"', `t"],
  ["greet_pause', `2000"],
  ["preserve_local_plus_detail"],
  ["preserve_luser_host"],
  ["lookupdotdomain"],
  ["authinfo"],
  ["bestmx_is_local"],
  ["no_default_msa"],
  ["compat_check"],
  ["require_rdns"],
  ["block_bad_helo"],
  ["badmx"],
  ["nopercenthack", "nopercenthack', `reject"],
];

const TAILS = [
  "LOCAL_CONFIG\nClists.test\nKtab hash -o /etc/mail/tab",
  "LOCAL_RULE_0\nR$+ < @ special.test. >	$#local $: $1\nR$+ < @ sub.$m . >	$#esmtp $@ in.$m $: $1 < @ sub.$m . >",
  "LOCAL_RULE_3\nR$+ < @ nick >	$: $1 < @ nick.example.test >",
  "LOCAL_NET_CONFIG\nR$* < @ $* .$m. > $*	$#esmtp $@ $2.$m $: $1 < @ $2.$m. > $3",
  'LOCAL_RULESETS\nSLocal_check_mail\nR$* bad@$*	$#error $@ 5.7.1 $: "550 no"\nHSubject: $>Subj\nSSubj\nRspam	$#discard $: discard',
  'LOCAL_RULESETS\nSLocal_check_rcpt\nR$* joe $*	$#OK\nSLocal_check_relay\nR$* 198.51.100.4	$#error $: "550 not you"',
  "LOCAL_RULE_1\nR$+ < @ x.test. >	$1 < @ y.test. >",
  "LOCAL_RULE_2\nR$+ < @ x.test. >	$1 < @ z.test. >",
];

/** Nothing can be said about what these mean without an access table. */
const NEEDS_TABLE = /^(?:bl[ao]\w+list_recipients|lookupdotdomain|delay_checks', `|greet_pause)/;

/** A generator of numbers from 0 to 1 (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The site file of a seed. */
export function randomSite(seed: number): string {
  const next = numbers(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)];
  const some = (groups: readonly (readonly string[])[], share: number): string[] =>
    groups.filter(() => next() < share).map((group) => pick(group));
  const chosen = some(FEATURES, 0.2);
  const hasTable = chosen.some((feature) => feature.startsWith("access_db"));
  const features = chosen
    .filter((feature) => hasTable || !NEEDS_TABLE.test(feature))
    .map((feature) => `FEATURE(\`${feature}')dnl`);
  const settings = some(SETTINGS, 0.15);
  const early = [...settings, ...features].map((line) => ({ line, at: next() }));
  const lines = early
    .toSorted((a, b) => a.at - b.at)
    .map(({ line }) => line)
    .toSorted((a, b) => Number(b.includes("access_db")) - Number(a.includes("access_db")));
  const mailers = ["local", "smtp"];
  for (const name of ["uucp", "procmail", "cyrusv2", "usenet", "fax"]) if (next() < 0.15) mailers.push(name);
  const order = next() < 0.2 ? mailers.toReversed() : mailers;
  const tails = TAILS.filter(() => next() < 0.2);
  return [
    "divert(0)dnl",
    "VERSIONID(`random')",
    `OSTYPE(\`${pick(SYSTEMS)}')dnl`,
    ...lines,
    ...order.map((name) => `MAILER(\`${name}')dnl`),
    ...tails,
    "",
  ].join("\n");
}
