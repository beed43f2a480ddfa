/** site.mc and submit.mc: texts that an administrator goes on with, each line with its reason beside it. */
import { join } from "node:path";
import { dkimFolder, tlsFiles, usersFile } from "./settings-files.ts";
import { hasLogins, hasMailboxes, receives, signs, type Wishes } from "./wishes.ts";

/** One part of the file: a heading, and lines. */
type Section = readonly [heading: string, ...lines: string[]] | undefined;

export function siteMc(wishes: Wishes): string {
  const { shape, domain } = wishes;
  const sections = shape.kind === "nullclient" ? nullclient(wishes, shape.server) : full(wishes);
  const parts = sections.flatMap((section) =>
    section === undefined ? [] : [`dnl --- ${section[0]}`, ...section.slice(1).map(ended), ""],
  );
  return [...head(wishes), `VERSIONID(\`${shape.kind}: ${domain}')dnl`, "OSTYPE(`linux')dnl", "", ...parts].join("\n");
}

/** Comments stand as they are, all else ends with dnl. */
function ended(line: string): string {
  return line.startsWith("dnl") ? line : `${line}dnl`;
}

const TITLES: Readonly<Record<Wishes["shape"]["kind"], string>> = {
  standalone: "A mail server with the mailboxes of one domain",
  mailhub: "A mail hub: the mailboxes of an organisation, and several domains",
  smarthost:
    "A machine behind a smart host: its own users get their mail here, everything else goes to one other server",
  nullclient: "A machine that only sends: all mail goes to the hub",
  gateway: "A gateway: takes mail from the internet for the server behind it",
};

function head({ shape, places: { settings } }: Wishes): string[] {
  const [mc, cf] = [join(settings, "site.mc"), join(settings, "sendmail.cf")];
  return [
    "divert(-1)",
    "#",
    `# ${TITLES[shape.kind]}. Written by rulemail setup; it is yours now.`,
    "# After a change:",
    `#   rulemail lint ${mc}`,
    `#   rulemail mc -o ${cf} ${mc}`,
    "#   and kill -HUP the server, which goes on with the old configuration when something is wrong with the new one.",
    "# Tables need no restart:  makemap hash TABLE < TABLE.  rulemail doctor says what is wrong with the whole.",
    "# A text stands between ` and '; what is behind dnl is a comment.",
    "#",
    "divert(0)dnl",
  ];
}

function full(wishes: Wishes): readonly Section[] {
  return [
    names(wishes),
    files(wishes),
    users(wishes),
    mailboxes(wishes),
    ports(wishes),
    tls(wishes),
    logins(wishes),
    next(wishes),
    recipients(wishes),
    senders(wishes),
    access(wishes),
    checks(wishes),
    signing(wishes),
    [
      "limits: octets and recipients of a message",
      "define(`confMAX_MESSAGE_SIZE', `52428800')",
      "define(`confMAX_RCPTS_PER_MESSAGE', `500')",
      "define(`confBAD_RCPT_THROTTLE', `5')",
      "define(`confPRIVACY_FLAGS', `authwarnings,novrfy,noexpn,restrictqrun')",
    ],
    ["mailers come last", "MAILER(`local')", "MAILER(`smtp')"],
  ];
}

function names({ host, places: { settings } }: Wishes): Section {
  return [
    "names: this host, as DNS knows it; further domains whose users are those of this host stand in local-host-names",
    `define(\`confDOMAIN_NAME', \`${host}')`,
    "define(`confDONT_PROBE_INTERFACES', `True')",
    `define(\`confCW_FILE', \`-o ${settings}/local-host-names')`,
    "FEATURE(`use_cw_file')",
  ];
}

function files({ places: { settings, home } }: Wishes): Section {
  return [
    "files: the queue and what else the server writes is below its home, what you write is beside this file",
    `define(\`MAIL_SETTINGS_DIR', \`${settings}/')`,
    `define(\`QUEUE_DIR', \`${home}/queue')`,
    `define(\`ALIAS_FILE', \`implicit:-o ${settings}/aliases')`,
    `define(\`confPID_FILE', \`${home}/rulemail.pid')`,
    `define(\`confCR_FILE', \`-o ${settings}/relay-domains')`,
    "undefine(`STATUS_FILE')",
    "undefine(`HELP_FILE')",
  ];
}

