/**
 * What an administrator forbids to programs and files of aliases: smrsh as the shell (FEATURE(smrsh), that of the sendmail package,
 * and by its path our own), and SafeFileEnvironment. The same mail goes to a genuine sendmail and to us; what is written where, and
 * what the sender is told, is compared.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";

const LIBRARY = "/usr/share/sendmail/cf/";
const SMRSH = "/usr/libexec/sendmail/smrsh";

/** Alias values. /etc/mail/smrsh has `note`, and `linked`, a link to one elsewhere; `other` lies elsewhere. */
const COMMANDS: readonly string[] = [
  "|note a",
  "|/somewhere/else/note b",
  "|/mnt/other c",
  "|other c",
  "|linked d",
  "|note d; note e",
  "|note d && note e",
  "|note d || note e",
  "|exec note f",
  "|note g >/mnt/out/x",
  "|note h `id`",
  "|note i $HOME",
  "|note j | note k",
  "|note l & note m",
  "|note 'n o'",
  "|note <p",
  "|(note q)",
  "|exit75",
  "|exit67",
];

const FILES: readonly string[] = [
  "/mnt/safe/new",
  "/mnt/safe/there",
  "/mnt/safe/folder/new",
  "/mnt/safe/none/new",
  "/mnt/elsewhere/new",
  "/mnt/elsewhere/there",
  "/mnt/safe/link",
  "/mnt/safe/hard",
  "/mnt/safer/there",
  "/there",
  "/dev/null",
];

type Kind = "genuine" | "ours";

interface Site {
  readonly name: string;
  readonly lines: string;
  readonly values: readonly string[];
}

const SITES: readonly Site[] = [
  {
    name: "FEATURE(smrsh)",
    lines: "define(`confEBINDIR', `/usr/libexec/sendmail')dnl\nFEATURE(`smrsh')dnl",
    values: COMMANDS,
  },
  { name: "FEATURE(smrsh) with its path", lines: `FEATURE(\`smrsh', \`${SMRSH}')dnl`, values: COMMANDS },
  { name: "SafeFileEnvironment", lines: "define(`confSAFE_FILE_ENV', `/mnt/safe')dnl", values: FILES },
  { name: "no SafeFileEnvironment", lines: "", values: FILES },
];

const OUR_SMRSH = join(import.meta.dirname, "../../bin/smrsh");

/** Named by its path it is our own smrsh for us. */
const mc = ({ lines }: Site, kind: Kind): string => `OSTYPE(\`linux')dnl
define(\`confDOMAIN_NAME', \`mail.example.test')dnl
define(\`confDEF_USER_ID', \`8:8')dnl
define(\`ALIAS_FILE', \`/mnt/aliases')dnl
define(\`confDELIVERY_MODE', \`i')dnl
define(\`QUEUE_DIR', \`/mnt/queue')dnl
DAEMON_OPTIONS(\`Port=2526, Addr=127.0.0.1, Name=MTA')dnl
${kind === "ours" ? lines.replace(SMRSH, OUR_SMRSH) : lines}
FEATURE(\`nocanonify')dnl
MAILER(\`local')dnl
MAILER(\`smtp')dnl
`;

const aliases = ({ values }: Site): string => values.map((value, number) => `case${number}: "${value}"\n`).join("");

