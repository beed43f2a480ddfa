/**
 * Clients that are not ours, over STARTTLS and over TLS from the first octet: openssl s_client and swaks, with and without a
 * certificate.
 */
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { expect, test } from "@jest/globals";
import { selfSignedCertificate } from "../../src/tls/self-signed-certificate.ts";
import { CLIENT_CERTIFICATE, CLIENT_KEY, KNOWN_CERTIFICATE, KNOWN_KEY, TEST_CA } from "../support/authority.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../support/certificate.ts";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";
import { postfix } from "../support/postfix.ts";

const file = (name: string, text: string): string => `cat >${name} <<'END'\n${text}\nEND\n`;

const OURS = `
set -u
cd /mnt
umask 022
${file("ca.pem", TEST_CA)}${file("server.pem", KNOWN_CERTIFICATE)}${file("server.key", KNOWN_KEY)}
${file("client.pem", CLIENT_CERTIFICATE)}${file("client.key", CLIENT_KEY)}
${file("other.pem", TEST_CERTIFICATE)}${file("other.key", TEST_KEY)}
chmod 600 *.key
wait_for() { for _ in $(seq 300); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; echo "waited in vain: $*"; }
listens() { (: </dev/tcp/$1/$2) 2>/dev/null; }
cat >ours.mc <<'END'
OSTYPE(\`linux')
define(\`confSERVER_CERT', \`/mnt/server.pem')
define(\`confSERVER_KEY', \`/mnt/server.key')
define(\`confCACERT', \`/mnt/ca.pem')
define(\`confPID_FILE', \`/mnt/ours.pid')
define(\`confLOG_LEVEL', \`14')
define(\`confDELIVERY_MODE', \`queueonly')
LOCAL_DOMAIN(\`ours.test')
FEATURE(\`no_default_msa')
FEATURE(\`accept_unresolvable_domains')
FEATURE(\`access_db', \`text -o -k0 -v1 -z| /mnt/access')
DAEMON_OPTIONS(\`Port=25, Addr=127.0.0.1, Name=MTA')
DAEMON_OPTIONS(\`Port=587, Addr=127.0.0.1, Name=MSA, M=E')
DAEMON_OPTIONS(\`Port=465, Addr=127.0.0.1, Name=TLSMSA, M=s')
MAILER(\`local')
MAILER(\`smtp')
END
printf 'Srv_Features:|F\\n' >access
mkdir -p /etc/mail
touch /etc/mail/aliases
rulemail mc ours.mc >ours.cf
sendmail -bd -C /mnt/ours.cf 2>&1 | grep -i error
wait_for listens 127.0.0.1 25
wait_for listens 127.0.0.1 465
log=/var/spool/rulemail/log
kept() { wait_for grep -q "from=<$1>.*proto=" $log; grep -o "from=<$1>.*" $log | grep -o 'from=<[^>]*>\\|proto=[A-Z]*\\|daemon=[A-Z]*' | paste -s; }
shaken() { grep -o 'STARTTLS=server, relay=.*' $log | sed 's/relay=[^,]*, //' | sort -u; }
`;

const CIPHER = "cipher=TLS_AES_256_GCM_SHA384, bits=256/256";

