/**
 * DANE and MTA-STS with programs of others: an unbound that validates a zone signed by ldns, an HTTPS server (Python's) with
 * policies, a Postfix as next hop.
 */
import { expect, test } from "@jest/globals";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";
import { postfix } from "../support/postfix.ts";

const START = `
set -u
cd /mnt
umask 022
wait_for() { for _ in $(seq 600); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; echo "waited in vain: $*"; }
listens() { (: </dev/tcp/$1/\${2:-25}) 2>/dev/null; }
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $1.key 2>/dev/null; }
key ca
openssl req -x509 -new -key ca.key -subj '/CN=Peers CA' -days 30 -addext basicConstraints=critical,CA:TRUE -out ca.pem
# NAME DAYS NAMES
certificate() {
  key $1
  openssl req -new -key $1.key -subj "/CN=$1" -out $1.csr
  echo "subjectAltName=DNS:$3" >$1.ext
  openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile $1.ext -days $2 -out $1.pem 2>/dev/null
}
certificate expired 0 mta-sts.expired.example
certificate server 30 mx.anchor.test,DNS:mx.enforce.example
certificate policies 30 mta-sts.enforce.example,DNS:mta-sts.broken.example,DNS:mta-sts.testing.example
cat server.pem ca.pem >chain.pem
digest() { openssl x509 -in $1 -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1; }
`;

/** The zones: test. is signed, example. is not. */
const NAMES = `
signed_domain() { printf '%s MX 10 mx.%s\\nmx.%s A 127.0.0.12\\n' $1 $1 $1; }
{
  printf '$ORIGIN test.\\n$TTL 300\\n@ SOA ns root 1 3600 600 86400 300\\n@ NS ns\\nns A 127.0.0.1\\n'
  for name in good wrong missing bogus anchor; do signed_domain $name; done
  echo "_25._tcp.mx.good TLSA 3 1 1 $(digest server.pem)"
  echo "_25._tcp.mx.bogus TLSA 3 1 1 $(digest server.pem)"
  echo "_25._tcp.mx.wrong TLSA 3 1 1 $(digest policies.pem)"
  echo "_25._tcp.mx.anchor TLSA 2 1 1 $(digest ca.pem)"
} >zone
key=$(ldns-keygen -a ECDSAP256SHA256 -k test.)
ldns-signzone -f signed zone $key
# Forged: the record is another one than that which was signed.
sed -i "/^_25._tcp.mx.bogus.*TLSA[[:space:]]*3 1 1/s/[0-9a-f]\\{64\\}/$(digest ca.pem)/" signed
plain_domain() {
  printf '%s MX 10 mx.%s\\nmx.%s A 127.0.0.12\\nmta-sts.%s A 127.0.0.20\\n' $1 $1 $1 $1
  echo "_mta-sts.$1 TXT \\"v=STSv1; id=1;\\""
}
{
  printf '$ORIGIN example.\\n$TTL 300\\n@ SOA ns root 1 3600 600 86400 300\\n@ NS ns\\nns A 127.0.0.1\\n'
  for name in enforce broken testing expired named; do plain_domain $name; done
} >plain
cat >unbound.conf <<END
server:
  interface: 127.0.0.1
  username: ""
  chroot: ""
  directory: "/mnt"
  pidfile: ""
  use-syslog: no
  logfile: "/mnt/unbound.log"
  module-config: "validator iterator"
  trust-anchor-file: "/mnt/$key.ds"
  local-zone: "test." nodefault
auth-zone:
  name: "test."
  zonefile: "/mnt/signed"
  for-downstream: no
  for-upstream: yes
auth-zone:
  name: "example."
  zonefile: "/mnt/plain"
  for-downstream: no
  for-upstream: yes
END
unbound -d -c /mnt/unbound.conf &
wait_for listens 127.0.0.1 53
`;

/** Policies by HTTPS: a folder for each name, a certificate for the name that the client asks for. */
const POLICIES = `
policy() {
  mkdir -p hosts/mta-sts.$1/.well-known
  printf 'version: STSv1\\r\\nmode: %s\\r\\nmx: *.%s\\r\\nmax_age: 86400\\r\\n' $2 $1 >hosts/mta-sts.$1/.well-known/mta-sts.txt
}
policy enforce.example enforce
policy broken.example enforce
policy testing.example testing
policy expired.example enforce
policy named.example enforce
cat >policies.py <<'END'
import http.server, ssl
def context(name):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain('/mnt/' + name + '.pem', '/mnt/' + name + '.key')
    return made
usual, expired = context('policies'), context('expired')
def choose(socket, name, _):
    socket.context = expired if name == 'mta-sts.expired.example' else usual
usual.sni_callback = choose
class Handler(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path):
        return '/mnt/hosts/' + self.headers['Host'] + path
server = http.server.ThreadingHTTPServer(('127.0.0.20', 443), Handler)
server.socket = usual.wrap_socket(server.socket, server_side=True)
server.serve_forever()
END
python3 policies.py >policies.log 2>&1 &
policies=$!
wait_for listens 127.0.0.20 443
`;

const POSTFIX = postfix(`mydestination = static:all
local_recipient_maps =
local_transport = discard
smtpd_tls_cert_file = /mnt/chain.pem
smtpd_tls_key_file = /mnt/server.key
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1`);

