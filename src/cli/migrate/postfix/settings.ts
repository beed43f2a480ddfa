/** Settings of main.cf, one after the other: what becomes of each here. docs/migrating.md is the same table in words. */
import { isIP } from "node:net";
import { join } from "node:path";
import { textOf } from "../text-lines.ts";
import type { Draft } from "./draft.ts";
import { networkKeys } from "./networks.ts";
import { carryRestrictions } from "./restrictions.ts";
import {
  carryAliases,
  carryCanonical,
  carryPasswords,
  carryRelocated,
  carryTransport,
  carryVirtual,
  smartHost,
} from "./tables.ts";

type Carry = (draft: Draft, value: string, name: string) => void;

/** A setting whose value becomes that of a definition. */
const define =
  (part: Parameters<Draft["define"]>[0], macro: string, unless: readonly string[] = [""]): Carry =>
  (draft, value) => {
    if (!unless.includes(value)) draft.define(part, macro, value);
  };

/** Nothing has to be done: it is so here, or it has no meaning here. */
const nothing: Carry = () => undefined;

const leave =
  (text: string): Carry =>
  (draft, _value, name) =>
    draft.leave(name, text);

const unlessEmpty =
  (carry: Carry): Carry =>
  (draft, value, name) =>
    value === "" ? undefined : carry(draft, value, name);