function users(wishes: Wishes): Section {
  if (!hasMailboxes(wishes)) return undefined;
  if (wishes.users.kind === "accounts")
    return ["users: the accounts of this machine", "define(`confMAILBOX_DATABASE', `pw')"];
  return [
    "users: those of a file in the form of /etc/passwd: mailboxes without accounts",
    `define(\`confMAILBOX_DATABASE', \`passwd:${usersFile(wishes.places)}')`,
  ];
}

function mailboxes(wishes: Wishes): Section {
  return [
    "mailboxes: the server writes Maildir folders itself; one file for each user:  LOCAL mbox:.../$u",
    "define(`LOCAL_MAILER_PATH', `[LOCAL]')",
    `define(\`LOCAL_MAILER_ARGS', \`LOCAL maildir:${wishes.places.mailboxes}/$u/')`,
    "define(`LOCAL_MAILER_FLAGS', `Pn9')",
  ];
}

function ports(wishes: Wishes): Section {
  const { smtp, submission, submissions } = wishes.ports;
  const none = "FEATURE(`no_default_msa')";
  if (!receives(wishes))
    return [
      "ports: only programs of this machine may send",
      none,
      `DAEMON_OPTIONS(\`Name=MTA, Port=${smtp}, Addr=127.0.0.1')`,
    ];
  const six = wishes.ipv6 ? [`DAEMON_OPTIONS(\`Name=MTA6, Port=${smtp}, Family=inet6')`] : [];
  const mta = [`DAEMON_OPTIONS(\`Name=MTA, Port=${smtp}')`, ...six];
  if (!hasLogins(wishes)) return ["ports: mail from other servers", none, ...mta];
  return [
    `ports: ${smtp} for other servers; ${submission} and, inside TLS from the first octet, ${submissions} for our users, who log in`,
    none,
    ...mta,
    `DAEMON_OPTIONS(\`Name=MSA, Port=${submission}, M=Ea')`,
    `DAEMON_OPTIONS(\`Name=TLSMSA, Port=${submissions}, M=Eas')`,
  ];
}

function tls(wishes: Wishes): Section {
  if (!receives(wishes)) return undefined;
  const { certFile, keyFile } = tlsFiles(wishes);
  const test = wishes.certificate === undefined;
  return [
    test
      ? "TLS: a certificate that nobody vouches for. Put that of an authority in its place, or name its files here"
      : "TLS: the server sees a new certificate by itself",
    ...(test
      ? [
          "dnl with certbot:  certbot certonly --standalone -d HOST, and /etc/letsencrypt/live/HOST/fullchain.pem and privkey.pem below;",
          "dnl with acme.sh:  acme.sh --install-cert -d HOST --fullchain-file CERT --key-file KEY. Nothing has to be restarted.",
        ]
      : []),
    `define(\`confSERVER_CERT', \`${certFile}')`,
    `define(\`confSERVER_KEY', \`${keyFile}')`,
  ];
}

function logins(wishes: Wishes): Section {
  if (!hasLogins(wishes)) return undefined;
  return [
    "logins: rulemail passwd add NAME. Who has one may send to everywhere; passwords are taken inside TLS only",
    `define(\`confAUTH_SOURCE', \`file:${wishes.places.settings}/passwords')`,
    "TRUST_AUTH_MECH(`PLAIN LOGIN SCRAM-SHA-1 SCRAM-SHA-256')",
  ];
}

function next({ shape }: Wishes): Section {
  if (shape.kind === "smarthost")
    return [
      "the other server; in brackets its MX records are not asked. When it wants a login: FEATURE(`authinfo') (docs/outgoing-tls-auth.md)",
      `define(\`SMART_HOST', \`esmtp:${shape.server}')`,
      ...toPort(shape.port),
    ];
  if (shape.kind === "gateway")
    return [
      "the server behind this one gets what is for nobody here; domains of relay-domains go where mailertable says",
      `define(\`MAIL_HUB', \`esmtp:${shape.server}')`,
      ...toPort(shape.port),
    ];
  return undefined;
}

function toPort(port: number | undefined): string[] {
  return port === undefined ? [] : [`define(\`ESMTP_MAILER_ARGS', \`TCP $h ${port}')`];
}

function recipients({ shape, places: { settings } }: Wishes): Section {
  if (shape.kind === "smarthost") return undefined;
  const hub = shape.kind === "mailhub";
  return [
    "recipients: domains that live elsewhere (mailertable); addresses that are only entries of a table (virtusertable)",
    "FEATURE(`mailertable')",
    ...(shape.kind === "gateway" ? [] : ["FEATURE(`virtusertable')"]),
    ...(hub ? [`VIRTUSER_DOMAIN_FILE(\`-o ${settings}/virtual-domains')`, "FEATURE(`redirect')"] : []),
  ];
}

