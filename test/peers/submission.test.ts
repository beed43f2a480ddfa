/**
 * Users hand in mail: clients as people have them against our port 587, with STARTTLS and each mechanism; passwords from our own
 * file, the real saslauthd and the real Dovecot; and Debian's fail2ban reads what we log about wrong ones.
 */
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { peerFile, runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";
import { postfix } from "../support/postfix.ts";
import { submissionServer } from "../support/submission-server.ts";

const NEEDS = ["sendmail", "swaks", "msmtp", "postfix", "saslpasswd2", "fail2ban-regex"] as const;

const OWN_PASSWORDS = `${submissionServer("file:/etc/rulemail-passwords", "define(`confAUTH_MECHANISMS', `SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN')define(`confPRIVACY_FLAGS', `novrfy,noexpn')DAEMON_OPTIONS(`Port=2525, Addr=127.0.0.1, Name=MTA')")}
printf 'correct horse\\n' | rulemail passwd add -p -C /mnt/ours.cf joe
begin
send="--server 127.0.0.1 --port 587 -tls --from me@example.test --to you@far.test"
`;

/** A Postfix on 127.0.0.12 that hands everything to us. */
const POSTFIX_CLIENT = `${postfix(
  `mydestination =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:587
smtp_tls_security_level = encrypt
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = inline:{ { [127.0.0.1]:587 = joe:correct horse } }
smtp_sasl_tls_security_options = noanonymous`,
)}
swaks --server 127.0.0.12 --port 25 --from me@example.test --to postfix@far.test >/dev/null 2>&1
`;

const of = (...names: readonly string[]) => names.map((name) => `joe, mech=${name}, bits=0`);

const AUTH_LINES = `grep -o 'AUTH=server, .*' $log`;

peerDescribe("mail comes in with STARTTLS and AUTH", NEEDS, () => {
  test("from swaks and msmtp with each mechanism, git send-email, smtplib, nodemailer and Postfix", () => {
    const nodemailer = join(import.meta.dirname, "../../node_modules/nodemailer");
    const { stdout, stderr } = runInside(
      "shell",
      `${OWN_PASSWORDS}
try() { name=$1; shift; "$@" >out 2>&1 || { echo "$name failed"; tail -n 20 out; }; }
for mechanism in PLAIN LOGIN CRAM-MD5; do
  try "swaks $mechanism" swaks $send --auth $mechanism --auth-user joe --auth-password 'correct horse'
done
for mechanism in plain login cram-md5 scram-sha-1 scram-sha-256; do
  printf 'Subject: t\\n\\nt\\n' >message
  try "msmtp $mechanism" sh -c "msmtp --host=127.0.0.1 --port=587 --tls=on --tls-trust-file=/mnt/ca.pem --tls-certcheck=off \
    --auth=$mechanism --user=joe --passwordeval='echo correct horse' --from=me@example.test you@far.test <message"
