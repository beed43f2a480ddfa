/** `rulemail migrate`: what becomes of a site of Postfix or sendmail, what is said about the rest, and which decisions are compared. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { runMigrate } from "../../../../src/cli/migrate/command.ts";
import { MainCf } from "../../../../src/cli/migrate/postfix/main-cf.ts";
import { networkKeys } from "../../../../src/cli/migrate/postfix/networks.ts";
import { accessAction, transportTarget } from "../../../../src/cli/migrate/postfix/tables.ts";
import { runCommand } from "../../../support/command.ts";
import { type DnsServer, startDnsServer, writeMachine } from "../../../support/dns-server.ts";

let dns: DnsServer;
let machine: ReturnType<typeof writeMachine>;
const before = { machine: process.env.RULEMAIL_MACHINE, home: process.env.RULEMAIL_HOME };
let folder: string;

beforeAll(async () => {
  dns = await startDnsServer({});
  machine = writeMachine(dns.machine({ hostName: "mail.example.test", hostsFile: "/dev/null" }));
  process.env.RULEMAIL_MACHINE = machine.file;
});

afterAll(async () => {
  process.env.RULEMAIL_MACHINE = before.machine;
  process.env.RULEMAIL_HOME = before.home;
  if (before.machine === undefined) delete process.env.RULEMAIL_MACHINE;
  if (before.home === undefined) delete process.env.RULEMAIL_HOME;
  machine.remove();
  await dns.close();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "migrate-"));
  process.env.RULEMAIL_HOME = join(folder, "home");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function site(name: string, files: Readonly<Record<string, string>>): string {
  const place = join(folder, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(place, file, ".."), { recursive: true });
    writeFileSync(join(place, file), text.replaceAll("HERE", place));
  }
  return place;
}

async function migrate(...words: readonly string[]) {
  const done = await runCommand(runMigrate, words);
  return { ...done, output: done.output.replaceAll(folder, "") };
}

/** Lines below a heading, up to the next empty one. */
function below(output: string, heading: string): string[] {
  const lines = output.split("\n");
  const at = lines.indexOf(heading);
  return at < 0 ? [] : lines.slice(at + 1, lines.indexOf("", at)).map((line) => line.trim());
}

function written(name: string): string {
  return readFileSync(join(folder, "rulemail", name), "latin1");
}