peerDescribe("foreign clients inside TLS", ["swaks"], () => {
  test("openssl s_client: with and without a certificate, a ticket, the old protocols, a certificate that changes", () => {
    const { stdout, stderr } = runInside(
      "shell",
      `${OURS}
mail() { printf 'EHLO c.test\\r\\nMAIL FROM:<%s>\\r\\nRCPT TO:<%s>\\r\\nDATA\\r\\nSubject: t\\r\\n\\r\\nt\\r\\n.\\r\\nQUIT\\r\\n' "$1" "$2"; }
client() { openssl s_client -CAfile ca.pem -verify_return_error -ign_eof "$@" 2>&1; }
mail plain@far.test root@ours.test | client -quiet -starttls smtp -connect 127.0.0.1:25 -verify_hostname mx.b.test | grep -c '^250 2.0.0'
kept plain@far.test
mail cert@far.test you@far.test | client -quiet -connect 127.0.0.1:465 -cert client.pem -key client.key | grep -c '^250 2.0.0'
kept cert@far.test
mail stranger@far.test you@far.test | client -quiet -connect 127.0.0.1:465 -cert other.pem -key other.key | grep -c '^250 2.0.0'
printf 'EHLO x\\r\\nQUIT\\r\\n' | client -starttls smtp -connect 127.0.0.1:25 -sess_out ticket | grep -o '^New\\|^Reused' | head -n 1
printf 'EHLO x\\r\\nQUIT\\r\\n' | client -starttls smtp -connect 127.0.0.1:25 -sess_in ticket | grep -o '^New\\|^Reused' | head -n 1
wait_for grep -q 'verify=FAIL' $log
shaken
printf 'QUIT\\r\\n' | client -starttls smtp -connect 127.0.0.1:25 -tls1_1 -cipher 'ALL:@SECLEVEL=0' >/dev/null; echo "old: $?"
cp other.pem server.pem
cp other.key server.key
is_new() { printf 'QUIT\\r\\n' | openssl s_client -starttls smtp -connect 127.0.0.1:25 -ign_eof 2>/dev/null | grep -q 'CN *= *sink.test'; }
wait_for is_new
wait_for grep -q 'certificates were read again' $log
grep -o 'certificates were read again' $log
kill $(head -n 1 ours.pid)`,
    );
    expect({ lines: stdout.trim().split("\n"), stderr }).toEqual({
      lines: [
        "1",
        "from=<plain@far.test>\tproto=ESMTPS\tdaemon=MTA",
        "1",
        "from=<cert@far.test>\tproto=ESMTPS\tdaemon=TLSMSA",
        "1",
        "New",
        "Reused",
        `STARTTLS=server, version=TLSv1.3, verify=FAIL, ${CIPHER}`,
        `STARTTLS=server, version=TLSv1.3, verify=NO, ${CIPHER}`,
        `STARTTLS=server, version=TLSv1.3, verify=OK, ${CIPHER}`,
        "old: 1",
        "certificates were read again",
      ],
      stderr: expect.anything(),
    });
  });

  test("swaks: STARTTLS, TLS from the first octet, a certificate", () => {
    const { stdout, stderr } = runInside(
      "shell",
      `${OURS}
go() { from=$1; shift; swaks --server 127.0.0.1 --helo c.test --from $from --body t "$@" 2>&1 | grep -o '^<~  250 2.0.0 .* Message accepted.*\\|^<~.*550 .*denied' | sed 's/ [^ ]* Message/ Message/'; }
go tls@far.test --to root@ours.test --tls
go tlsc@far.test --to root@ours.test --tlsc --port 465
go cert@far.test --to you@far.test --tls --tls-cert client.pem --tls-key client.key
for who in tls tlsc cert; do kept $who@far.test; done
kill $(head -n 1 ours.pid)`,
    );
    expect({ lines: stdout.trim().split("\n"), stderr }).toEqual({
      lines: [
        ...Array.from({ length: 3 }, () => expect.stringMatching(/250 2\.0\.0 Message accepted/)),
        "from=<tls@far.test>\tproto=ESMTPS\tdaemon=MTA",
        "from=<tlsc@far.test>\tproto=ESMTPS\tdaemon=TLSMSA",
        "from=<cert@far.test>\tproto=ESMTPS\tdaemon=MTA",
      ],
      stderr: expect.anything(),
    });
  });
});

