/** A mail server in good health, for `rulemail doctor`: files in a folder, and a machine that is made up. Faults are planted in it. */
import { generateKeyPairSync, randomBytes, X509Certificate } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publicRecord } from "../../src/authentication/signing/public-record.ts";
import type { ServerState, Space, Surroundings } from "../../src/cli/doctor/patient.ts";
import { LIMITS } from "../../src/cli/doctor/patient.ts";
import type { DnsAnswer, DnsRecord, RecordType, Resolver } from "../../src/dns/resolver.ts";
import { DatabaseBuilder } from "../../src/maps/build.ts";
import { compileMc } from "../../src/mc/compile.ts";
import { systemClock } from "../../src/sys/clock.ts";
import { selfSignedCertificate } from "../../src/tls/self-signed-certificate.ts";

export const HOST = "mx.example.test";
export const DOMAIN = "example.test";
/** Of this machine, and of nobody else. */
const ADDRESS = "198.51.100.25";
const DAY = 24 * 60 * 60 * 1000;
export const SERVER_PID = 4242;

/** Name → records as texts ("MX 10 mx.example.test"), or "SERVFAIL"; `+` in front: the answer is secure. */
export type Names = Map<string, string[]>;

const GOOD_NAMES: readonly (readonly [string, ...string[]])[] = [
  [HOST, `A ${ADDRESS}`],
  ["25.100.51.198.in-addr.arpa", `PTR ${HOST}`],
  [DOMAIN, `MX 10 ${HOST}`, `TXT v=spf1 mx -all`],
  [`_dmarc.${DOMAIN}`, `TXT v=DMARC1; p=none; rua=mailto:postmaster@${DOMAIN}`],
];

const MC = `OSTYPE(\`linux')dnl
define(\`confDOMAIN_NAME', \`${HOST}')dnl
define(\`confDONT_PROBE_INTERFACES', \`True')dnl
LOCAL_DOMAIN(\`${DOMAIN}')dnl
define(\`QUEUE_DIR', \`@FOLDER@/home/queue')dnl
define(\`ALIAS_FILE', \`implicit:@FOLDER@/aliases')dnl
define(\`confPID_FILE', \`@FOLDER@/home/pid')dnl
undefine(\`STATUS_FILE')undefine(\`HELP_FILE')dnl
define(\`confMAILBOX_DATABASE', \`passwd:@FOLDER@/passwd')dnl
define(\`LOCAL_MAILER_PATH', \`[LOCAL]')dnl
define(\`LOCAL_MAILER_ARGS', \`LOCAL maildir:@FOLDER@/mail/$u/')dnl
define(\`LOCAL_MAILER_FLAGS', \`Pn9')dnl
define(\`confSERVER_CERT', \`@FOLDER@/certs/server.pem')dnl
define(\`confSERVER_KEY', \`@FOLDER@/certs/server.key')dnl
FEATURE(\`no_default_msa')dnl
DAEMON_OPTIONS(\`Name=MTA, Port=25')dnl
FEATURE(\`access_db', \`hash @FOLDER@/access')dnl
@EXTRA@MAILER(\`local')dnl
MAILER(\`smtp')dnl
`;

/** For the lifetime of a test. */
export class DoctorSite {
  readonly folder = mkdtempSync(join(tmpdir(), "doctor-"));
  readonly names: Names = new Map(GOOD_NAMES.map(([name, ...records]) => [name, records]));
  server: ServerState = { kind: "running", pid: SERVER_PID };
  space: Partial<Space> = {};
  uid = 1000;
  now = Date.now();
  interfaces: readonly string[] = [ADDRESS];
  accounts: Record<string, number> = {};
  limits = LIMITS;
  /** https address → text. */
  readonly pages = new Map<string, string>();

  constructor(extra = "") {
    chmodSync(this.folder, 0o755);
    for (const folder of ["home/queue", "certs", "mail", "root/etc", "root/usr/sbin", "proc/net"])
      mkdirSync(this.at(folder), { recursive: true });
    chmodSync(this.at("home/queue"), 0o700);
    mkdirSync(this.at("home/clientmqueue"));
    chmodSync(this.at("home/clientmqueue"), 0o3777);
    this.write("passwd", "root:x:0:0::/:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n");
    this.write("aliases", "postmaster: ann\n");
    this.write("access", "Connect:127 RELAY\n");
    this.table("aliases", { postmaster: "ann" });
    this.table("access", { "connect:127": "RELAY" });
    this.write("sendmail.mc", this.mc(extra));
    this.write("sendmail.cf", compiled(extra).replaceAll("@FOLDER@", this.folder));
    this.certificate();
    this.write("root/usr/sbin/sendmail", '#!/bin/sh\nexec rulemail sendmail "$@"\n', 0o755);
    this.listen(25, SERVER_PID, "rulemail");
  }

  at(path: string): string {
    return join(this.folder, path);
  }

  get file(): string {
    return this.at("sendmail.cf");
  }

  mc(extra = ""): string {
    return MC.replace("@EXTRA@", extra).replaceAll("@FOLDER@", this.folder);
  }

  /** A minute ago, whatever it is written for. */
  write(path: string, text: string | Buffer, mode = 0o644): void {
    writeFileSync(this.at(path), text);
    chmodSync(this.at(path), mode);
    this.changed(path, -60_000);
  }

  /** @param ms from now */
  changed(path: string, ms: number): void {
    const at = (this.now + ms) / 1000;
    utimesSync(this.at(path), at, at);
  }