describe("a site of Postfix", () => {
  const MAIN = `# a comment
myhostname = mail.example.test
mydomain = example.test
mydestination = $mydomain, $myhostname,
  localhost
myorigin = $mydomain
mynetworks = 127.0.0.0/8 192.0.2.0/23
relayhost = [10.9.9.9]:587
relay_domains = partner.example
alias_maps = hash:HERE/aliases
virtual_alias_maps = hash:HERE/virtual
transport_maps = hash:HERE/transport
smtpd_recipient_restrictions = permit_mynetworks reject_unauth_destination
  check_sender_access hash:HERE/senders, reject_rbl_client bl.example.net, check_policy_service unix:private/policy
smtpd_milters = unix:/run/opendkim.sock
message_size_limit = 20480000
header_checks = regexp:/etc/postfix/header_checks
own_network = 10.0.0.0/8
wibble = 1
`;
  const FILES = {
    "main.cf": MAIN,
    "master.cf": `smtp inet n - y - - smtpd
submission inet n - y - - smtpd
  -o smtpd_sasl_auth_enable=yes
  -o content_filter=scan:127.0.0.1:10025
pickup unix n - y 60 1 pickup
lists unix - n n - - pipe
  flags=R user=list argv=/usr/bin/list
`,
    aliases: "postmaster: root\nroot: ann@far.example\nann: ann@far.example\n",
    virtual:
      "example.org virtual\ninfo@example.org ann\nfar@example.org bob@far.example\nteam@example.org ann, bob@far.example\n@example.org root\n",
    transport: "shop.example smtp:[10.0.0.7]\nodd.example smtp:[10.0.0.8]:2525\nfax.example fax:\n",
    senders: "spam.example REJECT go away\nodd.example FILTER scan:\n",
  };

  test("becomes a site.mc and tables; what has no counterpart is told with its line, and addresses go where the tables say", async () => {
    const from = site("postfix", FILES);
    const { status, output, errors } = await migrate("--from", "postfix", from);
    expect([status, errors]).toEqual([1, ""]);
    expect(below(output, "not carried over:")).toEqual([
      "/postfix/main.cf:13: smtpd_recipient_restrictions: check_policy_service unix:private/policy: a mail filter of the same program (docs/milter.md)",
      "/postfix/main.cf:17: header_checks: rules of your own: docs/migrating.md has one",
      "/postfix/main.cf:18: own_network: nothing here is known for it",
      "/postfix/main.cf:19: wibble: nothing here is known for it",
      "/postfix/master.cf:2: service submission: content_filter=scan:127.0.0.1:10025 counts for this port alone",
      "/postfix/master.cf:6: service lists pipes mail into a program: a mailer of your own (docs/language.md)",
      '/postfix/senders:2: odd.example: the action "FILTER scan:" has no counterpart in the access table',
      "/postfix/transport:2: odd.example: port 2525: a mailer of its own is needed (docs/language.md, A=TCP $h 2525)",
      "/postfix/transport:3: fax.example: transport fax is a service of master.cf: it needs a mailer of its own",
    ]);
    expect(output).toContain("\ncompared   9 addresses with its tables: all alike\n");
    const mc = written("site.mc");
    for (const line of [
      "define(`confDOMAIN_NAME', `mail.example.test')dnl",
      "MASQUERADE_AS(`example.test')dnl",
      "define(`SMART_HOST', `esmtp:[10.9.9.9]')dnl",
      "define(`ESMTP_MAILER_ARGS', `TCP $h 587')dnl",
      "DAEMON_OPTIONS(`Name=MSA, Port=587, M=Ea')dnl",
      "FEATURE(`enhdnsbl', `bl.example.net')dnl",
      "INPUT_MAIL_FILTER(`filter1', `S=unix:/run/opendkim.sock, F=T')dnl",
      "define(`confMAX_MESSAGE_SIZE', `20480000')dnl",
    ])
      expect(mc.split("\n")).toContain(line);
    expect(written("access").split("\n").slice(1)).toEqual([
      "Connect:127\tRELAY",
      "Connect:192.0.2\tRELAY",
      "Connect:192.0.3\tRELAY",
      "From:spam.example\tERROR:5.7.1:550 go away",
      "",
    ]);
    // The port of the smart host is that of all of esmtp.
    expect(written("mailertable")).toContain("shop.example\trelay:[10.0.0.7]\n");
    expect(written("virtual-domains")).toContain("example.org\n");
    expect(written("relay-domains")).toContain("partner.example\n");
  });

  test("that checks and rewrites senders by other programs: SPF and DANE are ours, SRS is told of", async () => {
    const from = site("postfix", {
      "main.cf": `myhostname = mail.example.test
mydestination = example.test
smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service unix:private/policyd-spf
smtp_tls_security_level = dane
smtp_dns_support_level = dnssec
sender_canonical_maps = tcp:localhost:10001
sender_canonical_classes = envelope_sender
recipient_canonical_maps = tcp:localhost:10002
recipient_canonical_classes = envelope_recipient,header_recipient
`,
      "master.cf": "smtp inet n - y - - smtpd\n",
    });
    const { output } = await migrate("--from", "postfix", "--no-compare", from);
    const left = below(output, "not carried over:").filter((line) => line.startsWith("/postfix/main.cf"));
    expect(left.filter((line) => !line.includes("alias"))).toEqual([
      "/postfix/main.cf:6: sender_canonical_maps: if this is postsrsd: FEATURE(srs), which reads its secret (docs/forwarding.md)",
      "/postfix/main.cf:8: recipient_canonical_maps: if this is postsrsd: FEATURE(srs) turns its addresses back (docs/forwarding.md)",
    ]);
    const lines = written("site.mc").split("\n");
    expect(lines).toContain("FEATURE(`spf')dnl");
    expect(lines).toContain("define(`confDANE', `true')dnl");
  });

  test("with an alias that leads elsewhere than the table says, is told apart", async () => {
    const from = site("postfix", FILES);
    await migrate("--from", "postfix", "--no-compare", from);
    writeFileSync(
      join(folder, "rulemail/aliases"),
      "ann: x@other.example\nroot: ann@far.example\nvirtual-team-example.org: y@other.example\n",
    );
    const { output } = await migrate("--from", "postfix", from);
    expect(output).toContain("/rulemail/aliases, which would be changed so:");
    const at = output.indexOf("compared ");
    expect(output.slice(at)).toMatch(
      /: \d alike\n {2}\/postfix\/virtual:4: team@example\.org\n {2}- .*x@other\.example.*\n {2}\+ .*y@other\.example/,
    );
  });
});

