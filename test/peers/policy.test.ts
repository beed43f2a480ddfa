/**
 * The recorded table of test/golden/policy is that of a genuine sendmail: all its rows are asked again.
 * RECORD=1 writes them anew (look at the difference before committing).
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { rows, sites } from "../golden/policy/cases.ts";
import { nameOf } from "../golden/policy/rows.ts";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";
import { ACCOUNTS, type Held, policyFiles, policyGolden, readPolicyRecorded, SERVER6 } from "../support/policy-site.ts";

/** Where the sites lie inside: sendmail wants no folder above them that others may write. */
const SITE = "/mnt/site";
const LIBRARY = "/usr/share/sendmail/cf/";
const FIRST_PORT = 2500;
const LOG_PORT = 514;
const support = join(import.meta.dirname, "..", "support");

peerDescribe("what rulesets decide", ["sendmail", "m4", "root"], () => {
  test("genuine sendmail answers and logs what was recorded", () => {
    const held = askGenuine();
    if (process.env["RECORD"] !== undefined) {
      writeFileSync(join(policyGolden, "recorded.jsonl"), held.map((each) => `${JSON.stringify(each)}\n`).join(""));
    }
    expect(held.map(({ name }) => name)).toEqual(rows.map(nameOf));
    expect(new Map(held.map((each) => [each.name, each]))).toEqual(readPolicyRecorded());
  }, 300_000);
});

/** A daemon for each site, in namespaces of their own, in which the addresses of the clients are local ones. */
function askGenuine(): Held[] {
  const folder = mkdtempSync(join(tmpdir(), "policy-"));
  try {
    const names = Object.keys(sites);
    names.forEach((name, index) => writeSite(join(folder, "site", name), name, FIRST_PORT + index));
    const ports = names.map((name, index) => `'${name}=${FIRST_PORT + index}'`).join(" ");
    const script = `
set -eu
umask 022
printf '%s' '${ACCOUNTS}' >>/etc/passwd
mkdir /mnt/dev /mnt/dev.work
mount -t overlay -o lowerdir=/dev,upperdir=/mnt/dev,workdir=/mnt/dev.work overlay /dev
python3 ${support}/log-collector.py ${LOG_PORT} >/mnt/collecting &
for net in 10.0.0.0/8 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24; do ip route add local $net dev lo; done
for address in ${[SERVER6, ...new Set(rows.map(({ from }) => from).filter((from) => from.includes(":")))].join(" ")}; do
  ip addr add $address/128 dev lo nodad
done
cp -r ${folder}/site ${SITE}
chown -R 0:0 ${SITE}
for site in ${SITE}/*; do
  (
    cd $site
    mkdir -m 700 queue
    m4 -D_CF_DIR_=${LIBRARY} ${LIBRARY}m4/cf.m4 site.mc >site.cf
    makemap -C /dev/null hash access <access
    sendmail -C $site/site.cf -bi >daemon.log
    sendmail -C $site/site.cf -bD </dev/null >daemon.log 2>&1 || cat daemon.log >&2
  ) &
done
tries=0
for port in ${LOG_PORT} ${names.map((_name, index) => FIRST_PORT + index).join(" ")}; do
  until bash -c ": </dev/tcp/127.0.0.1/$port" 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 400 ] || { echo "nobody listens at $port" >&2; bash -c "cat </dev/tcp/127.0.0.1/${LOG_PORT}" >&2; exit 1; }
    sleep 0.05
  done
done
bash -c "cat </dev/tcp/127.0.0.1/${LOG_PORT}" >/dev/null
${process.execPath} --no-warnings ${support}/policy-dialogues.ts ${LOG_PORT} ${ports}
`;
    writeFileSync(join(folder, "script"), script);
    const zone = { GENUINE_ZONE: join(policyGolden, "zone") };
    const { status, stdout, stderr } = runInside("shell", `. ${folder}/script`, false, zone);
    if (status !== 0) throw new Error(`genuine sendmail could not be asked: ${stderr}`);
    return stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Held);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeSite(folder: string, name: string, port: number): void {
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of policyFiles(sites[name])) {
    writeFileSync(
      join(folder, file),
      text.replaceAll("@DIR@", `${SITE}/${name}`).replaceAll("@PORT@", String(port)),
      "latin1",
    );
  }
}
