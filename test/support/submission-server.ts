/** Shell lines for namespaces of a test (`runInside`): our server as users hand in mail to it, on 127.0.0.1, port 587. */
import { CLIENT_CERTIFICATE, CLIENT_KEY, KNOWN_CERTIFICATE, KNOWN_KEY, TEST_CA } from "./authority.ts";

const file = (name: string, text: string): string => `cat >${name} <<'END'\n${text}\nEND\n`;

/**
 * Certificates in /mnt (the server's is for mx.b.test, which has its address), the configuration, and `begin`, which starts the
 * server.
 * @param source AuthSource
 * @param more lines of m4
 */
export function submissionServer(source: string, more = ""): string {
  return `
set -u
cd /mnt
umask 022
echo '127.0.0.1 mx.b.test' >>/etc/hosts
${file("ca.pem", TEST_CA)}${file("server.pem", KNOWN_CERTIFICATE)}${file("server.key", KNOWN_KEY)}
${file("client.pem", CLIENT_CERTIFICATE)}${file("client.key", CLIENT_KEY)}
chmod 600 *.key
wait_for() { for _ in $(seq 600); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; echo "waited in vain: $*"; }
listens() { (: </dev/tcp/$1/$2) 2>/dev/null; }
cat >ours.mc <<'END'
OSTYPE(\`linux')
define(\`confSERVER_CERT', \`/mnt/server.pem')
define(\`confSERVER_KEY', \`/mnt/server.key')
define(\`confPID_FILE', \`/mnt/ours.pid')
define(\`confLOG_LEVEL', \`10')
define(\`confDELIVERY_MODE', \`queueonly')
define(\`confAUTH_SOURCE', \`${source}')
${more}
TRUST_AUTH_MECH(\`PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256')
FEATURE(\`accept_unresolvable_domains')
DAEMON_OPTIONS(\`Port=587, Addr=127.0.0.1, Name=MSA, M=Ea')
FEATURE(\`no_default_msa')
MAILER(\`smtp')
END
rulemail mc ours.mc >ours.cf
log=/var/spool/rulemail/log
begin() { sendmail -bd -C /mnt/ours.cf 2>&1 | grep -i error; wait_for listens 127.0.0.1 587; }
accepted() { grep -c 'proto=ESMTPSA' $log; }
`;
}
