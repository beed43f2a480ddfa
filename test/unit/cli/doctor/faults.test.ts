/** `rulemail doctor`: silent on a host in good health, and each of the planted faults is found, and nothing beside it. */
import { createHash, X509Certificate } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { runDoctor } from "../../../../src/cli/doctor/command.ts";
import { CHECKS } from "../../../../src/cli/doctor/examine.ts";
import { KINDS, type Kind } from "../../../../src/cli/doctor/finding.ts";
import { runCommand } from "../../../support/command.ts";
import { DOMAIN, DoctorSite, HOST, SERVER_PID } from "../../../support/doctor-site.ts";

const sites: DoctorSite[] = [];
afterEach(() => {
  for (const site of sites.splice(0)) site.remove();
});

function healthy(extra = ""): DoctorSite {
  const site = new DoctorSite(extra);
  sites.push(site);
  return site;
}

function doctor(site: DoctorSite, words: readonly string[]) {
  return runCommand((all, streams) => runDoctor(all, streams, () => site.surroundings()), ["-C", site.file, ...words]);
}

interface Fault {
  readonly name: string;
  readonly finds: Kind;
  /** The check that finds it: the others are not run, but for the host in good health. */
  readonly by: string;
  /** Lines of the .mc. */
  readonly extra?: string;
  plant(site: DoctorSite): void;
}

/** Any octets, with the magic number of Berkeley's hash files where it belongs. */
function berkeley(): Buffer {
  const file = Buffer.alloc(4096);
  file.writeUInt32LE(0x061561, 12);
  file.writeUInt32LE(4096, 20);
  return file;
}

const DAY = 24 * 60 * 60 * 1000;

const DKIM = "FEATURE(`dkim_sign', `@FOLDER@/dkim')dnl\n";