const SCRIPT = `
set -u
umask 022
await() { for i in $(seq 300); do eval "$1" >/dev/null 2>&1 && return 0; sleep 0.1; done; echo "in vain: $1"; return 1; }
mkdir -p -m 700 /mnt/queue; mkdir -p /etc/mail/smrsh /mnt/out /mnt/safe /mnt/safer /mnt/elsewhere
echo 'joe:x:2001:2001::/mnt/joe:/bin/sh' >>/etc/passwd
mkdir /mnt/joe; chown 2001:2001 /mnt/joe
chmod 777 /mnt/out
printf '#!/bin/sh\\ncat >/dev/null\\necho "$*" >>/mnt/out/notes\\n' >/etc/mail/smrsh/note
cp /etc/mail/smrsh/note /mnt/other
ln -s /mnt/other /etc/mail/smrsh/linked
printf '#!/bin/sh\\nexit 75\\n' >/etc/mail/smrsh/exit75
printf '#!/bin/sh\\nexit 67\\n' >/etc/mail/smrsh/exit67
chmod 755 /mnt/other /etc/mail/smrsh/*
make_files() {
  rm -rf /mnt/safe/* /mnt/elsewhere/* /mnt/safer/* /mnt/out/*
  mkdir -p /mnt/safe/folder /mnt/safe/mnt/elsewhere
  chmod 777 /mnt/safe /mnt/safe/folder /mnt/safe/mnt/elsewhere /mnt/elsewhere /mnt/safer
  for f in /mnt/safe/there /mnt/elsewhere/there /mnt/safer/there /mnt/safe/mnt/elsewhere/there; do : >$f; chmod 666 $f; done
  : >/mnt/safe/target; chmod 666 /mnt/safe/target; ln -s target /mnt/safe/link
  : >/mnt/safe/first; chmod 666 /mnt/safe/first; ln /mnt/safe/first /mnt/safe/hard
}
told() {
  sort /mnt/out/notes 2>/dev/null
  for f in $(find /mnt/safe /mnt/elsewhere /mnt/safer /mnt/out -name notes -prune -o -type f -print | sort); do
    [ ! -s $f ] || echo "$f $(grep -c '^Subject: x' $f)"
  done
}
`;

function script(kind: Kind, site: Site, folder: string): string {
  const make = {
    genuine: `m4 -D_CF_DIR_=${LIBRARY} ${LIBRARY}m4/cf.m4 ${folder}/site.mc >/etc/mail/sendmail.cf
PATH=/usr/libexec/sendmail:$PATH
newaliases`,
    ours: `rulemail mc ${folder}/site.mc >/etc/mail/sendmail.cf
sendmail -bd -q1h`,
  }[kind];
  // A bounce is seen in the log, or in what a genuine one prints.
  const send =
    kind === "ours"
      ? `sendmail -oi -f joe caseN </mnt/message >/dev/null 2>&1
await 'grep -q "ctladdr=caseN,.*stat=" /var/spool/rulemail/log'
echo "bounced $(grep -c 'ctladdr=caseN,.*dsn=5' /var/spool/rulemail/log)"`
      : `sendmail -Am -oi -odi -v -f joe caseN </mnt/message >/mnt/seen 2>&1
echo "bounced $(grep -c '^joe[.][.][.] Sent' /mnt/seen)"`;
  const each = site.values.map(
    (_value, number) => `make_files
echo "== ${number}"
${send.replaceAll("caseN", `case${number}`)}
told`,
  );
  return `${SCRIPT}
cp ${folder}/aliases /mnt/aliases
printf 'Subject: x\\n\\nbody\\n' >/mnt/message
${make}
${each.join("\n")}
`;
}

peerDescribe("programs and files of aliases that are not free", ["sendmail", "m4", "root"], () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "restricted-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (kind: Kind, site: Site): Record<string, string> => {
    writeFileSync(join(folder, "site.mc"), mc(site, kind));
    writeFileSync(join(folder, "script"), script(kind, site, folder));
    const { stdout, stderr } = runInside("shell", `. ${folder}/script`, kind === "ours");
    if (stdout.includes("in vain") || !stdout.includes("== 0")) throw new Error(`${kind}: ${stdout}${stderr}`);
    const parts = stdout.split("== ").slice(1);
    return Object.fromEntries(parts.map((part, number) => [site.values[number], part.slice(part.indexOf("\n") + 1)]));
  };

  test.each(SITES.map((site) => [site.name, site] as const))(
    "%s",
    (_name, site) => {
      writeFileSync(join(folder, "aliases"), aliases(site));
      const genuine = run("genuine", site);
      expect(run("ours", site)).toEqual(genuine);
    },
    300_000,
  );
});