const OURS = `
cat >ours.mc <<'END'
OSTYPE(\`linux')
define(\`confCACERT', \`/mnt/ca.pem')
define(\`confPID_FILE', \`/mnt/ours.pid')
define(\`confLOG_LEVEL', \`14')
define(\`confDANE', \`true')
FEATURE(\`sts')
DAEMON_OPTIONS(\`Port=25, Addr=127.0.0.1, Name=MTA')
MAILER(\`local')
MAILER(\`smtp')
END
rulemail mc ours.mc >ours.cf
sendmail -bd -C /mnt/ours.cf 2>&1 | grep -i error
wait_for listens 127.0.0.1
log=/var/spool/rulemail/log
`;

/** What came of each message. */
const CAME = [
  "to=<you@good.test>, dane=3-1-1, dsn=2.0.0, stat=Sent (Ok: queued as *)",
  "to=<you@anchor.test>, dane=2-1-1, dsn=2.0.0, stat=Sent (Ok: queued as *)",
  "to=<you@wrong.test>, dsn=4.7.5, stat=Deferred: mx.wrong.test.: DANE check failed: no TLSA record is about the certificate of the server",
  "to=<you@missing.test>, dsn=2.0.0, stat=Sent (Ok: queued as *)",
  "to=<you@bogus.test>, dsn=4.7.5, stat=Deferred: mx.bogus.test: TLSA records cannot be looked up (_25._tcp.mx.bogus.test: 127.0.0.1: SERVFAIL)",
  "to=<you@enforce.example>, sts=enforce, dsn=2.0.0, stat=Sent (Ok: queued as *)",
  "to=<you@broken.example>, dsn=4.7.5, stat=Deferred: mx.broken.example.: the certificate is not for mx.broken.example",
  "to=<you@testing.example>, sts=testing/failed, dsn=2.0.0, stat=Sent (Ok: queued as *)",
  "to=<you@expired.example>, dsn=2.0.0, stat=Sent (Ok: queued as *)",
  "to=<you@named.example>, dsn=2.0.0, stat=Sent (Ok: queued as *)",
  // After a restart, without the HTTPS server:
  "to=<again@broken.example>, dsn=4.7.5, stat=Deferred: mx.broken.example.: the certificate is not for mx.broken.example",
  "to=<again@enforce.example>, sts=enforce, dsn=2.0.0, stat=Sent (Ok: queued as *)",
];

peerDescribe("what owners of mail hosts publish", ["sendmail", "postfix", "unbound", "openssl", "root"], () => {
  test("is looked up with unbound and over HTTPS, and a Postfix is held to it", () => {
    const first = CAME.flatMap((line) => /<(you@.*?)>/.exec(line)?.[1] ?? []);
    const { stdout, stderr } = runInside(
      "shell",
      `${START}${NAMES}${POLICIES}${POSTFIX}${OURS}
send() { for to in $*; do printf 'Subject: line\\n\\nt\\n' | sendmail -C /mnt/ours.cf -f me@good.test $to; done; }
show() {
  for to in $*; do
    wait_for grep -q "to=<$to>, .*stat=" $log
    grep -o "to=<$to>, .*stat=.*" $log | head -n 1 | sed 's/, delay.*relay=[^,]*\\(, dsn\\|, [ds][a-z]*=\\)/\\1/; s/queued as [0-9A-F]*/queued as */'
  done
}
gone() { ! kill -0 $1; }
send ${first.join(" ")}
show ${first.join(" ")}
kill $policies
pid=$(head -n 1 ours.pid)
kill $pid
wait_for gone $pid
sendmail -bd -C /mnt/ours.cf 2>&1 | grep -i error
wait_for listens 127.0.0.1
send again@broken.example again@enforce.example
show again@broken.example again@enforce.example
echo ---
grep -o 'STARTTLS=client, relay=.*verify=.*' $log | sed 's/version=.*verify/verify/; s/cipher=[^,]*, bits=[^,]*//; s/, *$//' | sort -u
echo ---
grep -o 'MTA-STS: .*no policy: [a-z-]*' $log | sort
kill $(head -n 1 ours.pid)`,
      true,
      { GENUINE_ZONE: "none" },
    );
    const [came, handshakes, problems] = `${stdout}${stderr}`.trim().split("\n---\n");
    expect(came.split("\n")).toEqual(CAME);
    const about = (name: string): string | undefined => handshakes.split("\n").find((each) => each.includes(name));
    expect(["good.test", "anchor.test", "wrong.test", "missing.test", "enforce.example"].map(about)).toEqual([
      "STARTTLS=client, relay=mx.good.test., verify=TRUSTED, , dane=3-1-1",
      "STARTTLS=client, relay=mx.anchor.test., verify=TRUSTED, , dane=2-1-1",
      "STARTTLS=client, relay=mx.wrong.test., verify=DANE_FAIL, , dane=failed",
      "STARTTLS=client, relay=mx.missing.test., verify=OK",
      "STARTTLS=client, relay=mx.enforce.example., verify=OK, , sts=enforce",
    ]);
    expect(problems.split("\n")).toEqual([
      "MTA-STS: domain=expired.example, no policy: sts-webpki-invalid",
      "MTA-STS: domain=named.example, no policy: sts-webpki-invalid",
    ]);
  });
});
