/** StatusFile beside a genuine sendmail: the same sessions are counted in the same way, and each reads the other's file. */
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";

const sessions = join(import.meta.dirname, "../support/statistics-sessions.ts");

const SCRIPT = `
set -u
cat >/mnt/sink <<'END'
#!/bin/sh
cat >/dev/null
END
chmod 755 /mnt/sink
cat >/mnt/common.cf <<'END'
V10/Berkeley
Cwmail.example.test
DnMAILER-DAEMON
O DefaultUser=1:1
O DeliveryMode=i
O OperatorChars=.:@[]<>
O DaemonPortOptions=Port=2600,Addr=127.0.0.1
O MaxMessageSize=1000000
Dj$w
HSubject: $>Subject
Scanonify=3
R$* < $+ > $*	$2
R<>	$@ MAILER-DAEMON
Sparse=0
Rone	$#one $: one
Rtwo	$#one $: two
R$-	$#local $: $1
Rrefused @ $*	$#error $@ 5.1.1 $: "550 no such user"
R$* @ $*	$#esmtp $@ $2 $: $1@$2
SSubject
Rrefused	$#error $@ 5.7.1 $: "550 bad subject"
Rdiscarded	$#discard $: d
Rodd	$#error $@ quarantine $: odd subject
Scheck_mail
R<$* @ refused.test>	$#error $@ 5.7.1 $: "550 refused"
R<$* @ later.test>	$#error $@ 4.7.1 $: "450 later"
R<$* @ discard.test>	$#discard $: d
R<$* @ quarantine.test>	$#error $@ quarantine $: odd
Scheck_rcpt
R<rr>	$#error $@ 5.7.1 $: "550 refused"
R<rd>	$#discard $: d
Mlocal, P=/mnt/sink, F=lsDFMnm, S=10, R=20, A=sink $u
Mprog, P=/mnt/sink, F=lsDFMeu, S=10, R=20, A=sink $u
Mesmtp, P=[IPC], F=mDFMuXa, E=\\r\\n, A=TCP $h 2601
Mone, P=/mnt/sink, F=lsDFMn, S=10, R=20, A=sink $u
END
export RULEMAIL_HOME=/mnt/home
for who in genuine ours; do
  mkdir -m 700 /mnt/$who.queue
  : >/mnt/$who.st
  sed "s,^Dj,O QueueDirectory=/mnt/$who.queue\\nO StatusFile=/mnt/$who.st\\nO PidFile=/mnt/$who.pid\\nDj," /mnt/common.cf >/mnt/$who.cf
  program=/usr/libexec/sendmail/sendmail
  [ $who = genuine ] || program='rulemail sendmail'
  $program -C /mnt/$who.cf -bd >/mnt/started 2>&1 || { cat /mnt/started >&2; exit 1; }
  ${process.execPath} ${sessions}
  printf 'Subject: x\\n\\nx\\n' | $program -C /mnt/$who.cf joe bob
  # A server that ends has written everything; genuine sendmail has one process for each session, which may still be at it.
  for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.2; [ $who = ours ] || pgrep -f 'libexec/sendmail.*client.test' >/dev/null || break; done
  kill $(head -n 1 /mnt/$who.pid)
  for i in 1 2 3 4 5 6 7 8 9 10; do [ -d /proc/$(head -n 1 /mnt/$who.pid) ] || break; sleep 0.2; done
done
for who in genuine ours; do
  /usr/libexec/sendmail/mailstats -C /mnt/common.cf -f /mnt/$who.st -P | tail -n +2
  printf '\\001'
  rulemail mailstats -C /mnt/common.cf -f /mnt/$who.st -P | tail -n +2
  printf '\\001'
done
`;

peerDescribe("statistics", ["sendmail", "root"], () => {
  test("count what genuine sendmail counts, in the same file", () => {
    const { stdout, stderr } = runInside("shell", SCRIPT);
    const [genuine, genuineByUs, ours, oursByUs] = stdout.split("\x01");
    expect(genuine + stderr).toMatch(/^ C +\d/m);
    expect(genuineByUs).toBe(genuine);
    expect(oursByUs).toBe(ours);
    expect(ours).toBe(genuine);
  }, 120_000);
});
