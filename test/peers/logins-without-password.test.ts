/**
 * Users who show who they are by a certificate (EXTERNAL) or a token (OAUTHBEARER, XOAUTH2), and those whose password is bound to
 * the connection (SCRAM-...-PLUS), with clients that are not ours: msmtp, GNU gsasl, curl, smtplib and nodemailer.
 */
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { exportJWK, SignJWT } from "jose";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";
import { submissionServer } from "../support/submission-server.ts";

const ISSUER = "https://id.test";

/** Lines that write the key set of who gives tokens, a token for tom, whom the file of passwords does not know, and a forged one. */
async function tokens(): Promise<string> {
  const [ours, theirs] = [0, 1].map(() => generateKeyPairSync("ec", { namedCurve: "P-256" }));
  const keys = { keys: [{ ...(await exportJWK(ours.publicKey)), alg: "ES256", kid: "k" }] };
  const tokenBy = ({ privateKey }: typeof ours) =>
    new SignJWT({ email: "tom" })
      .setProtectedHeader({ alg: "ES256", kid: "k" })
      .setIssuer(ISSUER)
      .setAudience("mail")
      .setExpirationTime("2h")
      .sign(privateKey);
  return `
echo '${JSON.stringify(keys)}' >jwks.json
echo '${await tokenBy(ours)}' >token
echo '${await tokenBy(theirs)}' >forged
`;
}

const MORE = `define(\`confCACERT', \`/mnt/ca.pem')
define(\`confAUTH_TOKENS', \`Keys=/mnt/jwks.json, Issuer=${ISSUER}, Audience=mail')
TRUST_AUTH_MECH(\`SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS EXTERNAL OAUTHBEARER XOAUTH2')`;

const START = `${submissionServer("file:/etc/rulemail-passwords", MORE)}
printf 'correct horse\\n' | rulemail passwd add -C /mnt/ours.cf joe
printf 'Subject: t\\r\\n\\r\\nt\\r\\n' >message
begin
`;

peerDescribe("mail comes in without a password", ["sendmail", "msmtp", "gsasl", "curl"], () => {
  test("by certificate, by token, and bound to the connection", async () => {
    const nodemailer = join(import.meta.dirname, "../../node_modules/nodemailer");
    const { stdout, stderr } = runInside(
      "shell",
      `${START}${await tokens()}
try() { name=$1; shift; "$@" >out 2>&1 || { echo "$name failed"; tail -n 20 out; }; }
by_msmtp() { timeout 30 sh -c "msmtp --host=mx.b.test --port=587 --tls=on --tls-trust-file=/mnt/ca.pem --auth=$1 --user=$2 $3 \
  --from=me@example.test you@far.test <message"; }
try "msmtp external" by_msmtp external here.test "--tls-cert-file=/mnt/client.pem --tls-key-file=/mnt/client.key"
for mechanism in oauthbearer xoauth2; do
  try "msmtp $mechanism" by_msmtp $mechanism tom "--passwordeval='cat /mnt/token'"
done
by_curl() { timeout 30 curl -sS --ssl-reqd --cacert ca.pem smtp://mx.b.test:587 --mail-from me@example.test --mail-rcpt you@far.test -T message "$@"; }
try "curl external" by_curl --cert client.pem --key client.key --login-options AUTH=EXTERNAL --user :
try "curl oauthbearer" by_curl --user tom: --oauth2-bearer "$(cat token)"
cat >client.py <<'END'
import smtplib, ssl
token = open("/mnt/token").read().strip()
with smtplib.SMTP("mx.b.test", 587) as client:
    context = ssl.create_default_context(cafile="/mnt/ca.pem")
    context.check_hostname = False
    client.starttls(context=context)
    client.ehlo()
    client.auth("XOAUTH2", lambda challenge=None: f"user=tom\\x01auth=Bearer {token}\\x01\\x01")
    client.sendmail("me@example.test", ["you@far.test"], "Subject: t\\r\\n\\r\\nt\\r\\n")
END
try "smtplib xoauth2" timeout 30 python3 client.py
cat >client.cjs <<'END'
const { readFileSync } = require("node:fs");
const tls = { ca: readFileSync("/mnt/ca.pem") };
const auth = { type: "OAuth2", user: "tom", accessToken: readFileSync("/mnt/token", "utf8").trim() };
require("${nodemailer}")
  .createTransport({ host: "mx.b.test", port: 587, requireTLS: true, tls, auth })
  .sendMail({ from: "me@example.test", to: "you@far.test", subject: "t", text: "t" });
END
try "nodemailer xoauth2" timeout 30 ${process.execPath} client.cjs
logged() { [ $(accepted) = 7 ]; }
wait_for logged
by_gsasl() { mechanism=$1; shift; timeout 30 gsasl --smtp --starttls --x509-ca-file=/mnt/ca.pem --connect=mx.b.test:587 --mechanism=$mechanism "$@" -z '' </dev/null; }
for mechanism in SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS; do
  try "gsasl $mechanism" by_gsasl $mechanism -a joe -p 'correct horse'
done
try "gsasl EXTERNAL" by_gsasl EXTERNAL --x509-cert-file=/mnt/client.pem --x509-key-file=/mnt/client.key
logged() { [ $(grep -c AUTH=server $log) = 10 ]; }
wait_for logged
grep -o 'AUTH=server, .*' $log | sed 's/.*authid=//'
by_msmtp oauthbearer tom "--passwordeval='cat /mnt/forged'" 2>&1 | grep -o -m 1 '535 5.7.0 [a-z ]*'
by_msmtp external somebody "--tls-cert-file=/mnt/client.pem --tls-key-file=/mnt/client.key" 2>&1 | grep -o -m 1 '535 5.7.0 [a-z ]*'
by_gsasl SCRAM-SHA-256-PLUS -a joe -p wrong 2>&1 | grep -o -m 1 '^535 5.7.0 [a-z ]*[a-z]'
by_gsasl EXTERNAL 2>&1 | grep -o -m 1 '^504 5.3.3 [A-Za-z ]*[a-z]'
kill $(head -n 1 ours.pid)`,
    );
    expect({ lines: stdout.trim().split("\n"), stderr }).toEqual({
      lines: [
        "/CN=here.test, mech=EXTERNAL, bits=0",
        "tom, mech=OAUTHBEARER, bits=0",
        "tom, mech=XOAUTH2, bits=0",
        "/CN=here.test, mech=EXTERNAL, bits=0",
        "tom, mech=OAUTHBEARER, bits=0",
        "tom, mech=XOAUTH2, bits=0",
        "tom, mech=XOAUTH2, bits=0",
        "joe, mech=SCRAM-SHA-1-PLUS, bits=0",
        "joe, mech=SCRAM-SHA-256-PLUS, bits=0",
        "/CN=here.test, mech=EXTERNAL, bits=0",
        ...Array<string>(3).fill("535 5.7.0 authentication failed"),
        "504 5.3.3 AUTH mechanism EXTERNAL not available",
      ],
      stderr: expect.anything(),
    });
  });
});