const FAULTS: readonly Fault[] = [
  { name: "no configuration", finds: "no-configuration", by: "configuration", plant: (site) => rmSync(site.file) },
  {
    name: "an error in the configuration",
    finds: "configuration-error",
    by: "configuration",
    plant: (site) => site.write("sendmail.cf", `${readFileSync(site.file, "latin1")}\nMbroken\n`),
  },
  {
    name: "a .mc that was changed and not compiled",
    finds: "configuration-older",
    by: "configuration",
    plant: (site) => site.changed("sendmail.mc", 0),
  },
  {
    name: "a site.mc that was changed and not compiled",
    finds: "configuration-older",
    by: "configuration",
    plant: (site) => {
      rmSync(site.at("sendmail.mc"), { force: true });
      site.write("site.mc", "dnl changed\n");
      site.changed("site.mc", 0);
    },
  },
  {
    name: "secrets of SRS that are not there",
    finds: "missing-file",
    by: "files",
    extra: "FEATURE(`srs', `example.test', `/nonexistent/srs-secret')dnl\n",
    plant: () => undefined,
  },
  {
    name: "an alias file that everybody may write",
    finds: "unsafe-file",
    by: "files",
    plant: (site) => {
      rmSync(site.at("aliases.db"));
      chmodSync(site.at("aliases"), 0o666);
    },
  },
  {
    name: "a key that everybody may read",
    finds: "unsafe-file",
    by: "files",
    plant: (site) => chmodSync(site.at("certs/server.key"), 0o644),
  },
  {
    name: "a key of signatures that everybody may read",
    finds: "signing-key",
    by: "files",
    extra: DKIM,
    plant(site) {
      site.dkim();
      chmodSync(site.at(`dkim/${DOMAIN}/s1.private`), 0o644);
    },
  },
  {
    name: "a folder of tables that everybody may write",
    finds: "unsafe-file",
    by: "files",
    plant: (site) => chmodSync(site.folder, 0o777),
  },
  {
    name: "a table that is not there",
    finds: "missing-file",
    by: "files",
    plant: (site) => ["access", "access.db"].forEach((name) => rmSync(site.at(name))),
  },
  {
    name: "a mailer whose program is not installed",
    finds: "missing-program",
    by: "files",
    extra: "MAILER(`procmail')dnl\n",
    plant: (site) =>
      site.write("sendmail.cf", readFileSync(site.file, "latin1").replace(/P=\S*procmail/, "P=/nonexistent/procmail")),
  },
  {
    name: "a table that the server's user may not read",
    finds: "unreadable-file",
    by: "files",
    plant: (site) => {
      Object.assign(site, { uid: 0, accounts: { rulemail: 54_321 } });
      chmodSync(site.at("access.db"), 0o600);
    },
  },
  {
    name: "passwords that the server's user may not read",
    finds: "unreadable-file",
    by: "files",
    extra: "define(`confAUTH_SOURCE', `file:@FOLDER@/passwords')dnl\n",
    plant: (site) => {
      Object.assign(site, { uid: 0, accounts: { rulemail: 54_321 } });
      site.write("passwords", "# nobody yet\n", 0o600);
    },
  },
  {
    name: "a server that stays root",
    finds: "root-rights",
    by: "files",
    extra: "define(`confRUN_AS_USER', `root')dnl\n",
    plant: (site) => Object.assign(site, { uid: 0, accounts: { root: 0 } }),
  },
  {
    name: "a home folder that everybody may write",
    finds: "home-folder",
    by: "folders",
    plant: (site) => chmodSync(site.at("home"), 0o777),
  },
  {
    name: "a queue that others may look into",
    finds: "queue-folder",
    by: "folders",
    plant: (site) => chmodSync(site.at("home/queue"), 0o755),
  },
  {
    name: "a table that is older than its text",
    finds: "table-older",
    by: "tables",
    plant: (site) => {
      site.changed("access.db", -60_000);
      site.changed("access", 0);
    },
  },
  {
    name: "aliases that newaliases has not seen",
    finds: "table-older",
    by: "tables",
    plant: (site) => {
      site.changed("aliases.db", -60_000);
      site.changed("aliases", 0);
    },
  },
  {
    name: "a Berkeley database of another sendmail",
    finds: "berkeley-database",
    by: "tables",
    plant: (site) => writeFileSync(site.at("access.db"), berkeley()),
  },
  {
    name: "a port that another program holds",
    finds: "port-taken",
    by: "ports",
    plant: (site) => {
      site.server = { kind: "absent" };
      site.listen(25, 812, "exim4");
    },
  },
  {
    name: "a server that does not listen where it should",
    finds: "port-closed",
    by: "ports",
    plant: (site) => site.write("proc/net/tcp", ""),
  },
  {
    name: "no server",
    finds: "not-running",
    by: "ports",
    plant: (site) => {
      site.server = { kind: "absent" };
      site.write("proc/net/tcp", "");
    },
  },
  {
    name: "another mail server that runs",
    finds: "other-server",
    by: "other servers",
    plant: (site) => site.process(813, "exim4"),
  },
  {
    name: "another mail server that is started at boot",
    finds: "other-server",
    by: "other servers",
    plant: (site) => {
      const wants = site.at("root/etc/systemd/system/multi-user.target.wants");
      mkdirSync(wants, { recursive: true });
      symlinkSync("/lib/systemd/system/postfix.service", join(wants, "postfix.service"));
    },
  },
  {
    name: "the command sendmail of another mail server",
    finds: "sendmail-command",
    by: "other servers",
    plant: (site) => site.write("root/usr/sbin/sendmail", "\x7fELF of Exim", 0o755),
  },
  {
    name: "a rule that lets strangers relay",
    finds: "open-relay",
    by: "relaying",
    extra: "FEATURE(`promiscuous_relay')dnl\n",
    plant: () => undefined,
  },
  {
    name: "a table that lets a network of strangers relay",
    finds: "open-relay",
    by: "relaying",
    plant: (site) => site.table("access", { "connect:203": "RELAY" }),
  },
  {
    name: "a postmaster whose mail is refused",
    finds: "no-postmaster",
    by: "relaying",
    plant: (site) => site.table("aliases", { nobody: "ann" }),
  },
  {
    name: "no certificate",
    finds: "no-certificate",
    by: "certificates",
    plant: (site) =>
      site.write("sendmail.cf", readFileSync(site.file, "latin1").replaceAll(/^O Server(?:Cert|Key)File=.*$/gm, "")),
  },
  {
    name: "a certificate that is not there",
    finds: "certificate-unusable",
    by: "certificates",
    plant: (site) => rmSync(site.at("certs/server.pem")),
  },
  {
    name: "the key of another certificate",
    finds: "certificate-unusable",
    by: "certificates",
    plant: (site) => {
      const before = readFileSync(site.at("certs/server.key"));
      site.certificate();
      site.write("certs/server.key", before, 0o600);
    },
  },
  {
    name: "a certificate that has ended",
    finds: "certificate-expired",
    by: "certificates",
    plant: (site) => site.certificate({ from: -90 * DAY, until: -DAY }),
  },
  {
    name: "a certificate that ends next week",
    finds: "certificate-ends",
    by: "certificates",
    plant: (site) => site.certificate({ until: 7 * DAY }),
  },
  {
    name: "the certificate of another host",
    finds: "certificate-name",
    by: "certificates",
    plant: (site) => site.certificate({ host: "www.example.test" }),
  },
  {
    name: "a host whose name is not in DNS",
    finds: "host-address",
    by: "host names",
    plant: (site) => site.names.delete(HOST),
  },
  {
    name: "a host whose name leads to another machine",
    finds: "host-address",
    by: "host names",
    plant: (site) => {
      site.names.set(HOST, ["A 198.51.100.99"]);
      site.names.set("25.100.51.198.in-addr.arpa", ["PTR other.example.test"]);
      site.names.set("other.example.test", ["A 198.51.100.25"]);
    },
  },
  {
    name: "a host that calls itself localhost",
    finds: "host-name",
    by: "host names",
    plant: (site) =>
      site.write("sendmail.cf", readFileSync(site.file, "latin1").replace(`Dj${HOST}`, "Djlocalhost.localdomain")),
  },
  {
    name: "an address without a name",
    finds: "ptr-missing",
    by: "host names",
    plant: (site) => site.names.delete("25.100.51.198.in-addr.arpa"),
  },
  {
    name: "an address whose name does not lead back",
    finds: "ptr-mismatch",
    by: "host names",
    plant: (site) => site.names.set("25.100.51.198.in-addr.arpa", ["PTR dsl-25.provider.example"]),
  },
  {
    name: "a name server that does not answer",
    finds: "name-server",
    by: "host names",
    plant: (site) => site.names.set(HOST, ["SERVFAIL"]),
  },
  { name: "a domain that is gone", finds: "domain-missing", by: "MX", plant: (site) => site.names.delete(DOMAIN) },
  {
    name: "a domain without MX",
    finds: "mx-missing",
    by: "MX",
    plant: (site) => site.names.set(DOMAIN, ["TXT v=spf1 -all"]),
  },
  {
    name: "an MX record that names an alias",
    finds: "mx-target",
    by: "MX",
    plant: (site) => {
      site.names.set(DOMAIN, ["MX 10 mail.example.test"]);
      site.names.set("mail.example.test", [`CNAME ${HOST}`]);
    },
  },
  {
    name: "an MX record with an address",
    finds: "mx-target",
    by: "MX",
    plant: (site) => site.names.set(DOMAIN, ["MX 10 198.51.100.25"]),
  },
  {
    name: "MX records that lead elsewhere",
    finds: "mx-elsewhere",
    by: "MX",
    plant: (site) => {
      site.names.set(DOMAIN, ["MX 10 mx.provider.example"]);
      site.names.set("mx.provider.example", ["A 203.0.113.9"]);
    },
  },
  {
    name: "a domain without SPF",
    finds: "spf-missing",
    by: "policies",
    plant: (site) => site.names.set(DOMAIN, [`MX 10 ${HOST}`]),
  },
  {
    name: "an SPF record with a mistake",
    finds: "spf-invalid",
    by: "policies",
    plant: (site) => site.names.set(DOMAIN, [`MX 10 ${HOST}`, "TXT v=spf1 ipv4:198.51.100.25 -all"]),
  },
  {
    name: "an SPF record that leaves this host out",
    finds: "spf-invalid",
    by: "policies",
    plant: (site) => site.names.set(DOMAIN, [`MX 10 ${HOST}`, "TXT v=spf1 ip4:203.0.113.9 -all"]),
  },
  {
    name: "an SPF record that lets everybody send",
    finds: "spf-open",
    by: "policies",
    plant: (site) => site.names.set(DOMAIN, [`MX 10 ${HOST}`, "TXT v=spf1 +all"]),
  },
  {
    name: "a key that signs and is not in DNS",
    finds: "dkim-missing",
    by: "policies",
    extra: DKIM,
    plant: (site) => void site.dkim(),
  },
  {
    name: "another key in DNS than that which signs",
    finds: "dkim-invalid",
    by: "policies",
    extra: DKIM,
    plant: (site) => {
      site.names.set(`s1._domainkey.${DOMAIN}`, [`TXT ${site.dkim()}`]);
      site.dkim();
    },
  },
  {
    name: "a domain without DMARC",
    finds: "dmarc-missing",
    by: "policies",
    plant: (site) => site.names.delete(`_dmarc.${DOMAIN}`),
  },
  {
    name: "two DMARC records",
    finds: "dmarc-invalid",
    by: "policies",
    plant: (site) => site.names.set(`_dmarc.${DOMAIN}`, ["TXT v=DMARC1; p=none", "TXT v=DMARC1; p=reject"]),
  },
  {
    name: "an MTA-STS record without a policy",
    finds: "mta-sts-invalid",
    by: "policies",
    plant: (site) => site.names.set(`_mta-sts.${DOMAIN}`, ["TXT v=STSv1; id=1"]),
  },
  {
    name: "an MTA-STS policy that leaves out the MX",
    finds: "mta-sts-invalid",
    by: "policies",
    plant: (site) => {
      site.names.set(`_mta-sts.${DOMAIN}`, ["TXT v=STSv1; id=1"]);
      const policy = "version: STSv1\r\nmode: enforce\r\nmx: other.example.test\r\nmax_age: 86400\r\n";
      site.pages.set(`https://mta-sts.${DOMAIN}/.well-known/mta-sts.txt`, policy);
    },
  },
  {
    name: "TLSA records of a former certificate",
    finds: "tlsa-invalid",
    by: "policies",
    plant: (site) => site.names.set(`_25._tcp.${HOST}`, [`+TLSA 03 01 01 ${"ab".repeat(32)}`]),
  },
  {
    name: "TLSA records that no mail server can use",
    finds: "tlsa-invalid",
    by: "policies",
    plant: (site) => site.names.set(`_25._tcp.${HOST}`, [`+TLSA 01 01 01 ${"ab".repeat(32)}`]),
  },
  {
    name: "a clock that is a year behind",
    finds: "clock-wrong",
    by: "clock",
    plant: (site) => void (site.now -= 365 * DAY),
  },
  { name: "a full disk", finds: "disk-full", by: "disk", plant: (site) => void (site.space = { free: 50 }) },
  {
    name: "a disk without inodes",
    finds: "disk-full",
    by: "disk",
    plant: (site) => void (site.space = { freeFiles: 9 }),
  },
  {
    name: "a disk that fills",
    finds: "disk-filling",
    by: "disk",
    plant: (site) => void (site.space = { free: 500_000 }),
  },
];

