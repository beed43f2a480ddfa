/**
 * Mail that is forwarded by one of ours, by a Postfix with postsrsd, and by another one of ours: at the end SPF passes, and the
 * bounce comes home by all who have rewritten the sender.
 */
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";
import { postfix } from "../support/postfix.ts";

const zone = { GENUINE_ZONE: join(import.meta.dirname, "forwarding-zone") };

const MACHINE = `
set -u
cd /mnt
umask 022
wait_for() { for _ in $(seq 600); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; echo "waited in vain: $*"; }
listens() { (: </dev/tcp/$1/25) 2>/dev/null; }
for host in 12 21 23 24 30; do $GENUINE_HERE/genuine ip addr add 10.9.0.$host/32 dev lo; done
# server NAME ADDRESS: one of ours, with a home of its own; more of its .mc file comes from standard input
server() {
  mkdir -p $1
  head -c 18 /dev/urandom | base64 >$1/secret
  chmod 600 $1/secret
  { cat <<END
OSTYPE(\\\`linux')
define(\\\`confDOMAIN_NAME', \\\`$1.test')
define(\\\`confPID_FILE', \\\`/mnt/$1/pid')
define(\\\`QUEUE_DIR', \\\`/mnt/$1/queue')
define(\\\`ALIAS_FILE', \\\`/mnt/$1/aliases')
define(\\\`confLOG_LEVEL', \\\`10')
DAEMON_OPTIONS(\\\`Port=25, Addr=$2, Name=MTA')
CLIENT_OPTIONS(\\\`Addr=$2')
FEATURE(\\\`no_default_msa')
END
    cat
    echo "MAILER(\\\`local')"
    echo "MAILER(\\\`smtp')"
  } >$1/site.mc
  rulemail mc $1/site.mc >$1/site.cf
  RULEMAIL_HOME=/mnt/$1 sendmail -bd -C /mnt/$1/site.cf 2>&1 | grep -i error
  wait_for listens $2
}
srs() { echo "FEATURE(\\\`srs', \\\`', \\\`/mnt/$1/secret')"; }
mkdir -p one three end
echo 'fwd: user@far.test' >one/aliases
echo 'user: joe@end.test' >three/aliases
printf 'joe: ghost\\ncarol: /mnt/carol.mbox\\n' >end/aliases
touch carol.mbox
chown 1:1 carol.mbox
srs one | server one 10.9.0.21 &
srs three | server three 10.9.0.23 &
{ echo "LOCAL_DOMAIN(\\\`a.test')"; echo LOCAL_CONFIG; echo 'O SenderChecks=spf'; } | server end 10.9.0.24 &
wait
`;

/** A Postfix on 10.9.0.12 that forwards user@far.test; postsrsd rewrites senders for it. */
const POSTFIX = postfix(
  `mydestination = localhost
virtual_alias_domains = far.test
virtual_alias_maps = inline:{ { user@far.test = user@three.test } }
mynetworks =
smtpd_relay_restrictions = reject_unauth_destination
smtp_bind_address = 10.9.0.12
sender_canonical_maps = tcp:127.0.0.1:10001
sender_canonical_classes = envelope_sender
recipient_canonical_maps = tcp:127.0.0.1:10002
recipient_canonical_classes = envelope_recipient
inet_interfaces = 10.9.0.12
myhostname = far.test`,
  `echo postfix-secret >postsrsd.secret
sed -i 's/^127.0.0.12:25/10.9.0.12:25/; s/^myhostname = two.*//; s/^inet_interfaces = loopback-only//' /etc/postfix/master.cf /etc/postfix/main.cf
postsrsd -4 -s /mnt/postsrsd.secret -d far.test -D`,
).replace("listens 127.0.0.12 25", "listens 10.9.0.12");

peerDescribe("forwarded mail", ["sendmail", "postfix", "postsrsd", "swaks", "root"], () => {
  test("by ours, a Postfix and ours passes SPF at the end, and its bounce comes home", () => {
    const { stdout, stderr } = runInside(
      "shell",
      `${MACHINE}${POSTFIX}
swaks --server 10.9.0.21 --local-interface 10.9.0.30 --ehlo client.a.test --from carol@a.test --to fwd@one.test \\
  --header 'Subject: forwarded' >out 2>&1 || tail out
wait_for test -s carol.mbox
# Hashes are made by secrets of this run, and the day is that of today.
for name in one three end; do
  grep -o 'from=<[^>]*>' $name/log | sed "s/^/$name: /; s/=[^=]*=\\([A-Z2-7][A-Z2-7]\\)=a.test/=HASH=DAY=a.test/; s/SRS1=[^=]*=/SRS1=HASH=/"
done
grep -o 'sender: .* spf=[a-z]* ([^)]*)' end/log | sed 's/.* spf=/spf=/' | sort -u
grep -o '^Subject: Returned mail.*' carol.mbox
grep -c 'Subject: forwarded' carol.mbox
`,
      true,
      zone,
    );
    expect({ lines: stdout.trimEnd().split("\n"), stderr }).toEqual({
      lines: [
        "one: from=<carol@a.test>",
        "one: from=<>",
        "three: from=<SRS1=HASH=one.test==HASH=DAY=a.test=carol@far.test>",
        "three: from=<>",
        "end: from=<SRS1=HASH=one.test==HASH=DAY=a.test=carol@three.test>",
        "end: from=<>",
        "end: from=<>",
        "spf=pass (one.test: a)",
        "spf=pass (three.test: a)",
        "Subject: Returned mail: see transcript for details",
        "1",
      ],
      stderr: "",
    });
  });
});