const SETTINGS: Readonly<Record<string, Carry>> = {
  myhostname: define("names", "confDOMAIN_NAME"),
  mydomain: nothing,
  myorigin: (draft, value) => {
    // Debian's way: the name of a file.
    const origin = value.startsWith("/") ? (textOf(value) ?? "").trim() : value;
    if (origin === "" || origin === draft.main.value("myhostname")) return;
    draft.add("senders", `MASQUERADE_AS(\`${origin}')`);
    draft.add("senders", "FEATURE(`masquerade_envelope')");
  },
  mydestination: (draft) => {
    for (const word of draft.main.list("mydestination")) {
      const isTable = word.includes(":") || word.startsWith("/");
      const names = !isTable
        ? [word]
        : word.startsWith("/")
          ? (textOf(word) ?? "").split(/\s+/)
          : draft.entriesIn("mydestination", word).map(({ key }) => key);
      for (const name of names) {
        if (name === "" || name.startsWith("localhost") || name === draft.main.value("myhostname")) continue;
        draft.put("local-host-names", name);
        draft.expect(`postmaster@${name}`, [], draft.main.file, draft.main.lineOf("mydestination"));
      }
    }
  },
  mynetworks: (draft) => {
    for (const word of draft.main.list("mynetworks")) {
      const keys = networkKeys(word);
      if (keys === undefined)
        draft.leave("mynetworks", `"${word}" is no network that keys of the access table can name`);
      else for (const key of keys) draft.put("access", `Connect:${key}\tRELAY`);
    }
  },
  mynetworks_style: leave("name the networks in mynetworks, or as Connect: keys of the access table"),
  relay_domains: (draft) => {
    for (const name of draft.main.list("relay_domains")) {
      if (name.includes(":") || name.startsWith("/"))
        for (const { key } of draft.entriesIn("relay_domains", name)) draft.put("relay-domains", key);
      else draft.put("relay-domains", name);
    }
  },
  relayhost: unlessEmpty((draft, value, name) => {
    const next = smartHost(value);
    if (next === undefined) return draft.leave(name, `"${value}" is not one host`);
    draft.define("next", "SMART_HOST", `esmtp:${next.host}`);
    if (next.port !== undefined) draft.define("next", "ESMTP_MAILER_ARGS", `TCP $h ${next.port}`);
  }),
  inet_interfaces: nothing, // ports.ts
  inet_protocols: nothing,
  alias_maps: (draft) => carryAliases(draft, "alias_maps"),
  alias_database: nothing,
  virtual_alias_maps: (draft) => carryVirtual(draft, "virtual_alias_maps"),
  virtual_maps: (draft) => carryVirtual(draft, "virtual_maps"),
  virtual_alias_domains: (draft) => {
    for (const name of draft.main.list("virtual_alias_domains"))
      if (!name.includes(":")) draft.put("virtual-domains", name);
  },
  virtual_mailbox_domains: unlessEmpty(
    leave(
      "mailboxes without accounts: users in a file (MailboxDatabase=passwd:FILE, docs/local-delivery.md), domains in local-host-names",
    ),
  ),
  virtual_mailbox_maps: unlessEmpty(
    leave("write its users into a file in the form of /etc/passwd (MailboxDatabase=passwd:FILE)"),
  ),
  virtual_mailbox_base: nothing,
  virtual_uid_maps: nothing,
  virtual_gid_maps: nothing,
  virtual_minimum_uid: nothing,
  virtual_transport: unlessEmpty(leave("see mailbox_transport in docs/migrating.md")),
  transport_maps: (draft) => carryTransport(draft),
  smtp_generic_maps: (draft) => carryCanonical(draft, "smtp_generic_maps"),
  sender_canonical_maps: (draft, _value, name) => {
    if (isRewriter(draft, name))
      draft.leave(name, "if this is postsrsd: FEATURE(srs), which reads its secret (docs/forwarding.md)");
    else carryCanonical(draft, name);
  },
  sender_canonical_classes: (draft, value, name) => {
    if (!isRewriter(draft, "sender_canonical_maps"))
      draft.leave(name, `"${value}": FEATURE(masquerade_envelope) is for envelopes`);
  },
  canonical_maps: (draft, _value, name) => {
    carryCanonical(draft, "canonical_maps");
    draft.leave(
      name,
      "carried over for senders (genericstable); for recipients write the other direction into virtusertable",
    );
  },
  recipient_canonical_maps: unlessEmpty((draft, _value, name) => {
    if (isRewriter(draft, name))
      draft.leave(name, "if this is postsrsd: FEATURE(srs) turns its addresses back (docs/forwarding.md)");
    else draft.leave(name, "entries belong into virtusertable");
  }),
  recipient_canonical_classes: nothing,
  masquerade_domains: (draft) => {
    for (const name of draft.main.list("masquerade_domains")) {
      if (name.startsWith("!")) draft.add("senders", `MASQUERADE_EXCEPTION(\`${name.slice(1)}')`);
      else draft.add("senders", `MASQUERADE_DOMAIN(\`${name}')`);
    }
    draft.add("senders", "FEATURE(`masquerade_entire_domain')");
  },
  masquerade_exceptions: (draft) => {
    for (const name of draft.main.list("masquerade_exceptions")) draft.add("senders", `EXPOSED_USER(\`${name}')`);
  },
  masquerade_classes: leave(
    "FEATURE(masquerade_envelope) is for envelopes, FEATURE(allmasquerade) for recipients: choose",
  ),
  relocated_maps: (draft) => {
    carryRelocated(draft);
    draft.add("recipients", "FEATURE(`redirect')");
  },
  luser_relay: unlessEmpty((draft, value) =>
    draft.define("recipients", "LUSER_RELAY", value.includes("@") ? `esmtp:${value.split("@")[1]}` : `local:${value}`),
  ),
  local_recipient_maps: (draft, value, name) => {
    if (value === "")
      draft.leave(name, "empty: unknown users are taken there; here they are refused (LUSER_RELAY takes them)");
  },
  recipient_delimiter: (draft, value, name) => {
    if (value !== "" && value !== "+") draft.leave(name, `"${value}": here it is + (docs/migrating.md)`);
  },
  home_mailbox: unlessEmpty((draft, value) =>
    mailboxes(draft, `${value.endsWith("/") ? "maildir" : "mbox"}:$z/${value}`),
  ),
  mail_spool_directory: (draft, value) => {
    if (draft.main.value("home_mailbox") === "")
      mailboxes(draft, value.endsWith("/") ? `maildir:${value}$u/` : `mbox:${value}/$u`);
  },
  mailbox_command: unlessEmpty((draft, value, name) => {
    const [program = ""] = value.replace(/^exec\s+/, "").split(/\s+/);
    if (program.endsWith("/procmail")) draft.add("local", `FEATURE(\`local_procmail', \`${program}')`);
    else draft.leave(name, `a local mailer of your own: LOCAL_MAILER_PATH and LOCAL_MAILER_ARGS for ${program}`);
  }),
  mailbox_transport: unlessEmpty((draft, value, name) => {
    const [, path] = /^lmtp:unix:(.+)$/.exec(value) ?? [];
    if (path === undefined) return draft.leave(name, `${value}: a local mailer of your own (docs/local-delivery.md)`);
    draft.define("local", "confLOCAL_MAILER", "cyrusv2");
    draft.define(
      "local",
      "CYRUSV2_MAILER_ARGS",
      `FILE ${path.startsWith("/") ? path : join(draft.main.value("queue_directory"), path)}`,
    );
    draft.mailers.add("cyrusv2");
  }),
  mailbox_size_limit: define("limits", "LOCAL_MAILER_MAX", ["", "0"]),
  message_size_limit: define("limits", "confMAX_MESSAGE_SIZE", [""]),
  smtpd_recipient_limit: define("limits", "confMAX_RCPTS_PER_MESSAGE", ["", "0"]),
  smtpd_soft_error_limit: define("limits", "confBAD_RCPT_THROTTLE", [""]),
  default_process_limit: define("limits", "confMAX_DAEMON_CHILDREN", [""]),
  smtpd_timeout: (draft, value) => time(draft, "confTO_COMMAND", value),
  smtp_connect_timeout: (draft, value) => time(draft, "confTO_CONNECT", value),
  maximal_queue_lifetime: (draft, value) => time(draft, "confTO_QUEUERETURN", value, "d"),
  bounce_queue_lifetime: nothing,
  delay_warning_time: (draft, value) => time(draft, "confTO_QUEUEWARN", value, "h"),
  minimal_backoff_time: (draft, value) => time(draft, "confMIN_QUEUE_AGE", value),
  maximal_backoff_time: nothing,
  queue_run_delay: nothing,
  smtpd_banner: (draft, value) =>
    draft.define(
      "limits",
      "confSMTP_LOGIN_MSG",
      value
        .replace(draft.main.value("myhostname"), "$j")
        .replace(/\(.*?\)/g, "")
        .trim(),
    ),
  smtpd_helo_required: (draft, value) => {
    if (value === "yes") draft.privacy.add("needmailhelo");
  },
  disable_vrfy_command: (draft, value) => {
    if (value === "yes") for (const word of ["novrfy", "noexpn"]) draft.privacy.add(word);
  },
  "2bounce_notice_recipient": define("limits", "confDOUBLE_BOUNCE_ADDRESS"),
  forward_path: leave("set confFORWARD_PATH: $home is $z there, $user is $u"),
  smtpd_tls_cert_file: define("tls", "confSERVER_CERT"),
  smtpd_tls_key_file: define("tls", "confSERVER_KEY"),
  smtpd_tls_chain_files: (draft) => {
    const [key = "", cert = key] = draft.main.list("smtpd_tls_chain_files");
    draft.define("tls", "confSERVER_CERT", cert);
    draft.define("tls", "confSERVER_KEY", key);
  },
  smtpd_tls_CAfile: define("tls", "confCACERT"),
  smtpd_tls_CApath: define("tls", "confCACERT_PATH"),
  smtp_tls_cert_file: define("tls", "confCLIENT_CERT"),
  smtp_tls_key_file: define("tls", "confCLIENT_KEY"),
  smtp_tls_CAfile: nothing,
  smtp_tls_CApath: nothing,
  smtpd_tls_security_level: (draft, value, name) => {
    if (!["", "may", "none"].includes(value))
      draft.leave(name, `"${value}": M=s of a port, or TLS_Clt: keys of the access table`);
  },
  smtp_tls_security_level: (draft, value, name) => {
    if (value === "encrypt") draft.put("access", "TLS_Srv:\tENCR:112");
    else if (value === "dane") draft.define("tls", "confDANE", "true");
    else if (value === "dane-only")
      draft.leave(name, `"${value}": define confDANE, and a rule below LOCAL_TLS_SERVER that wants {verify} TRUSTED`);
    else if (!["", "may", "none"].includes(value)) draft.leave(name, `"${value}": TLS_Srv: keys of the access table`);
  },
  smtp_dns_support_level: nothing,
  smtp_tls_policy_maps: unlessEmpty(leave("keys TLS_Srv:DOMAIN of the access table: ENCR:112, VERIFY")),
  smtpd_sasl_auth_enable: (draft, value, name) => {
    if (value !== "yes") return;
    const path = draft.main.value("smtpd_sasl_path") || "smtpd";
    if (draft.main.value("smtpd_sasl_type") !== "dovecot")
      return draft.leave(
        name,
        "define confAUTH_SOURCE: saslauthd:/run/saslauthd/mux, or file:/etc/mail/passwords (docs/submission.md)",
      );
    draft.define(
      "tls",
      "confAUTH_SOURCE",
      `dovecot:${path.startsWith("/") ? path : join(draft.main.value("queue_directory"), path)}`,
    );
    draft.add("tls", "TRUST_AUTH_MECH(`PLAIN LOGIN')");
  },
  smtpd_sasl_type: nothing,
  smtpd_sasl_path: nothing,
  smtpd_sasl_security_options: nothing,
  smtpd_sasl_tls_security_options: nothing,
  smtpd_sasl_local_domain: nothing,
  broken_sasl_auth_clients: nothing,
  smtpd_tls_auth_only: nothing,
  smtp_sasl_auth_enable: nothing,
  smtp_sasl_password_maps: unlessEmpty((draft) => carryPasswords(draft)),
  smtp_sasl_security_options: nothing,
  smtp_sasl_tls_security_options: nothing,
  smtp_sasl_mechanism_filter: nothing,
  smtpd_client_restrictions: carryRestrictions,
  smtpd_helo_restrictions: carryRestrictions,
  smtpd_sender_restrictions: carryRestrictions,
  smtpd_relay_restrictions: carryRestrictions,
  smtpd_recipient_restrictions: carryRestrictions,
  smtpd_data_restrictions: carryRestrictions,
  smtpd_delay_reject: nothing,
  smtpd_client_connection_rate_limit: leave("FEATURE(ratecontrol) and ClientRate: in the access table"),
  smtpd_client_connection_count_limit: leave("FEATURE(conncontrol) and ClientConn: in the access table"),
  postscreen_greet_wait: (draft, value) =>
    draft.add("access", `FEATURE(\`greet_pause', \`${Number.parseInt(value, 10) * 1000}')`),
  smtp_bind_address: unlessEmpty((draft, value) => draft.add("ports", `CLIENT_OPTIONS(\`Addr=${value}')`)),
  smtpd_milters: (draft) => {
    for (const [index, word] of draft.main.list("smtpd_milters").entries()) filter(draft, word, index + 1);
  },
  non_smtpd_milters: nothing,
  milter_default_action: nothing,
  milter_protocol: nothing,
  header_checks: unlessEmpty(leave("rules of your own: docs/migrating.md has one")),
  body_checks: unlessEmpty(leave("a mail filter (docs/milter.md)")),
  mime_header_checks: unlessEmpty(leave("a mail filter (docs/milter.md)")),
  nested_header_checks: unlessEmpty(leave("a mail filter (docs/milter.md)")),
  content_filter: unlessEmpty(
    leave("a mail filter (docs/milter.md), or SMART_HOST to the filter and a port for its way back"),
  ),
  always_bcc: unlessEmpty(leave("FEATURE(bcc)")),
  sender_bcc_maps: unlessEmpty(leave("FEATURE(bcc)")),
  recipient_bcc_maps: unlessEmpty(leave("an alias with both")),
  sender_dependent_relayhost_maps: unlessEmpty(
    leave("no counterpart: a mailer for each relay, and a rule that chooses by sender"),
  ),
};