done
git init -q work && cd work && git config user.email me@example.test && git config user.name Me
git commit -q --allow-empty -m one && git format-patch -q --root --always -o ../patches
try "git send-email" git -c sendemail.smtpserver=127.0.0.1 -c sendemail.smtpserverport=587 -c sendemail.smtpencryption=tls \
  -c sendemail.smtpsslcertpath= -c sendemail.smtpuser=joe -c sendemail.smtppass='correct horse' \
  send-email --quiet --confirm=never --suppress-cc=all --from=me@example.test --to=you@far.test ../patches/*
cd ..
cat >client.py <<'END'
import smtplib, ssl
context = ssl.create_default_context(cafile="/mnt/ca.pem")
context.check_hostname = False
with smtplib.SMTP("127.0.0.1", 587) as client:
    client.starttls(context=context)
    client.login("joe", "correct horse")
    client.sendmail("me@example.test", ["you@far.test"], "Subject: t\\r\\n\\r\\nt\\r\\n")
END
try smtplib python3 client.py
cat >client.cjs <<'END'
const tls = { ca: require("node:fs").readFileSync("/mnt/ca.pem"), checkServerIdentity: () => undefined };
const auth = { user: "joe", pass: "correct horse" };
require("${nodemailer}")
  .createTransport({ host: "127.0.0.1", port: 587, requireTLS: true, tls, auth })
  .sendMail({ from: "me@example.test", to: "you@far.test", subject: "t", text: "t" });
END
try nodemailer ${process.execPath} client.cjs
${POSTFIX_CLIENT}
wait_for grep -q 'to=<postfix@far.test>.*status=sent' /var/log/postfix.log
logged() { [ $(accepted) = 12 ]; }
wait_for logged
${AUTH_LINES} | sed 's/.*authid=//'
grep -l 'by mail.example.test .*with ESMTPSA' -r /var/spool | head -n 1 | grep -c .
rulemail passwd disable -C /mnt/ours.cf joe
swaks $send --auth PLAIN --auth-user joe --auth-password 'correct horse' 2>&1 | grep -c '535 5.7.0'`,
    );
    expect({ lines: stdout.trim().split("\n"), stderr }).toEqual({
      lines: [
        ...of("PLAIN", "LOGIN", "CRAM-MD5"),
        ...of("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"),
        // Which one git send-email and Postfix take depends on the libraries of the machine.
        expect.stringMatching(/^joe, mech=[A-Z0-9-]+, bits=0$/),
        ...of("CRAM-MD5", "PLAIN"),
        expect.stringMatching(/^joe, mech=[A-Z0-9-]+, bits=0$/),
        "1",
        "1",
      ],
      stderr: expect.anything(),
    });
  });

  test("with passwords of the real saslauthd", () => {
    const { stdout, stderr } = runInside(
      "shell",
      `${submissionServer("saslauthd:/run/saslauthd/mux", "define(`confAUTH_REALM', `host.test')")}
echo secret-1 | saslpasswd2 -p -c -u host.test joe
mkdir -p /run/saslauthd
saslauthd -a sasldb -m /run/saslauthd
begin
swaks --server 127.0.0.1 --port 587 --quit-after RCPT -tls --from a@b.test --to c@d.test \
  --auth PLAIN --auth-user joe --auth-password secret-1 2>&1 | grep -o '^<~  2[35][05] 2.[01].[05].*'
swaks --server 127.0.0.1 --port 587 --quit-after AUTH -tls --auth LOGIN --auth-user joe@host.test --auth-password secret-1 2>&1 |
  grep -o '^<~  235.*'
swaks --server 127.0.0.1 --port 587 --quit-after AUTH -tls --auth PLAIN --auth-user joe --auth-password wrong 2>&1 |
  grep -o '^<~\\* 535.*'
swaks --server 127.0.0.1 --port 587 --quit-after EHLO -tls 2>&1 | grep '^<~.*AUTH'
kill $(cat /run/saslauthd/saslauthd.pid)
wait_for test ! -e /run/saslauthd/saslauthd.pid
swaks --server 127.0.0.1 --port 587 --quit-after AUTH -tls --auth PLAIN --auth-user joe --auth-password secret-1 2>&1 |
  grep -o '^<~\\* 454.*'`,
    );
    expect({ lines: stdout.trim().split("\n"), stderr }).toEqual({
      lines: [
        "<~  235 2.0.0 OK Authenticated",
        "<~  250 2.1.0 <a@b.test>... Sender ok",
        expect.stringMatching(/^<~ {2}250 2\.1\.5 <c@d\.test>\.\.\. Recipient ok/),
        "<~  235 2.0.0 OK Authenticated",
        "<~* 535 5.7.0 authentication failed",
        "<~  250-AUTH PLAIN LOGIN",
        "<~* 454 4.7.0 Temporary authentication failure",
      ],
      stderr: expect.anything(),
    });
  });

  test("with passwords of the real Dovecot, which speaks the mechanisms itself", () => {
    const { stdout, stderr } = runInside(
      "shell",
      `${submissionServer("dovecot:/run/dovecot/auth-client")}
printf 'dovecot:x:391:391::/:/bin/false\\ndovenull:x:392:392::/:/bin/false\\n' >>/etc/passwd
printf 'dovecot:x:391:\\ndovenull:x:392:\\n' >>/etc/group
mkdir -p /etc/dovecot /run/dovecot
echo 'joe:{PLAIN}secret-1' >/etc/dovecot/users
cat >/etc/dovecot/dovecot.conf <<'END'
protocols =
ssl = no
log_path = /mnt/dovecot.log
auth_mechanisms = plain login cram-md5 scram-sha-256
passdb {
  driver = passwd-file
  args = /etc/dovecot/users
}
userdb {
  driver = static
  args = uid=391 gid=391 home=/tmp
}
service auth {
  unix_listener auth-client {
    mode = 0666
  }
}
END
dovecot -F &
wait_for test -S /run/dovecot/auth-client
begin
swaks --server 127.0.0.1 --port 587 --quit-after EHLO -tls 2>&1 | grep '^<~.*AUTH'
for mechanism in PLAIN LOGIN CRAM-MD5; do
  swaks --server 127.0.0.1 --port 587 --quit-after AUTH -tls --auth $mechanism --auth-user joe --auth-password secret-1 2>&1 |
    grep -o '^<~  235.*'
done
printf 'Subject: t\\n\\nt\\n' | msmtp --host=127.0.0.1 --port=587 --tls=on --tls-certcheck=off --auth=scram-sha-256 --user=joe \
  --passwordeval='echo secret-1' --from=me@example.test you@far.test && echo sent
swaks --server 127.0.0.1 --port 587 --quit-after AUTH -tls --auth PLAIN --auth-user joe --auth-password wrong 2>&1 |
  grep -o '^<~\\* 535.*'
kill %1`,
    );
    const [offer = "", ...rest] = stdout.trim().split("\n");
    expect(offer.split(" ").slice(1).toSorted()).toEqual([
      "",
      "250-AUTH",
      "CRAM-MD5",
      "LOGIN",
      "PLAIN",
      "SCRAM-SHA-256",
    ]);
    expect({ lines: rest, stderr }).toEqual({
      lines: [
        ...Array<string>(3).fill("<~  235 2.0.0 OK Authenticated"),
        "sent",
        "<~* 535 5.7.0 authentication failed",
      ],
      stderr: expect.anything(),
    });
  });

  test("Debian's fail2ban filters find who fails in our log as it is, and in the journal's form; names do not mislead them", () => {
    const config = peerFile("/etc/fail2ban/filter.d/sendmail-auth.conf")?.replace("/filter.d/sendmail-auth.conf", "");
    const library = peerFile("/usr/lib/python3/dist-packages/fail2ban")?.replace(/\/fail2ban$/, "");
    const { stdout, stderr } = runInside(
      "shell",
      `${OWN_PASSWORDS}
wrong() { swaks $send --local-interface $1 --auth $2 --auth-user "$3" --auth-password wrong >/dev/null 2>&1; }
wrong 127.0.0.31 PLAIN joe
wrong 127.0.0.32 LOGIN joe
wrong 127.0.0.33 CRAM-MD5 joe
wrong 127.0.0.34 PLAIN nobody
wrong 127.0.0.35 PLAIN 'x, relay=evil.test [192.0.2.99]'
wrong 127.0.0.36 PLAIN 'x
Nov 30 12:00:00 mail sendmail[7]: AUTH failure (PLAIN): authentication failure: wrong, relay=[192.0.2.98]'
swaks --server 127.0.0.1 --port 2525 --local-interface 127.0.0.37 --from a@far.test --to b@far.test >/dev/null 2>&1
python3 -c 'import smtplib
for verb in "verify", "expn":
    client = smtplib.SMTP("127.0.0.1", 587, source_address=("127.0.0.38", 0)); client.ehlo(); getattr(client, verb)("joe")'
rejected() { grep -qF 'EXPN joe [rejected]' $log; }
wait_for rejected
echo 'Nov 30 12:00:00 mail sendmail[7]: [127.0.0.39]: possible SMTP attack: command=AUTH, count=6' >>$log
sed 's/^[A-Z][a-z]* *[0-9]* [0-9:]* /2026-11-30T12:00:00+0000 /' $log >journal
export PYTHONPATH=${library ?? ""}
ban() { python3 /usr/bin/fail2ban-regex -c ${config ?? ""} -o ip "$@" | sort | uniq -c | tr -s ' \n' ' '; echo; }
ban $log sendmail-auth
ban journal 'sendmail-auth[logtype=journal]'
ban $log sendmail-reject
ban journal 'sendmail-reject[logtype=journal]'`,
    );
    const logins = "1 127.0.0.31 1 127.0.0.32 1 127.0.0.33 1 127.0.0.34 1 127.0.0.35 1 127.0.0.36 1 127.0.0.39";
    const others = "1 127.0.0.37 2 127.0.0.38";
    expect({
      lines: stdout
        .trim()
        .split("\n")
        .map((line) => line.trim()),
      stderr,
    }).toEqual({
      lines: [logins, logins, others, others],
      stderr: expect.anything(),
    });
  });
});
