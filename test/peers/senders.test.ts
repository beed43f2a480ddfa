/**
 * Mail goes through us: clients and servers as people have them send to our port 25, without TLS and AUTH, and a genuine
 * sendmail behind us gets what they sent, octet for octet. (With TLS and AUTH: submission.test.ts.)
 */
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";
import { postfix } from "../support/postfix.ts";

/** Ours on 127.0.0.1; behind it, for far.test, a genuine sendmail that keeps what it gets in its queue. */
const SERVERS = `
set -u
cd /mnt
umask 022
wait_for() { for _ in $(seq 600); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; echo "waited in vain: $*"; }
listens() { (: </dev/tcp/$1/25) 2>/dev/null; }
cat >theirs.mc <<'END'
OSTYPE(\`linux')
define(\`confDOMAIN_NAME', \`one.far.test')
define(\`QUEUE_DIR', \`/mnt/theirs')
define(\`confREFUSE_LA', \`1000')
define(\`confQUEUE_LA', \`1000')
define(\`confPID_FILE', \`/mnt/theirs.pid')
define(\`confDELIVERY_MODE', \`queueonly')
FEATURE(\`promiscuous_relay')
DAEMON_OPTIONS(\`Port=25, Addr=127.0.0.11, Name=MTA')
FEATURE(\`no_default_msa')
FEATURE(\`accept_unresolvable_domains')
MAILER(\`smtp')
END
library=/usr/share/sendmail/cf/
m4 -D_CF_DIR_=$library \${library}m4/cf.m4 theirs.mc >theirs.cf
touch /etc/mail/aliases /etc/mail/local-host-names
mkdir -p theirs /var/lib/sendmail
chmod 700 theirs
/usr/libexec/sendmail/sendmail -bd -C /mnt/theirs.cf 2>&1
cat >ours.mc <<'END'
OSTYPE(\`linux')
define(\`confPID_FILE', \`/mnt/ours.pid')
FEATURE(\`access_db', \`text -o -k0 -v1 -z| /mnt/access')
FEATURE(\`accept_unresolvable_domains')
DAEMON_OPTIONS(\`Port=25, Addr=127.0.0.1, Name=MTA')
DAEMON_OPTIONS(\`Port=2525, Addr=127.0.0.1, Name=Second')
FEATURE(\`no_default_msa')
MAILER(\`local')
MAILER(\`smtp')
END
printf 'Connect:127|RELAY\\n' >access
rulemail mc ours.mc >ours.cf
sendmail -bd -C /mnt/ours.cf 2>&1 | grep -i error
wait_for listens 127.0.0.1
wait_for listens 127.0.0.11
{
  printf 'first\\n.\\n..\\n.dot\\n\\nFrom here\\n'
  printf 'M\\303\\274nchen, \\351 alone\\n'
  head -c 900 /dev/zero | tr '\\0' x
  printf '\\n'
  yes 'a line of a long message' | head -c 200000
  printf '\\n\\n'
} >body
message() { printf 'From: me@example.test\\nTo: you@far.test\\nSubject: %s\\nMIME-Version: 1.0\\n' "$1"
  printf 'Content-Type: text/plain; charset=utf-8\\nContent-Transfer-Encoding: 8bit\\n\\n'; cat body; }
arrived() { grep -lx "H??Subject: $1" theirs/qf*; }
# What came of it: the same body, whole recipients, and our line in the header.
look() {
  wait_for arrived $1
  control=$(arrived $1)
  data=theirs/df\${control#theirs/qf}
  # swaks ends with one more empty line.
  [ "$(cat $data)" = "$(cat body)" ] && echo "$1: the same octets" || { echo "$1: other octets"; cmp $data body; }
  grep '^RPFD:\\|^R[A-Z]*:' $control | sed "s/^R[A-Z]*:/$1: to /"
  grep -o 'by mail.example.test ([^)]*) with [A-Z]*' $control | sed "s/.*with/$1: with/"
}
`;

/** A Postfix on 127.0.0.12 that hands everything to us, at another port: port 25 of loopback it takes for its own. */
const POSTFIX = postfix(
  `mydestination =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:2525`,
);

/** A genuine sendmail as client; it hands everything to us. */
const SENDMAIL = `
cat >client.mc <<'END'
OSTYPE(\`linux')
define(\`SMART_HOST', \`esmtp:[127.0.0.1]')
define(\`confDOMAIN_NAME', \`client.test')
define(\`QUEUE_DIR', \`/mnt/client')
define(\`confREFUSE_LA', \`1000')
define(\`confQUEUE_LA', \`1000')
define(\`confDELIVERY_MODE', \`i')
MAILER(\`smtp')
END
m4 -D_CF_DIR_=$library \${library}m4/cf.m4 client.mc >client.cf
mkdir -p client
chmod 700 client
`;

function arrived(name: string, to: readonly string[] = ["you"]): string[] {
  return [`${name}: the same octets`, ...to.map((user) => `${name}: to <${user}@far.test>`), `${name}: with ESMTP`];
}

peerDescribe("mail comes in from others and goes on", ["sendmail", "swaks", "postfix"], () => {
  test("what swaks, smtplib, nodemailer, a genuine sendmail and Postfix send arrives as it was", () => {
    const nodemailer = join(import.meta.dirname, "../../node_modules/nodemailer");
    const { stdout, stderr } = runInside(
      "shell",
      `${SERVERS}${SENDMAIL}${POSTFIX}
try() { name=$1; shift; "$@" >out 2>&1 || { echo "$name failed"; tail -n 20 out; }; }
to="--from me@example.test --to you@far.test"
message swaks >text
try swaks swaks --server 127.0.0.1 $to --data text
message pipelining >text
try swaks swaks --server 127.0.0.1 $to,them@far.test --data text --pipeline
message smtplib >text
cat >client.py <<'END'
import smtplib
with smtplib.SMTP("127.0.0.1") as client:
    client.sendmail("me@example.test", ["you@far.test"], open("text", "rb").read().replace(b"\\n", b"\\r\\n"), ["BODY=8BITMIME"])
END
try smtplib python3 client.py
message nodemailer >text
cat >client.cjs <<'END'
const { readFileSync } = require("node:fs");
require("${nodemailer}")
  .createTransport({ host: "127.0.0.1", port: 25 })
  .sendMail({ envelope: { from: "me@example.test", to: "you@far.test" }, raw: readFileSync("text") });
END
try nodemailer ${process.execPath} client.cjs
message sendmail | try sendmail /usr/libexec/sendmail/sendmail -i -B8BITMIME -C /mnt/client.cf -f me@example.test you@far.test
message postfix >text
try postfix swaks --server 127.0.0.12 $to --data text
for name in swaks pipelining smtplib nodemailer sendmail postfix; do look $name; done
kill $(head -n 1 theirs.pid)`,
    );
    expect({ lines: stdout.trim().split("\n"), stderr }).toEqual({
      lines: [
        ...arrived("swaks"),
        ...arrived("pipelining", ["you", "them"]),
        ...arrived("smtplib"),
        ...arrived("nodemailer"),
        ...arrived("sendmail"),
        ...arrived("postfix"),
      ],
      stderr: expect.anything(),
    });
  });
});