  table(name: string, entries: Readonly<Record<string, string>>): void {
    const builder = new DatabaseBuilder("replace");
    for (const [key, value] of Object.entries(entries)) builder.add(key, value);
    builder.write(this.at(`${name}.db`), { mode: 0o644 });
  }

  certificate({ host = HOST, from = -DAY, until = 365 * DAY } = {}): void {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const times = { from: this.now + from, until: this.now + until };
    const der = selfSignedCertificate({ host, privateKey, publicKey, serial: randomBytes(16), ...times });
    this.write("certs/server.pem", new X509Certificate(der).toString());
    this.write("certs/server.key", privateKey.export({ type: "pkcs8", format: "pem" }), 0o600);
  }

  /** A key that signs, selector s1. @returns its record */
  dkim(): string {
    mkdirSync(this.at(`dkim/${DOMAIN}`), { recursive: true });
    const { privateKey } = generateKeyPairSync("ed25519");
    this.write(`dkim/${DOMAIN}/s1.private`, privateKey.export({ type: "pkcs8", format: "pem" }), 0o600);
    return publicRecord({ key: privateKey, algorithm: "ed25519", bits: 256 });
  }

  /** A process as /proc shows it. */
  process(pid: number, name: string, program = `/usr/sbin/${name}`): void {
    mkdirSync(this.at(`proc/${pid}/fd`), { recursive: true });
    writeFileSync(this.at(`proc/${pid}/comm`), `${name}\n`);
    writeFileSync(this.at(`proc/${pid}/cmdline`), `${program}\0`);
  }

  /** Nobody else listens. */
  listen(port: number, pid: number, name: string): void {
    this.process(pid, name);
    const hex = port.toString(16).toUpperCase().padStart(4, "0");
    const line = `   0: 00000000:${hex} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7700 1\n`;
    writeFileSync(this.at("proc/net/tcp"), `  sl  local_address rem_address   st\n${line}`);
    for (const each of readdirSync(this.at("proc"))) rmSync(this.at(`proc/${each}/fd/3`), { force: true });
    symlinkSync("socket:[7700]", this.at(`proc/${pid}/fd/3`));
  }

  surroundings(): Surroundings {
    const home = this.at("home");
    const space: Space = { free: 5e6, all: 1e7, blockSize: 4096, freeFiles: 5e5, allFiles: 1e6, ...this.space };
    return {
      machine: {
        hostName: HOST,
        nameServers: [],
        search: [],
        ndots: 1,
        timeout: 1,
        attempts: 1,
        hostsFile: "/dev/null",
        interfaces: this.interfaces,
      },
      resolver: resolverOf(this.names),
      clock: { ...systemClock, now: () => this.now, after: (ms, then) => systemClock.after(ms, then) },
      accounts: {
        find: (name) => {
          const uid = this.accounts[name];
          return uid === undefined ? undefined : { name, uid, gid: uid, gecos: "", home: "/", shell: "/bin/sh" };
        },
        findById: () => undefined,
      },
      home: {
        folder: home,
        controlSocket: join(home, "control"),
        submitSocket: join(home, "submit"),
        clientQueue: join(home, "clientmqueue"),
        callers: join(home, "callers"),
      },
      proc: this.at("proc"),
      root: this.at("root"),
      limits: this.limits,
      uid: this.uid,
      server: () => Promise.resolve(this.server),
      space: () => space,
      fetch: (url) => Promise.resolve(this.pages.get(url)),
    };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const known = new Map<string, string>();

/** Compiling takes longer than all the rest: once for each text. */
function compiled(extra: string): string {
  let text = known.get(extra);
  if (text === undefined) {
    const folder = mkdtempSync(join(tmpdir(), "doctor-mc-"));
    writeFileSync(join(folder, "site.mc"), MC.replace("@EXTRA@", extra));
    ({ text } = compileMc({ file: join(folder, "site.mc") }));
    rmSync(folder, { recursive: true });
    known.set(extra, text);
  }
  return text;
}

function resolverOf(names: Names): Resolver {
  return { query: (name, type) => answer(names, name.toLowerCase().replace(/\.$/, ""), type) };
}

function answer(names: Names, name: string, type: RecordType): DnsAnswer {
  const texts = names.get(name);
  if (texts === undefined) return { kind: "nxdomain" };
  if (texts.includes("SERVFAIL")) return { kind: "tempfail", reason: "SERVFAIL" };
  const alias = texts.find((each) => each.startsWith("CNAME "))?.slice("CNAME ".length);
  if (alias !== undefined) {
    const found = answer(names, alias, type);
    return found.kind === "found" || found.kind === "nodata" ? { ...found, canonicalName: alias } : found;
  }
  const records = texts.flatMap((each): DnsRecord[] => {
    const text = each.replace(/^\+/, "");
    if (!text.startsWith(`${type} `)) return [];
    const data = text.slice(type.length + 1);
    const [first, ...rest] = data.split(" ");
    const common = { name, type, ttl: 300 };
    if (type === "MX") return [{ ...common, preference: Number(first), data: rest.join(" ") }];
    if (type === "TLSA") return [{ ...common, data, octets: Buffer.from(data.replaceAll(" ", ""), "hex") }];
    return [{ ...common, data }];
  });
  if (records.length === 0) return { kind: "nodata", canonicalName: name };
  return { kind: "found", records, canonicalName: name, secure: texts.some((each) => each.startsWith("+")) };
}