describe("a site of sendmail", () => {
  const MC = `divert(0)dnl
OSTYPE(\`linux')dnl
define(\`confDOMAIN_NAME', \`mail.example.test')dnl
define(\`QUEUE_DIR', \`/var/spool/mqueue')dnl
define(\`LOCAL_MAILER_PATH', \`[LOCAL]')dnl
define(\`LOCAL_MAILER_ARGS', \`LOCAL maildir:/var/mail/$u/')dnl
define(\`LOCAL_MAILER_FLAGS', \`Pn9')dnl
undefine(\`STATUS_FILE')undefine(\`HELP_FILE')dnl
FEATURE(\`use_cw_file')dnl
FEATURE(\`access_db', \`hash HERE/access')dnl
FEATURE(\`mailertable')dnl
FEATURE(\`virtusertable')dnl
MAILER(\`local')dnl
MAILER(\`smtp')dnl
`;
  const FILES = {
    "sendmail.mc": MC,
    access: "Connect:10 RELAY\n",
    mailertable: "far.example esmtp:[10.1.1.1]\n",
    virtusertable: "info@example.test ann\n",
    aliases: "postmaster: ann@far.example\nann: ann@far.example\n",
    "local-host-names": "example.test\n",
    "m4/own.m4": "dnl\n",
  };

  test("is carried over as it is, with its tables built; what lies elsewhere now is told, and its own files stay", async () => {
    const from = site("mail", FILES);
    const { status, output, errors } = await migrate("--from", "sendmail", from);
    expect([status, errors]).toEqual([0, ""]);
    expect(below(output, "moved:")).toEqual([
      `/mail/sendmail.mc:4: QUEUE_DIR is /home/queue now`,
      "/mail/sendmail.mc:10: paths lead to /rulemail now",
    ]);
    expect(output).toContain("\ncompared   5 addresses with its tables: all alike\n");
    for (const name of ["access.db", "mailertable.db", "virtusertable.db", "sendmail.cf", "m4/own.m4"])
      expect([name, existsSync(join(folder, "rulemail", name))]).toEqual([name, true]);
    for (const [name, text] of Object.entries(FILES))
      expect(readFileSync(join(from, name), "latin1")).toBe(text.replaceAll("HERE", from));
    expect(existsSync(join(from, "access.db"))).toBe(false);
  });

  test("with a database that has no text: that is told", async () => {
    const { access, ...others } = FILES;
    const from = site("mail", { ...others, "access.db": access });
    const { status, output } = await migrate("--from", "sendmail", from);
    expect(status).toBe(1);
    expect(below(output, "not carried over:")[0]).toMatch(
      /^\/mail\/access\.db: there is no text beside it: makemap -u hash access > access/,
    );
  });

  test("without a .mc, with a folder that is not there, with other words: an error that says what to do", async () => {
    const from = site("mail", { "sendmail.cf": "V10\n" });
    expect(await migrate("--from", "sendmail", from)).toEqual({
      status: 66,
      output: "",
      errors: `rulemail migrate: there is no .mc in ${from}: name it with --mc; a .cf alone needs no migration: sendmail -bD -C FILE.cf runs it\n`,
    });
    expect((await migrate("--from", "sendmail", join(folder, "nowhere"))).status).toBe(66);
    expect((await migrate("--from", "exim", from)).status).toBe(64);
    expect((await migrate("--from", "postfix", from)).status).toBe(66);
  });
});

test.each([
  ["192.0.2.1", ["192.0.2.1"]],
  ["192.0.2.0/24", ["192.0.2"]],
  ["10.0.0.0/8", ["10"]],
  ["192.0.2.128/30", ["192.0.2.128", "192.0.2.129", "192.0.2.130", "192.0.2.131"]],
  ["172.16.0.0/14", ["172.16", "172.17", "172.18", "172.19"]],
  ["[2001:db8:1::]/48", ["IPv6:2001:db8:1"]],
  ["[2001:db8::]/64", ["IPv6:2001:db8:0:0"]],
  ["[::1]/128", ["IPv6:::1"]],
  ["2001:db8::/33", undefined],
  ["0.0.0.0/0", undefined],
  ["hash:/etc/postfix/networks", undefined],
])("networkKeys(%s)", (network, keys) => {
  expect(networkKeys(network)).toEqual(keys);
});

test.each([
  ["REJECT", "REJECT"],
  ["REJECT 5.7.9 no", "ERROR:5.7.9:550 no"],
  ["550 5.1.1 gone", "ERROR:5.1.1:550 gone"],
  ["450 later", "ERROR:4.7.1:450 later"],
  ["ok", "OK"],
  ["HOLD", "QUARANTINE:held by the access table"],
  ["FILTER x:", undefined],
])("accessAction(%s)", (value, action) => {
  expect(accessAction(value)).toBe(action);
});

test.each([
  ["smtp:[10.0.0.5]", "x.test", "esmtp:[10.0.0.5]"],
  ["smtp:mx.test:25", "x.test", "esmtp:mx.test"],
  ["relay:", ".x.test", "esmtp:x.test"],
  ["local:", "x.test", "local:"],
  ["error:5.1.1 nobody", "x.test", "error:5.1.1:550 nobody"],
])("transportTarget(%s) for %s", (value, key, target) => {
  expect(transportTarget(value, key, "esmtp")).toMatchObject({ target });
});

test("main.cf: the last setting counts, lines go on, names are put in wherever they stand", () => {
  const main = new MainCf(
    "main.cf",
    "a = 1\na = $b\n  three\nb = two\nc = ${a?yes}${none?no}${none:empty} $(b)\nmyhostname = h.test\n",
  );
  expect(main.value("a")).toBe("two three");
  expect(main.lineOf("a")).toBe(2);
  expect(main.value("c")).toBe("yesempty two");
  expect(main.list("mydestination")).toEqual(["h.test", "localhost.", "localhost"]);
});
