/**
 * Delivery programs that others use: procmail, maildrop, dovecot-lda, Dovecot's LMTP server, and the line for Cyrus, each called
 * by a server that root started. Dovecot locks an mbox with fcntl alone: it and we write to one at the same time.
 */
import { expect, test } from "@jest/globals";
import { peerFile, runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";

/** A machine with three users, and functions for scripts. */
const MACHINE = `
set -u
umask 022
rm -rf /var/spool/* /var/mail/* /etc/mail /etc/dovecot
mkdir -p /etc/mail /etc/dovecot /mnt/out
: >/etc/mail/aliases
chmod 777 /mnt/out
chown root:mail /var/mail
chmod 2775 /var/mail
for n in 1 2 3; do
  mkdir -p /mnt/home/user$n
  echo "user$n:x:200$n:200$n::/mnt/home/user$n:/bin/sh" >>/etc/passwd
  echo "user$n:x:200$n:" >>/etc/group
  chown 200$n:200$n /mnt/home/user$n
done
printf 'dovecot:x:391:391::/:/bin/false\\ndovenull:x:392:392::/:/bin/false\\ncyrus:x:393:393::/:/bin/false\\n' >>/etc/passwd
printf 'dovecot:x:391:\\ndovenull:x:392:\\ncyrus:x:393:\\n' >>/etc/group
cd /mnt
await() { for i in $(seq 300); do eval "$1" >/dev/null 2>&1 && return 0; sleep 0.1; done; echo "in vain: $1"; return 1; }
start() { rulemail mc /mnt/site.mc >/etc/mail/sendmail.cf && sendmail -bd -q1h; }
is_empty() { mailq | grep -q 'is empty'; }
message() { printf 'From: ann@mail.example.test\\nSubject: %s\\n\\nfirst\\nFrom the start\\n' "$1"; }
deliver() { for n in 1 2 3; do message "to $n" | sendmail -f ann@mail.example.test user$n; done; await is_empty || { mailq; tail -n 20 /var/spool/rulemail/log; }; }
owners() { for f in "$@"; do echo "$(stat -c '%U %a' $f) $(grep -c '^Subject: to' $f) $(grep -c '^From ' $f)"; done; }
`;

const site = (lines: string): string => `cat >/mnt/site.mc <<'END'
divert(0)dnl
VERSIONID(\`local programs')dnl
OSTYPE(\`linux')dnl
DAEMON_OPTIONS(\`Port=2526, Addr=127.0.0.1, Name=MTA')dnl
define(\`confDOMAIN_NAME', \`mail.example.test')dnl
define(\`confDEF_USER_ID', \`mail:mail')dnl
${lines}
MAILER(\`local')dnl
MAILER(\`smtp')dnl
END
`;

function run(lines: string, script: string): string {
  const { stdout, stderr } = runInside("shell", `${MACHINE}${site(lines)}start\n${script}`);
  expect(stdout + stderr).not.toContain("in vain");
  return stdout;
}

const local = (path: string, args: string, flags: string): string => `
define(\`LOCAL_MAILER_PATH', \`${path}')dnl
define(\`LOCAL_MAILER_ARGS', \`${args}')dnl
define(\`LOCAL_MAILER_FLAGS', \`${flags}')dnl`;

const BOXES = "owners /var/mail/user1 /var/mail/user2 /var/mail/user3\n";
/** One message in each mailbox, which is its owner's. Not everybody quotes the line in it that begins like a message. */
const EACH = /user1 6[06]0 1 [12]\nuser2 6[06]0 1 [12]\nuser3 6[06]0 1 [12]\n/;
const DOVECOT = `cat >/etc/dovecot/dovecot.conf <<'END'
protocols = lmtp
ssl = no
log_path = /mnt/dovecot.log
base_dir = /run/dovecot
mail_location = mbox:~/mail:INBOX=/var/mail/%u
mail_privileged_group = mail
mbox_write_locks = fcntl
mbox_read_locks = fcntl
first_valid_uid = 1
userdb {
  driver = passwd
}
passdb {
  driver = static
  args = nopassword=y
}
service lmtp {
  unix_listener /mnt/lmtp {
    mode = 0666
  }
}
END
mkdir -p /run/dovecot
: >/mnt/dovecot.log
chmod 666 /mnt/dovecot.log
/usr/sbin/dovecot && await '[ -S /mnt/lmtp ]'
`;

const has = (file: string) => (peerFile(file) === undefined ? test.skip : test);

peerDescribe("delivery by", ["sendmail", "procmail", "root"], () => {
  test("procmail, with F=S", () => {
    const out = run("FEATURE(`local_procmail', `/usr/bin/procmail')dnl", `deliver\n${BOXES}`);
    expect(out).toMatch(EACH);
  });

  has("/usr/bin/maildrop")("maildrop, with F=S", () => {
    const out = run(local("/usr/bin/maildrop", "maildrop -d $u", "SPhn9"), `deliver\nls -l /var/mail; ${BOXES}`);
    expect(out).toMatch(EACH);
  });

  has("/usr/lib/dovecot/dovecot-lda")("dovecot-lda, as each user (F=o)", () => {
    // It looks itself up by the name that it is given.
    const args = "/usr/lib/dovecot/dovecot-lda -f $g -a $u";
    const out = run(
      local("/usr/lib/dovecot/dovecot-lda", args, "oPn9"),
      `${DOVECOT}
for n in 1 2 3; do touch /var/mail/user$n; chown user$n:mail /var/mail/user$n; chmod 600 /var/mail/user$n; done
deliver
${BOXES}cat /mnt/dovecot.log >&2`,
    );
    expect(out).toMatch(EACH);
  });

  has("/usr/lib/dovecot/lmtp")("Dovecot's LMTP server, over a unix socket", () => {
    const mailer = `define(\`confLOCAL_MAILER', \`cyrusv2')dnl
define(\`CYRUSV2_MAILER_ARGS', \`FILE /mnt/lmtp')dnl
MAILER(\`cyrusv2')dnl`;
    const out = run(mailer, `${DOVECOT}deliver\n${BOXES}cat /mnt/dovecot.log >&2`);
    expect(out).toMatch(EACH);
  });

  test("the deliver of Cyrus is called as its users know it", () => {
    const mailer = `define(\`confLOCAL_MAILER', \`cyrus')dnl
define(\`CYRUS_MAILER_PATH', \`/mnt/deliver')dnl
MAILER(\`cyrus')dnl`;
    const prepare = `cat >/mnt/deliver <<'END'
#!/bin/sh
echo "$(id -un) $(id -gn): $*" >>/mnt/out/calls
head -n 1 >>/mnt/out/calls
END
chmod 755 /mnt/deliver
`;
    const out = run(
      mailer,
      `${prepare}message x | sendmail -f ann@mail.example.test user1 user2+box
await is_empty
sort /mnt/out/calls
`,
    );
    expect(out.split("\n")).toEqual(
      expect.arrayContaining([
        "cyrus mail: -e -m box -- user2",
        expect.stringMatching(/^cyrus mail: -e -m  ?-- user1$/),
      ]),
    );
  });

  has("/usr/lib/dovecot/dovecot-lda")("us and Dovecot at the same time, into one mbox, loses and mixes nothing", () => {
    const out = run(
      local("[LOCAL]", "LOCAL mbox:/var/mail/$u", "Pn9"),
      `${DOVECOT}
: >/var/mail/user1; chown user1:mail /var/mail/user1; chmod 600 /var/mail/user1
(for i in $(seq 15); do message "theirs $i" | setpriv --reuid 2001 --regid 2001 --clear-groups env HOME=/mnt/home/user1 USER=user1 /usr/lib/dovecot/dovecot-lda -f ann@mail.example.test; done) &
for i in $(seq 15); do message "ours $i" | sendmail -f ann@mail.example.test user1; done
wait
await is_empty
grep -c '^Subject: ours' /var/mail/user1
grep -c '^Subject: theirs' /var/mail/user1
grep -c '^From ann@mail.example.test' /var/mail/user1
awk '/^From ann@/{if (NR > 1 && last != "") print "glued at " NR} {last = $0}' /var/mail/user1
ls -A /var/mail
cat /mnt/dovecot.log >&2
`,
    );
    expect(out).toBe("15\n15\n30\nuser1\n");
  });
});
