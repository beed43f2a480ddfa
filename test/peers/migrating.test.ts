/**
 * docs/migrating.md, step by step, beside a running genuine sendmail with Debian's own configuration: every command of the
 * page is run as it stands there. Until sendmail is stopped its files stay as they are, to the octet, and it goes on
 * answering; afterwards ours answers the same, and the way back is open.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/migrating.md"), "utf8");

/** The commands of each step. */
function steps(): string[] {
  const [, section = ""] = page.split("### Step by step\n");
  const [own] = section.split(/^## /m);
  return [...own.matchAll(/^ {3}```sh\n([^]*?)^ {3}```/gm)].map(([, text]) => text.replace(/^ {3}/gm, ""));
}

/** Debian's sendmail.mc with tables, as a site would have it; running, and with a message that waits. */
const SENDMAIL_RUNS = `
set -u
theirs=/usr/libexec/sendmail
export PATH=/usr/sbin:$PATH
umask 022
cp /usr/share/sendmail/cf/debian/sendmail.mc /etc/mail/
sed -i "/^MAILER_DEFINITIONS/i FEATURE(\\\`mailertable')dnl\\nFEATURE(\\\`virtusertable')dnl" /etc/mail/sendmail.mc
m4 /etc/mail/sendmail.mc >/etc/mail/sendmail.cf
mkdir -p /run/sendmail/mta /var/lib/sendmail/host_status /var/spool/mqueue
chmod 700 /var/spool/mqueue
cd /etc/mail
echo example.test >local-host-names
printf 'postmaster: root\\nteam: root, someone@far.test\\n' >aliases
printf 'From:spam.example\\tREJECT\\n' >access
printf 'far.example\\tesmtp:[127.0.0.11]\\n' >mailertable
printf 'info@example.test\\tteam\\nteamwork@example.test\\tteam\\n' >virtusertable
for table in access mailertable virtusertable; do $theirs/makemap hash $table <$table; done
$theirs/newaliases >/dev/null
start_theirs() {
  $theirs/sendmail -bd -q1h
  until (: </dev/tcp/127.0.0.1/25) 2>/dev/null; do sleep 0.1; done
}
stop_theirs() {
  kill $(head -n 1 /run/sendmail/mta/sendmail.pid)
  while (: </dev/tcp/127.0.0.1/25) 2>/dev/null; do sleep 0.1; done
}
start_theirs
printf 'Subject: waits\\n\\ntext\\n' | $theirs/sendmail -odq someone@far.test
# Replies to a conversation, by their codes.
converse() {
  exec 5<>/dev/tcp/127.0.0.1/25
  for line in '' 'EHLO client.test' "$@" QUIT; do
    [ -z "$line" ] || printf '%s\\r\\n' "$line" >&5
    while read -r reply <&5 && [ "\${reply:3:1}" = - ]; do :; done
    printf '%s ' "\${reply%% *}"
  done
  exec 5>&-
  echo
}
questions() {
  converse 'MAIL FROM:<a@far.test>' 'RCPT TO:<team@example.test>' 'RCPT TO:<info@example.test>' \\
    'RCPT TO:<nobody-here@example.test>' 'RCPT TO:<x@far.example>' RSET 'MAIL FROM:<a@spam.example>' 'RCPT TO:<team@example.test>'
}
answers='220 250 250 250 250 550 250 250 250 550 221 '
theirs_is_well() {
  [ "$(questions)" = "$answers" ] || echo "$1: a conversation with sendmail: $(questions)"
  $theirs/sendmail -bv info@example.test | grep -q far.test || echo "$1: sendmail's -bv does not find the alias"
  $theirs/mailq | grep -q 'Total requests: 1' || echo "$1: sendmail's queue has changed"
}
look() { find /etc/mail /var/spool/mqueue /var/lib/sendmail -type f -exec sha256sum {} + | sort -k 2; }
theirs_is_well before
look >/mnt/before
`;

/** @param step number of the page's step, from 1 */
function untouched(step: number): string {
  return `
look >/mnt/after
cmp -s /mnt/before /mnt/after || { echo "step ${step} changed:"; diff /mnt/before /mnt/after; }
theirs_is_well "step ${step}"
`;
}

/** A step as a user would type it, its output kept apart; ours comes first in the PATH. */
function typed(commands: string, step: number): string {
  const file = `/mnt/step${step}`;
  return `cat >${file}.sh <<'END_OF_STEP'\n${commands}END_OF_STEP
(cd /mnt && PATH=$OURS:$PATH bash ${file}.sh >${file}.out 2>&1); echo "step ${step}: status $?"\n`;
}

const bin = join(import.meta.dirname, "../../bin");

peerDescribe("the page about moving from sendmail", ["sendmail", "m4"], () => {
  const [compile, lint, copy, ask, stopped, start, ...others] = steps();

  test("has six steps with commands", () => {
    expect(others).toEqual([]);
    expect([compile, lint, copy, ask, stopped, start].every((commands) => commands.trim() !== "")).toBe(true);
  });

  test("rulemail migrate asks the running sendmail, decides as it does, and changes nothing of it", () => {
    const { stdout, stderr } = runInside(
      "shell",
      `OURS=${bin}\n${SENDMAIL_RUNS}
PATH=$OURS:$PATH rulemail migrate --from sendmail /etc/mail >/mnt/told 2>&1; echo "status $?"
${untouched(0)}
ls /etc/rulemail | tr '\\n' ' '
grep -A40 ^compared /mnt/told | sed '/^next/,$d'
# A decision that is another one is seen, with the line of the old table.
sed -i 's/127.0.0.11/127.0.0.12/' /etc/rulemail/mailertable
cp /etc/rulemail/mailertable /mnt/mailertable && PATH=$OURS:$PATH makemap hash /etc/rulemail/mailertable </mnt/mailertable
PATH=$OURS:$PATH rulemail migrate --from sendmail /etc/mail >/mnt/again 2>&1; echo "status $?"
grep -A40 ^compared /mnt/again | sed '/^next/,$d'
cat /mnt/told >&2`,
    );
    expect(stdout.split("\n").filter((line) => line !== "")).toEqual([
      // One option that nothing here acts on.
      "status 1",
      "access access.db address.resolve aliases helpfile local-host-names m4 mailertable mailertable.db peers sendmail.cf " +
        "sendmail.cf.map service.switch service.switch-nodns site.mc virtusertable virtusertable.db " +
        "compared   6 addresses with /usr/libexec/sendmail/sendmail: all alike",
      "status 1",
      "compared   6 addresses with /usr/libexec/sendmail/sendmail: 5 alike",
      "  /etc/mail/mailertable:1: somebody@far.example",
      "  - somebody@far.example... deliverable: mailer esmtp, host [127.0.0.11], user somebody@far.example",
      "  + somebody@far.example... deliverable: mailer esmtp, host [127.0.0.12], user somebody@far.example",
    ]);
    expect(stderr.split("\n").filter((line) => line.startsWith("  "))).toEqual([
      "  /etc/mail/sendmail.mc:97: paths lead to /etc/rulemail now",
      "  /etc/mail/sendmail.mc:98: paths lead to /etc/rulemail now",
      expect.stringMatching(
        /^ {2}\/etc\/rulemail\/site\.mc:\d+: option ProcessTitlePrefix is accepted, but nothing acts on it/,
      ),
    ]);
  });

  test("leaves the running sendmail alone until it is stopped, and then takes over what it did", () => {
    // The third is done again after a change.
    const typedBefore: [string, number][] = [
      [compile, 1],
      [lint, 2],
      [copy, 3],
      [copy, 3],
      [ask, 4],
    ];
    const before = typedBefore.map(([commands, step]) => typed(commands, step) + untouched(step)).join("");
    const { stdout, stderr } = runInside(
      "shell",
      `OURS=${bin}\n${SENDMAIL_RUNS}${before}
# Not on the page, but sooner or later typed: in sendmail's own folder.
(cd /etc/mail && PATH=$OURS:$PATH && newaliases && makemap hash access <access && sendmail -bv team) >/mnt/own.out 2>&1
rm -f /etc/mail/*.cdb
${untouched(0)}
grep -h 'deliverable\\|far.test' /mnt/step4.out
stop_theirs
# Ours with sendmail's own configuration and databases: sendmail makes them for root alone, ours runs as somebody else and says
# what to do.
PATH=$OURS:$PATH sendmail -bd 2>/mnt/closed
sed -n 's,.* /etc/mail/\\(.*\\): Permission denied for user \\([a-z]*\\).*,closed for \\2: \\1,p' /mnt/closed | sort -u
chgrp mail /etc/mail/*.db && chmod g+r /etc/mail/*.db
stop_theirs
PATH=$OURS:$PATH sendmail -bd 2>&1 | grep -v 'warning: .* is not acted on'
[ "$(questions)" = "$answers" ] || echo "a conversation with ours, in place: $(questions)"
stop_theirs
${typed(stopped, 5)}grep 'Total requests' /mnt/step5.out
${typed(start, 6)}grep -v 'warning: .* is not acted on' /mnt/step6.out
[ "$(questions)" = "$answers" ] || echo "a conversation with ours: $(questions)"
stat -c %a /var/spool/rulemail /var/spool/rulemail/queue
setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "printf 'Subject: x\\n\\nx\\n' | $OURS/sendmail root"; echo "an ordinary user: $?"
until [ -s /var/mail/root ]; do sleep 0.1; done
kill $(head -n 1 /run/sendmail/mta/sendmail.pid)
while (: </dev/tcp/127.0.0.1/25) 2>/dev/null; do sleep 0.1; done
start_theirs
theirs_is_well "the way back"
cat /mnt/step[1-4].out >&2`,
      false,
    );
    const lines = stdout.trim().split("\n");
    expect(lines).toEqual([
      expect.stringMatching(/^step 1: status [01]$/),
      expect.stringMatching(/^step 2: status [01]$/),
      "step 3: status 0",
      "step 3: status 0",
      "step 4: status 0",
      "root... deliverable: mailer local, user root",
      "closed for mail: access.db",
      "closed for mail: mailertable.db",
      "closed for mail: virtusertable.db",
      "step 5: status 0",
      "\t\tTotal requests: 1",
      "step 6: status 0",
      "1775",
      "700",
      "an ordinary user: 0",
    ]);
    expect(stderr).not.toMatch(/cannot open|Permission denied|not found/);
  });
});