/** Settings by which Postfix knows its own parts, or that have no meaning here. */
const OWN =
  /^(?:compatibility_level|config_directory|(?:command|daemon|data|queue|mail|html|manpage|sample|readme|meta|shlib)_(?:directory|owner)|mail_name|mail_version|sendmail_path|newaliases_path|mailq_path|setgid_group|default_privs|debug_.*|debugger_command|unknown_.*_code|.*_reject_code|biff|append_dot_mydomain|append_at_myorigin|swap_bangpath|smtputf8_enable|export_environment|import_environment|maillog_file|.*_session_cache_database|.*_tls_loglevel|.*_tls_received_header|smtpd_use_tls|smtp_use_tls|smtp_tls_note_starttls_offer|.*_tls_(?:mandatory_)?(?:protocols|ciphers|exclude_ciphers)|tls_.*|strict_rfc821_envelopes|.*_destination_(?:concurrency|recipient)_limit|.*_destination_rate_delay|show_user_unknown_table_name|proxy_read_maps|address_verify_.*|anvil_.*|in_flow_delay|header_size_limit|line_length_limit|hopcount_limit|local_transport|default_transport|relay_transport|parent_domain_matches_subdomains|mailbox_delivery_lock|deliver_lock_.*|virtual_mailbox_limit|virtual_mailbox_lock|lmtp_.*|smtpd_log_access_permit_actions|notify_classes|smtp_helo_timeout|smtp_data_.*_timeout|multi_instance_.*)$/;

