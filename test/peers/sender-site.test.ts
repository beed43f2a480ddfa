/**
 * One site with all that is about senders, and its line: SPF, DMARC, signatures, seals, SRS, DANE, MTA-STS, delay_checks, the access
 * table and a filter in one .mc. A message is received, forwarded, and its bounce comes home; forged ones are refused.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";

/** Addresses that are not loopback: whoever is on this machine is not looked at. */
const ZONE = `example.com A 192.0.2.25
example.com MX 10 mail.example.com
mail.example.com A 192.0.2.25
a.test MX 10 mx.a.test
a.test TXT v=spf1 ip4:192.0.2.21 -all
_dmarc.a.test TXT v=DMARC1; p=reject
mx.a.test A 192.0.2.21
21.2.0.192.in-addr.arpa PTR mx.a.test
b.test MX 10 mx.b.test
mx.b.test A 192.0.2.22
22.2.0.192.in-addr.arpa PTR mx.b.test
`;

const SITE = `
umask 022
rm -rf /var/spool/* /var/mail/* /etc/mail
hostname mail.example.com
printf '127.0.0.1 localhost\\n192.0.2.25 mail.example.com\\n' >/etc/hosts
for last in 21 22 23 25; do $TOOLS/peers/genuine ip addr add 192.0.2.$last/32 dev lo; done
await() { for i in $(seq 100); do eval "$1" >/dev/null 2>&1 && return 0; sleep 0.1; done; echo "in vain: $1"; return 1; }
rulemail setup --yes --no-doctor --user ann example.com >/dev/null; echo "setup: $?"
head -c 24 /dev/urandom | base64 >/etc/mail/srs-secret; chmod 600 /etc/mail/srs-secret
cd /etc/mail
cat >more <<'END'
FEATURE(\`delay_checks', \`friend')dnl
FEATURE(\`srs', \`example.com', \`/etc/mail/srs-secret')dnl
FEATURE(\`sts')dnl
define(\`confARC_SEAL', \`example.com')dnl
define(\`confDANE', \`true')dnl
define(\`confREQUIRE_TLS', \`true')dnl
INPUT_MAIL_FILTER(\`away', \`S=inet:8891@127.0.0.1')dnl
END
sed -i "/^FEATURE(.blocklist_recipients/r more
s/, .tag')/)/
s/Port=25'/Port=25, Addr=192.0.2.25'/" site.mc
echo 'fwd: bob@b.test' >>aliases
rulemail lint --here site.mc >/mnt/lint; echo "lint: $? $(grep -c 'error\\|warning' /mnt/lint)"
rulemail mc -o sendmail.cf site.mc; echo "mc: $?"
sendmail -bd; echo "start: $?"
mkdir /mnt/taken
$NODE $TOOLS/support/recording-sink.mjs /mnt/taken 192.0.2.21:25 8BITMIME 192.0.2.22:25 8BITMIME &
sink=$!
await 'test -e /mnt/taken/ready'
cat >/mnt/send.mjs <<'END'
import { connect } from "node:net";
const [localAddress, ...lines] = process.argv.slice(2);
let text = "";
connect({ port: 25, host: "192.0.2.25", localAddress }).on("data", function (octets) {
  text += octets;
  const [last] = text.match(/^\\d{3} .*\\r\\n$/m) ?? [];
  if (last === undefined) return;
  text = "";
  if (/^5|accepted/m.test(last)) console.log(last.trim().replace(/ \\w{14} /, " ID "));
  const line = lines.shift();
  if (line === undefined) this.end();
  else this.write(line.replaceAll("|", "\\r\\n") + "\\r\\n");
});
END
send() { $NODE /mnt/send.mjs "$@" QUIT; }
`;

peerDescribe("all about senders in one site", ["root"], () => {
  test("received, forwarded and bounced; forged mail is refused", () => {
    const folder = mkdtempSync(join(tmpdir(), "one-site-"));
    const tools = join(import.meta.dirname, "..");
    writeFileSync(join(folder, "zone"), ZONE);
    try {
      const { stdout, stderr } = runInside(
        "bare",
        `${SITE}
message='Subject: hi|Date: Tue, 1 Dec 2026 00:00:00 +0000|Message-ID: <1@a.test>||hello|.'
send 192.0.2.21 'EHLO mx.a.test' 'MAIL FROM:<joe@a.test>' 'RCPT TO:<ann@example.com>' 'RCPT TO:<fwd@example.com>' DATA "From: joe@a.test|$message"
send 192.0.2.23 'EHLO mx.c.test' 'MAIL FROM:<joe@a.test>' 'RCPT TO:<ann@example.com>'
send 192.0.2.22 'EHLO mx.b.test' 'MAIL FROM:<bob@b.test>' 'RCPT TO:<ann@example.com>' DATA "From: joe@a.test|$message"
await 'test -s /mnt/taken/bob && ls /var/mail/ann/new/*'
grep -ho '^Authentication-Results: .*\\|^ARC-Seal: .*\\|spf=pass.*\\|dmarc=pass.*' /var/mail/ann/new/* | tr -d '\\r'
grep -o '^MAIL FROM:<SRS0=\\|^ARC-Seal:\\|cv=none' /mnt/taken/bob
back=$(sed -n 's/^MAIL FROM:<\\([^>]*\\)>.*/\\1/p' /mnt/taken/bob)
send 192.0.2.22 'EHLO mx.b.test' 'MAIL FROM:<>' "RCPT TO:<$back>" DATA 'From: <postmaster@b.test>|Subject: no|||.'
await 'test -s /mnt/taken/joe'
head -n 2 /mnt/taken/joe
printf 'Subject: ours\\n\\nx\\n' | sendmail -f ann@example.com you@b.test
await 'test -s /mnt/taken/you'
grep -o 'd=example.com; s=mail' /mnt/taken/you
mailq | tail -n 1
kill $sink $(head -n 1 /var/spool/rulemail/rulemail.pid)
`,
        true,
        {
          GENUINE_ZONE: join(folder, "zone"),
          TOOLS: tools,
          NODE: process.execPath,
        },
      );
      expect([stdout.split("\n").map((line) => line.trim()), stderr]).toEqual([
        [
          "setup: 0",
          "lint: 0 0",
          "mc: 0",
          "start: 0",
          "250 2.0.0 ID Message accepted for delivery",
          "550 5.7.23 <ann@example.com>... SPF: 192.0.2.23 may not send mail of a.test",
          "550 5.7.26 DMARC: a.test has not sent this message",
          "Authentication-Results: mail.example.com;",
          "spf=pass smtp.mailfrom=a.test;",
          "dmarc=pass (p=reject) header.from=a.test",
          "MAIL FROM:<SRS0=",
          "ARC-Seal:",
          "cv=none",
          "250 2.0.0 ID Message accepted for delivery",
          "MAIL FROM:<>",
          "RCPT TO:<joe@a.test>",
          "d=example.com; s=mail",
          "Total requests: 0",
          "",
        ],
        "",
      ]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