test("a host in good health: nothing is said, status 0", async () => {
  expect(await doctor(healthy(), [])).toEqual({ status: 0, output: "", errors: "" });
});

test("policies that fit: DKIM, MTA-STS and DANE as they should be", async () => {
  const site = healthy(DKIM);
  site.names.set(`s1._domainkey.${DOMAIN}`, [`TXT ${site.dkim()}`]);
  site.names.set(`_mta-sts.${DOMAIN}`, ["TXT v=STSv1; id=1"]);
  const policy = `version: STSv1\r\nmode: enforce\r\nmx: ${HOST}\r\nmax_age: 86400\r\n`;
  site.pages.set(`https://mta-sts.${DOMAIN}/.well-known/mta-sts.txt`, policy);
  const { publicKey } = new X509Certificate(readFileSync(site.at("certs/server.pem")));
  const digest = createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex");
  site.names.set(`_25._tcp.${HOST}`, [`+TLSA 03 01 01 ${digest}`]);
  expect(await doctor(site, ["--all", "--only", "policies"])).toEqual({ status: 0, output: "", errors: "" });
});

describe("a planted fault is found, and nothing else:", () => {
  test.each(FAULTS)("$name", async (fault) => {
    const { finds, by } = fault;
    const site = healthy(fault.extra);
    fault.plant(site);
    const { output } = await doctor(site, ["--json", "--only", by]);
    const { findings, skipped } = JSON.parse(output) as { findings: Record<string, string>[]; skipped: unknown[] };
    const told = findings.filter(({ severity }) => severity !== "note");
    expect([told.map(({ kind }) => kind), skipped]).toEqual([[finds], []]);
    expect(told[0]).toEqual({
      kind: finds,
      severity: KINDS[finds],
      what: expect.stringMatching(/./),
      where: expect.stringMatching(/./),
      todo: expect.stringMatching(/./),
      page: `docs/doctor.md#${finds}`,
    });
  });
});