/** Carries over every setting that is there, and those that count without. */
export function carrySettings(draft: Draft): void {
  const { main } = draft;
  for (const { name } of main.settings) {
    const carry = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
    if (carry !== undefined) carry(draft, main.value(name), name);
    else if (!OWN.test(name) && !usedElsewhere(draft, name)) draft.leave(name, "nothing here is known for it");
  }
  for (const name of ["mydestination", "mynetworks", "alias_maps", "mail_spool_directory"])
    if (!main.has(name)) SETTINGS[name]?.(draft, main.value(name), name);
}

/** Addresses are changed by another program, as postsrsd does. */
function isRewriter({ main }: Draft, name: string): boolean {
  return main.list(name).some((word) => /^(?:tcp|socketmap):/.test(word));
}

/** A name of one's own, for use in others. */
function usedElsewhere({ main }: Draft, name: string): boolean {
  const used = new RegExp(`\\$(?:${name}\\b|[{(]${name}[)}?:])`);
  return main.settings.some(({ raw }) => used.test(raw));
}

function mailboxes(draft: Draft, place: string): void {
  if (draft.main.value("mailbox_command") !== "" || draft.main.value("mailbox_transport") !== "") return;
  draft.define("local", "LOCAL_MAILER_PATH", "[LOCAL]");
  draft.define("local", "LOCAL_MAILER_ARGS", `LOCAL ${place}`);
  draft.define("local", "LOCAL_MAILER_FLAGS", "Pn9");
}

