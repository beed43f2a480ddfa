/** What certificates may do, as genuine sendmail has it: the cases of test/support/certificate-clients.ts, which ours are held to. */
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { certificateMc, certificateSites } from "../support/certificate-clients.ts";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";

const clients = join(import.meta.dirname, "../support/certificate-clients.ts");

peerDescribe("clients with certificates", ["sendmail", "m4", "root"], () => {
  test.each(certificateSites)("are told by genuine sendmail what the cases say: $name", ({ name, defines, cases }) => {
    const { stdout, stderr } = runInside(
      "shell",
      `set -eu
umask 022
mkdir -p /var/spool/mqueue
mkdir -m 755 /mnt/site
cd /mnt/site
cat >site.mc <<'END'
OSTYPE(\`linux')${certificateMc("/mnt/site", 2525, { defines })}
END
${process.execPath} --no-warnings ${clients} /mnt/site
(cd /usr/share/sendmail/cf/cf && m4 -D_CF_DIR_=/usr/share/sendmail/cf/ ../m4/cf.m4 /mnt/site/site.mc) >site.cf
sendmail -C /mnt/site/site.cf -bi >&2
sendmail -bd -C /mnt/site/site.cf
for _ in $(seq 300); do (: </dev/tcp/127.0.0.1/2525) 2>/dev/null && break; sleep 0.1; done
${process.execPath} --no-warnings ${clients} /mnt/site 2525 ${name}
kill $(head -n 1 pid)`,
      false,
    );
    const said = new Map(stdout.trim() === "" ? [] : (JSON.parse(stdout) as [string, readonly string[]][]));
    expect({ said, stderr }).toEqual({
      said: new Map(cases.map((each) => [each.name, each.said])),
      stderr: expect.anything(),
    });
  });
});