test("every kind of finding has its section in docs/doctor.md, and every check its line", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../../docs/doctor.md"), "utf8");
  const headings = [...page.matchAll(/^### (\S+)$/gm)].map(([, name]) => name);
  expect(headings.toSorted()).toEqual(Object.keys(KINDS).toSorted());
  for (const { name } of CHECKS) expect(page).toContain(`| ${name} |`);
});

test("--monitoring: one line as of a Nagios plugin, and its exit statuses", async () => {
  const site = healthy();
  const some = ["--monitoring", "--only", "ports", "--only", "host names"];
  expect(await doctor(site, some)).toEqual({
    status: 0,
    output: "RULEMAIL OK - nothing found | critical=0 warning=0 skipped=0\n",
    errors: "",
  });
  site.names.delete("25.100.51.198.in-addr.arpa");
  const warned = await doctor(site, some);
  expect(warned.status).toBe(1);
  expect(warned.output).toMatch(
    /^RULEMAIL WARNING - 198\.51\.100\.25 has no name .* \| critical=0 warning=1 skipped=0\n$/,
  );
  site.listen(25, 812, "exim4");
  const critical = await doctor(site, some);
  expect(critical.status).toBe(2);
  expect(critical.output.split("\n").map((line) => line.split(":")[0])).toEqual([
    expect.stringMatching(
      /^RULEMAIL CRITICAL - process 812 \(exim4\) listens on port 25.* \(and 1 more\) \| critical=1/,
    ),
    "critical",
    "warning",
    "",
  ]);
});

test("what cannot be looked at is no finding, but no health either: status 3", async () => {
  const site = healthy();
  rmSync(site.file);
  mkdirSync(site.file);
  const { status, output } = await doctor(site, ["--monitoring", "--only", "disk"]);
  expect([status, output]).toEqual([
    3,
    expect.stringMatching(/^RULEMAIL UNKNOWN - 1 checks could not be made: disk: /),
  ]);
});

test("for people: what, where, what to do, and where to read more", async () => {
  const site = healthy();
  site.changed("access.db", -60_000);
  site.changed("access", 0);
  const { status, output } = await doctor(site, ["--only", "tables"]);
  const [access, db] = [site.at("access"), site.at("access.db")];
  expect([status, output]).toEqual([
    1,
    `warning: ${access} was changed after ${db} was built from it [table-older]
  where  ${db}
  do     makemap hash ${access} < ${access}
  more   docs/doctor.md#table-older
`,
  ]);
});

test("bad words are told of, with 64", async () => {
  const site = healthy();
  for (const words of [["--nonsense"], ["no domain"], ["--only", "nothing"]]) {
    const { status, errors } = await doctor(site, words);
    expect([status, errors]).toEqual([
      64,
      expect.stringMatching(/^rulemail doctor: .*; see rulemail doctor --help\n$/),
    ]);
  }
});

test("a port of a server that we may not ask is not called taken", async () => {
  const site = healthy();
  site.server = { kind: "unknown", reason: "EACCES" };
  rmSync(site.at(`proc/${SERVER_PID}/fd/3`));
  expect((await doctor(site, ["--only", "ports"])).output).toBe("");
});