function senders({ domain, host, shape }: Wishes): Section {
  if (shape.kind === "gateway")
    return ["senders: names without a domain get that of this host", "FEATURE(`always_add_domain')"];
  const generics = ["FEATURE(`genericstable')", `GENERICS_DOMAIN(\`${host} ${domain}')`];
  return [
    "senders: mail shows the domain, not the host; root stays recognisable",
    `MASQUERADE_AS(\`${domain}')`,
    "FEATURE(`masquerade_envelope')",
    "FEATURE(`always_add_domain')",
    ...(shape.kind === "mailhub" ? generics : []),
    "EXPOSED_USER(`root')",
  ];
}

function access(wishes: Wishes): Section {
  if (!receives(wishes)) return undefined;
  const gateway = wishes.shape.kind === "gateway";
  return [
    "who may do what: the table access. Nobody but this machine and who logs in may send to other hosts",
    "FEATURE(`access_db')",
    "FEATURE(`blocklist_recipients')",
    ...(gateway
      ? ["FEATURE(`delay_checks', `friend')", "FEATURE(`greet_pause', `5000')", "FEATURE(`block_bad_helo')"]
      : []),
  ];
}

/** To begin with nobody is refused: an operator first sees in the log whom it would hit. */
function checks(wishes: Wishes): Section {
  if (!receives(wishes)) return undefined;
  return [
    "who has sent it: SPF, DKIM, DMARC and ARC are looked at; result in Authentication-Results and in the log (docs/sender.md)",
    "dnl nobody is refused for it yet. To refuse what is forged:  FEATURE(`spf') and FEATURE(`dmarc')",
    "FEATURE(`spf', `tag')",
    "FEATURE(`dmarc', `tag')",
  ];
}

function signing(wishes: Wishes): Section {
  if (!signs(wishes)) return undefined;
  return [
    "mail that leaves is signed with the keys in this folder (DKIM)",
    `FEATURE(\`dkim_sign', \`${dkimFolder(wishes.places)}')`,
  ];
}

function nullclient(wishes: Wishes, hub: string): readonly Section[] {
  const { domain, host, places } = wishes;
  return [
    ["this host", `define(\`confDOMAIN_NAME', \`${host}')`, "define(`confDONT_PROBE_INTERFACES', `True')"],
    [
      "the queue, for while the hub does not answer",
      `define(\`QUEUE_DIR', \`${places.home}/queue')`,
      `define(\`confPID_FILE', \`${places.home}/rulemail.pid')`,
      "undefine(`STATUS_FILE')",
      "undefine(`HELP_FILE')",
    ],
    [
      "nothing is delivered here: no program is needed for it",
      "define(`LOCAL_MAILER_PATH', `[LOCAL]')",
      `define(\`LOCAL_MAILER_ARGS', \`LOCAL maildir:${places.mailboxes}/$u/')`,
      "define(`LOCAL_MAILER_FLAGS', `Pn9')",
    ],
    ports(wishes),
    [
      "everything goes to the hub; senders are those of the domain",
      `MASQUERADE_AS(\`${domain}')`,
      `FEATURE(\`nullclient', \`${hub}')`,
    ],
  ];
}

/** For the command sendmail of this machine's users, where it speaks SMTP with the server. */
export function submitMc({ places: { settings, home } }: Wishes): string {
  return [
    "divert(-1)",
    "#",
    "# The command sendmail, as users and programs of this machine call it. It hands mail to the server; while none runs the mail",
    `# waits in ${home}/clientmqueue. Written by rulemail setup.`,
    `#   rulemail mc -o ${settings}/submit.cf ${settings}/submit.mc`,
    "#",
    "divert(0)dnl",
    "VERSIONID(`submit: mail of the command line')dnl",
    "OSTYPE(`linux')dnl",
    `define(\`MSP_QUEUE_DIR', \`${home}/clientmqueue')dnl`,
    "define(`confTIME_ZONE', `USE_TZ')dnl",
    "undefine(`STATUS_FILE')dnl",
    `define(\`confPID_FILE', \`${home}/submit.pid')dnl`,
    "FEATURE(`msp', `[127.0.0.1]')dnl",
    "undefine(`confRUN_AS_USER')dnl",
    "undefine(`confTRUSTED_USER')dnl",
    "",
  ].join("\n");
}