peerDescribe("Postfix as a client", ["postfix", "swaks"], () => {
  test("relays through us because of its certificate, and without it does not", () => {
    const { stdout, stderr } = runInside(
      "shell",
      `${OURS}
printf 'Srv_Features:|F\\nCertIssuer:/O=Test,+20Inc+20+28x+29/CN=Test+20CA|SUBJECT\\nCertSubject:/CN=here.test|RELAY\\n' >access
${postfix(
  `mydestination =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:587
smtp_bind_address = 127.0.0.12
smtp_tls_security_level = encrypt
smtp_tls_CAfile = /mnt/ca.pem
smtp_tls_cert_file = /mnt/client.pem
smtp_tls_key_file = /mnt/client.key`,
)}
send() { swaks --server 127.0.0.12 --port 25 --from $1@far.test --to you@far.test >/dev/null 2>&1; }
ends() { wait_for grep -q "status=$1 (host 127.0.0.1.*$2\\|status=$1 ($2" /var/log/postfix.log; }
send known
ends sent '250 2.0.0'
kept known@far.test
sed -i 's/^smtp_tls_\\(cert\\|key\\)_file.*//' /etc/postfix/main.cf
MAIL_CONFIG=/etc/postfix postfix reload >/dev/null 2>&1
send unknown
ends bounced '.*550 5.7.1'
wait_for grep -q 'verify=NO' $log
shaken
grep -o 'cert-subject=/.*' $log
grep -c 'from=<unknown@far.test>.*proto=' $log
kill $(head -n 1 ours.pid)`,
    );
    expect({ lines: stdout.trim().split("\n"), stderr }).toEqual({
      lines: [
        "from=<known@far.test>\tproto=ESMTPS\tdaemon=MSA",
        `STARTTLS=server, version=TLSv1.3, verify=NO, ${CIPHER}`,
        `STARTTLS=server, version=TLSv1.3, verify=OK, ${CIPHER}`,
        "cert-subject=/CN=here.test, cert-issuer=/O=Test,+20Inc+20+28x+29/CN=Test+20CA, verifymsg=ok",
        "0",
      ],
      stderr: expect.anything(),
    });
  });
});

peerDescribe("openssl", [], () => {
  test("reads a test certificate as it was meant, and trusts it for its name alone", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const until = Date.now() + 86_400_000;
    const wishes = {
      host: "mx.b.test",
      privateKey,
      publicKey,
      serial: Buffer.of(0xca, 0xfe),
      from: until - 172_800_000,
      until,
    };
    const pem = new X509Certificate(selfSignedCertificate(wishes)).toString();
    const { stdout, stderr } = runInside(
      "shell",
      `cd /mnt
${file("test.pem", pem)}
check() { openssl verify -x509_strict -CAfile test.pem -purpose "$1" -verify_hostname "$2" test.pem 2>&1 | grep -o '^test.pem: OK\\|[a-z]* mismatch\\|unsuitable [a-z ]*purpose'; }
check sslserver mx.b.test; check sslserver other.test; check sslclient mx.b.test
openssl x509 -in test.pem -noout -text | sed 's/^ *//; s/ *$//; s/ = /=/g' |
  grep -A 1 -E '^(Serial|Signature Algorithm|Subject:|X509v3 [BKE])' | grep -v -e '^--$' -e '^Subject Public'`,
    );
    expect({ lines: stdout.trim().split("\n"), stderr }).toEqual({
      lines: [
        "test.pem: OK",
        "hostname mismatch",
        "unsuitable certificate purpose",
        "Serial Number: 51966 (0xcafe)",
        "Signature Algorithm: ecdsa-with-SHA256",
        "Issuer: O=rulemail test certificate, CN=mx.b.test",
        "Subject: O=rulemail test certificate, CN=mx.b.test",
        "X509v3 Basic Constraints: critical",
        "CA:FALSE",
        "X509v3 Key Usage: critical",
        "Digital Signature",
        "X509v3 Extended Key Usage:",
        "TLS Web Server Authentication",
        "Signature Algorithm: ecdsa-with-SHA256",
        "Signature Value:",
      ],
      stderr: "",
    });
  });
});