/** `5d`, `300s`, `300`: seconds without a letter, or another unit. */
function time(draft: Draft, macro: string, value: string, unit = "s"): void {
  const [, number, letter = unit] = /^(\d+)([smhdw]?)$/.exec(value)?.map((each) => each || undefined) ?? [];
  if (number !== undefined && number !== "0") draft.define("limits", macro, `${number}${letter}`);
}

/** `inet:127.0.0.1:8891`, `unix:/run/opendkim.sock`, `local:...` */
function filter(draft: Draft, word: string, number: number): void {
  const name = `filter${number}`;
  const [, host, port] = /^inet6?:([^:]+|\[.*\]):(\d+)$/.exec(word) ?? [];
  const [, path] = /^(?:unix|local):(.+)$/.exec(word) ?? [];
  const action = draft.main.value("milter_default_action");
  const failure = action === "accept" ? "" : action === "reject" ? ", F=R" : ", F=T";
  const absolute =
    path === undefined ? undefined : path.startsWith("/") ? path : join(draft.main.value("queue_directory"), path);
  const bare = host?.replace(/^\[|\]$/g, "") ?? "";
  const place =
    port === undefined ? absolute && `unix:${absolute}` : `inet${isIP(bare) === 6 ? "6" : ""}:${port}@${bare}`;
  if (place === undefined) return draft.leave("smtpd_milters", `"${word}" is no socket that is known`);
  draft.add("filters", `INPUT_MAIL_FILTER(\`${name}', \`S=${place}${failure}')`);
}
