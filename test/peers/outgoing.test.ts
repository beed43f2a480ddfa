/**
 * Mail to servers that are not ours, with STARTTLS and AUTH: a genuine sendmail as smart host, with each mechanism that both
 * know, and a Postfix that takes one recipient, refuses another and has no time for a third.
 */
import { expect, test } from "@jest/globals";
import { KNOWN_CERTIFICATE, KNOWN_KEY, TEST_CA } from "../support/authority.ts";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";
import { postfix } from "../support/postfix.ts";

const FILES = `
set -u
cd /mnt
umask 022
cat >ca.pem <<'END'\n${TEST_CA}\nEND
cat >server.pem <<'END'\n${KNOWN_CERTIFICATE}\nEND
cat >server.key <<'END'\n${KNOWN_KEY}\nEND
chmod 600 server.key
echo secret | saslpasswd2 -p -c -u host.test joe
wait_for() { for _ in $(seq 600); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; echo "waited in vain: $*"; }
listens() { (: </dev/tcp/$1/25) 2>/dev/null; }
`;

/** Ours, listening on 127.0.0.1; `more` goes into its .mc file. */
const ours = (more: string): string => `
cat >ours.mc <<'END'
OSTYPE(\`linux')
define(\`confCACERT', \`/mnt/ca.pem')
define(\`confPID_FILE', \`/mnt/ours.pid')
define(\`confLOG_LEVEL', \`14')
${more}
FEATURE(\`access_db', \`text -o -k0 -v1 -z| /mnt/access')
FEATURE(\`authinfo', \`text -o -k0 -v1 -z| /mnt/authinfo')
DAEMON_OPTIONS(\`Port=25, Addr=127.0.0.1, Name=MTA')
MAILER(\`local')
MAILER(\`smtp')
END
printf 'TLS_Srv:host.test|VERIFY:128+CN:mx.b.test\\n' >access
printf 'AuthInfo:|"U:joe@host.test" "P:secret" "M:SCRAM-SHA-256"\\n' >authinfo
rulemail mc ours.mc >ours.cf
sendmail -bd -C /mnt/ours.cf 2>&1 | grep -i error
wait_for listens 127.0.0.1
log=/var/spool/rulemail/log
in_force() { [ $(grep -c 'in force' $log) -gt $1 ]; }
`;

/** A genuine sendmail on host.test that keeps what it gets in its queue. */
const GENUINE = `
cat >theirs.mc <<'END'
OSTYPE(\`linux')
define(\`confCACERT', \`/mnt/ca.pem')
define(\`confCACERT_PATH', \`/mnt')
define(\`confSERVER_CERT', \`/mnt/server.pem')
define(\`confSERVER_KEY', \`/mnt/server.key')
define(\`confAUTH_REALM', \`host.test')
define(\`confDOMAIN_NAME', \`host.test')
define(\`QUEUE_DIR', \`/mnt/theirs')
define(\`confPID_FILE', \`/mnt/theirs.pid')
define(\`confDELIVERY_MODE', \`queueonly')
TRUST_AUTH_MECH(\`PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256')
DAEMON_OPTIONS(\`Port=25, Addr=127.0.0.13, Name=MTA')
FEATURE(\`no_default_msa')
FEATURE(\`accept_unresolvable_domains')
MAILER(\`smtp')
END
library=/usr/share/sendmail/cf/
m4 -D_CF_DIR_=$library \${library}m4/cf.m4 theirs.mc >theirs.cf
touch /etc/mail/aliases /etc/mail/local-host-names
mkdir -p theirs /var/lib/sendmail /etc/mail/sasl
chmod 700 theirs
printf 'pwcheck_method: auxprop\\nauxprop_plugin: sasldb\\n' >/etc/mail/sasl/Sendmail.conf.2
chmod 600 /etc/sasldb2
/usr/libexec/sendmail/sendmail -bd -C /mnt/theirs.cf -OAuthMechanisms='PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256' 2>&1
wait_for listens 127.0.0.13
`;

/** A Postfix on two.far.test; nothing listens on one.far.test, which comes first. */
const POSTFIX = postfix(
  `mydestination = far.test
local_recipient_maps =
local_transport = discard
default_transport = discard
smtpd_tls_cert_file = /mnt/server.pem
smtpd_tls_key_file = /mnt/server.key
smtpd_tls_security_level = encrypt
smtpd_tls_loglevel = 1
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = host.test
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = /etc/postfix/sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions =
  check_recipient_access inline:{ { later@far.test = 450 4.2.0 busy }, { no@far.test = 550 5.1.1 nobody } },
  permit_sasl_authenticated, reject
mynetworks =
message_size_limit = 20000`,
  `printf 'pwcheck_method: auxprop\\nauxprop_plugin: sasldb\\nmech_list: PLAIN CRAM-MD5 SCRAM-SHA-256\\n' >/etc/postfix/sasl/smtpd.conf
chmod 644 /etc/sasldb2`,
);

peerDescribe("mail goes out with STARTTLS and AUTH", ["sendmail", "postfix", "saslpasswd2"], () => {
  test("to a genuine sendmail, with each mechanism", () => {
    const mechanisms = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"];
    const { stdout, stderr } = runInside(
      "shell",
      `${FILES}${GENUINE}${ours("define(`SMART_HOST', `esmtp:host.test')")}
for mechanism in ${mechanisms.join(" ")}; do
  printf 'AuthInfo:host.test|"U:joe@host.test" "P:secret" "M:%s"\\n' $mechanism >authinfo
  before=$(grep -c 'in force' $log)
  kill -HUP $(head -n 1 ours.pid)
  wait_for in_force $before
  printf 'Subject: with-%s\\n\\nt\\n' $mechanism | sendmail -C /mnt/ours.cf -f me@example.test you@far.test
  wait_for grep -q "Subject: with-$mechanism\\$" -r theirs
  wait_for grep -q "mech=$mechanism, bits=0" $log
  grep -o "AUTH=client, .*mech=$mechanism, bits=0" $log
  grep -h -o 'with ESMTP[SA]*' $(grep -l "Subject: with-$mechanism\\$" theirs/qf*)
done
grep -o 'STARTTLS=client, relay=.*' $log | sort -u
kill $(head -n 1 theirs.pid)`,
    );
    expect({ lines: stdout.trim().split("\n"), stderr }).toEqual({
      lines: [
        ...mechanisms.flatMap((name) => [`AUTH=client, relay=host.test., mech=${name}, bits=0`, "with ESMTPSA"]),
        "STARTTLS=client, relay=host.test., version=TLSv1.3, verify=OK, cipher=TLS_AES_256_GCM_SHA384, bits=256/256",
      ],
      stderr: expect.anything(),
    });
  });

  test("to a Postfix: each recipient has its own outcome, and what is too large is not sent", () => {
    const { stdout, stderr } = runInside(
      "shell",
      `${FILES}${POSTFIX}${ours("")}
printf 'Subject: three\\n\\nt\\n' | sendmail -C /mnt/ours.cf -f me@example.test ok@far.test no@far.test later@far.test
wait_for grep -q 'to=<ok@far.test>.*status=sent' /var/log/postfix.log
wait_for grep -q 'to=<ok@far.test>.*stat=' $log
wait_for grep -q 'to=<no@far.test>.*stat=' $log
wait_for grep -q 'to=<later@far.test>.*stat=' $log
(echo 'Subject: large'; echo; yes | head -c 30000) | sendmail -C /mnt/ours.cf -f me@example.test big@far.test
wait_for grep -q 'to=<big@far.test>.*stat=' $log
grep 'to=<[a-z]*@far.test>' $log | grep -o 'relay=two.*\\|to=<[a-z]*@' | paste - - | sort -u
grep -o 'sasl_method=SCRAM-SHA-256, sasl_username=joe@host.test' /var/log/postfix.log | sort -u
grep -c 'client=.*sasl_method' /var/log/postfix.log
grep -o 'STARTTLS=client, relay=.*verify=[A-Z]*' $log | sort -u`,
    );
    expect({ lines: stdout.trim().split("\n"), stderr }).toEqual({
      lines: [
        expect.stringMatching(
          /^to=<big@\trelay=two\.far\.test\. \[127\.0\.0\.12\], dsn=5\.2\.3, stat=Message is too large/,
        ),
        expect.stringMatching(
          /^to=<later@\trelay=two\.far\.test\. \[127\.0\.0\.12\], dsn=4\.2\.0, stat=Deferred: 450 4\.2\.0 .*busy$/,
        ),
        expect.stringMatching(/^to=<no@\trelay=two\.far\.test\. \[127\.0\.0\.12\], dsn=5\.1\.1, stat=User unknown$/),
        expect.stringMatching(/^to=<ok@\trelay=two\.far\.test\. \[127\.0\.0\.12\], dsn=2\.0\.0, stat=Sent/),
        "sasl_method=SCRAM-SHA-256, sasl_username=joe@host.test",
        "1",
        "STARTTLS=client, relay=two.far.test., version=TLSv1.3, verify=OK",
      ],
      stderr: expect.anything(),
    });
  });

  test("to a Postfix that is killed in the middle of a message: it waits, and arrives once", () => {
    // The part behind the one that talks stands still, so that it cannot take the whole message before it is killed.
    const slow = POSTFIX.replace(
      "message_size_limit = 20000",
      "message_size_limit = 0\nsmtpd_data_restrictions = sleep 3",
    );
    const { stdout, stderr } = runInside(
      "shell",
      `${FILES}${slow}${ours("")}
process() { grep -lsx "$1" /proc/[0-9]*/comm | head -n 1 | cut -d / -f 3; }
# So much has been written to port 25 and not been read.
is_stuck() { awk '$3 ~ /:0019$/ && $5 ~ /^00(0[1-9A-F]|[1-9A-F])/ { found = 1 } END { exit !found }' /proc/net/tcp; }
(echo 'Subject: cut'; echo; yes "a line of a long message" | head -c 8000000) >large
sendmail -C /mnt/ours.cf -odb -f me@example.test ok@far.test <large
wait_for grep -q 'smtpd.*: client=' /var/log/postfix.log
cleanup=$(process cleanup)
kill -STOP $cleanup
talker=$(process smtpd)
wait_for is_stuck
kill -9 $talker
kill -CONT $cleanup
wait_for grep -q 'to=<ok@far.test>.*stat=Deferred' $log
grep 'to=<ok@far.test>' $log | grep -o 'relay=two.*'
grep -c 'to=<ok@far.test>.*status=sent' /var/log/postfix.log
# The master of Postfix has a look at its configuration, and forgets that the killed one made it wary.
kill -HUP $(head -n 1 /var/spool/postfix/pid/master.pid)
arrived() { sendmail -q -C /mnt/ours.cf; grep -q 'to=<ok@far.test>.*stat=Sent' $log; }
wait_for arrived
wait_for grep -q 'to=<ok@far.test>.*status=sent' /var/log/postfix.log
grep -c 'to=<ok@far.test>.*status=sent' /var/log/postfix.log
mailq -C /mnt/ours.cf | tail -n 1`,
    );
    expect({ lines: stdout.trim().split("\n"), stderr }).toEqual({
      lines: [
        expect.stringMatching(/^relay=two\.far\.test\. \[127\.0\.0\.12\], dsn=4\.4\.2, stat=Deferred: /),
        "0",
        "1",
        expect.stringMatching(/Total requests: 0$/),
      ],
      stderr: expect.anything(),
    });
  });
});
