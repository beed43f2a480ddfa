/**
 * Real mail filters, as test/peers/install unpacks them, each on a unix socket in a folder of its own: opendkim, opendmarc,
 * clamav-milter, rspamd, scripts with pymilter. Nothing of them is read; they only answer.
 */
import { spawn, type ChildProcess } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  openSync,
  closeSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { PATIENCE_MS } from "./foreign-programs.ts";
import { peersFolder } from "./package-source.ts";

const root = join(peersFolder, "filters");

export interface RealFilter {
  /** As S= of an X line and `rulemail milter test` want it. */
  readonly socket: string;
  readonly path: string;
  /** What it wrote so far. */
  readonly said: () => string;
  stop(): Promise<void>;
}

interface Program {
  readonly file: string;
  readonly words: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The socket that tells that it is ready. */
  readonly socket: string;
}

/** Where libraries of the packages lie. */
function libraries(): string {
  const usr = join(root, "usr/lib");
  const architectures = existsSync(usr) ? readdirSync(usr).filter((name) => name.endsWith("-linux-gnu")) : [];
  return [...architectures.map((name) => join(usr, name)), usr, join(usr, "rspamd")].join(":");
}

/** Starts programs in a folder of their own, one after the other; all end together, and the folder goes. */
async function start(folder: string, programs: readonly Program[]): Promise<RealFilter> {
  const children: ChildProcess[] = [];
  const log = join(folder, "log");
  const stop = async (): Promise<void> => {
    for (const child of children.toReversed()) await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const { file, words, environment, socket } of programs) {
      const output = openSync(log, "a", 0o600);
      const child = spawn(file, words, {
        cwd: folder,
        detached: true,
        stdio: ["ignore", output, output],
        env: { PATH: process.env["PATH"], LC_ALL: "C", LD_LIBRARY_PATH: libraries(), ...environment },
      });
      closeSync(output);
      children.push(child);
      await untilReady(child, socket, () => readFileSync(log, "latin1"));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const path = programs.at(-1)!.socket;
  return { socket: `unix:${path}`, path, said: () => readFileSync(log, "latin1"), stop };
}

/** With all that it started; libmilter would take seconds to end by itself. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const over = new Promise((resolve) => child.once("exit", resolve));
  process.kill(-child.pid, "SIGKILL");
  await over;
}

async function untilReady(child: ChildProcess, socket: string, said: () => string): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  while (!(await isAnswered(socket))) {
    if (child.exitCode !== null || performance.now() > until) throw new Error(`${child.spawnfile}: ${said()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

/** As short as paths of sockets have to be. */
const newFolder = (): string => mkdtempSync(join(tmpdir(), "filter-"));
const sbin = (name: string): string => join(root, "usr/sbin", name);
/** Programs that change to another user than root want to be told that root will do. */
const asRoot = (line: string): string => (process.getuid?.() === 0 ? `${line}\n` : "");

/** A Python that has the modules of the packages. */
export function python(): { readonly file: string; readonly environment: Readonly<Record<string, string>> } {
  const own = join(root, "usr/bin/python3");
  const environment = {
    LD_LIBRARY_PATH: libraries(),
    PYTHONPATH: join(root, "usr/lib/python3/dist-packages"),
    PYTHONDONTWRITEBYTECODE: "1",
    ...(existsSync(own) && { PYTHONHOME: join(root, "usr") }),
  };
  return { file: existsSync(own) ? own : "/usr/bin/python3", environment };
}

/** A script of test/peers/filters. */
export function startScript(name: string): Promise<RealFilter> {
  const folder = newFolder();
  const socket = join(folder, "socket");
  const { file, environment } = python();
  const script = join(import.meta.dirname, "../peers/filters", name);
  return start(folder, [{ file, words: [script, `unix:${socket}`], environment, socket }]);
}

/** How opendkim shall sign, where it is not as most do it. */
export interface SignerWishes {
  readonly canonicalization?: string;
  readonly algorithm?: "rsa-sha256" | "ed25519-sha256";
}

/** opendkim that signs for a domain, selector `test`; with the key that verifies. */
export async function startSigner(
  domain: string,
  { canonicalization = "relaxed/relaxed", algorithm = "rsa-sha256" }: SignerWishes = {},
): Promise<RealFilter & { readonly publicKey: KeyObject }> {
  const { privateKey, publicKey } =
    algorithm === "rsa-sha256" ? generateKeyPairSync("rsa", { modulusLength: 2048 }) : generateKeyPairSync("ed25519");
  const filter = await startOpendkim((folder) => {
    const key = join(folder, "key.pem");
    writeFileSync(key, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    return `Mode s\nCanonicalization ${canonicalization}\nSignatureAlgorithm ${algorithm}\nDomain ${domain}\nSelector test\nKeyFile ${key}\n`;
  });
  return { ...filter, publicKey };
}

/**
 * opendkim that verifies, and says so as mx.y.example.
 * @param records by name: "test._domainkey.x.example"
 */
export function startVerifier(records: Readonly<Record<string, string>>): Promise<RealFilter> {
  return startOpendkim((folder) => {
    const keys = join(folder, "keys");
    const lines = Object.entries(records).map(([name, text]) => `${name} ${text}\n`);
    writeFileSync(keys, lines.join(""));
    return `Mode v\nAuthservID mx.y.example\nAlwaysAddARHeader yes\nTestPublicKeys ${keys}\n`;
  });
}

/** @param settings for a folder where files may be put */
export function startOpendkim(settings: (folder: string) => string): Promise<RealFilter> {
  const folder = newFolder();
  const socket = join(folder, "socket");
  const file = join(folder, "opendkim.conf");
  writeFileSync(file, `${settings(folder)}RequireSafeKeys no\nSocket local:${socket}\n`);
  return start(folder, [{ file: sbin("opendkim"), words: ["-f", "-x", file], socket }]);
}

const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join("");

/** How opendmarc shall judge, where it has more to go by than the message. */
export interface DmarcWishes {
  /** TXT records by name; all others do not exist. */
  readonly records?: Readonly<Record<string, string>>;
  /** Without them it knows no organizations. */
  readonly publicSuffixes?: readonly string[];
  /** Further lines of its configuration; by default it refuses what fails. */
  readonly settings?: string;
}

/** opendmarc that judges mail for mx.y.example, by the Authentication-Results of that name. */
export function startDmarc({
  records,
  publicSuffixes,
  settings = "RejectFailures true\n",
}: DmarcWishes = {}): Promise<RealFilter> {
  const folder = newFolder();
  const [socket, file, zone, suffixes] = ["socket", "opendmarc.conf", "zone", "suffixes"].map((name) =>
    join(folder, name),
  );
  let sources = "";
  if (records !== undefined) {
    writeFileSync(zone, lines(Object.entries(records).map(([name, text]) => `${name} ${text}`)));
    sources += `TestDNSData ${zone}\n`;
  }
  if (publicSuffixes !== undefined) {
    writeFileSync(suffixes, lines(publicSuffixes));
    sources += `PublicSuffixList ${suffixes}\n`;
  }
  writeFileSync(
    file,
    `AuthservID mx.y.example\nSocket local:${socket}\nSyslog false\nIgnoreHosts /dev/null\n${sources}${settings}`,
  );
  return start(folder, [{ file: sbin("opendmarc"), words: ["-f", "-c", file], socket }]);
}

/** The text that our only virus has. */
export const VIRUS_TEXT = "FINDTHISBADTHING";

/** clamd with one signature of our own, and clamav-milter, which refuses what has it. */
export function startVirusScanner(): Promise<RealFilter> {
  const folder = newFolder();
  const database = join(folder, "database");
  mkdirSync(database);
  writeFileSync(join(database, "test.ndb"), `Rulemail.Test:0:*:${Buffer.from(VIRUS_TEXT).toString("hex")}\n`);
  const daemon = join(folder, "clamd.conf");
  const filter = join(folder, "milter.conf");
  const [clamd, socket] = [join(folder, "clamd"), join(folder, "socket")];
  const common = `Foreground true\n${asRoot("User root")}`;
  writeFileSync(daemon, `DatabaseDirectory ${database}\nLocalSocket ${clamd}\nMaxThreads 2\n${common}`);
  writeFileSync(
    filter,
    `MilterSocket unix:${socket}\nClamdSocket unix:${clamd}\nOnInfected Reject\nRejectMsg Virus %v\nAddHeader Replace\n${common}`,
  );
  return start(folder, [
    { file: sbin("clamd"), words: ["-c", daemon], socket: clamd },
    { file: sbin("clamav-milter"), words: ["-c", filter], socket },
  ]);
}

/** rspamd with one rule: `casino` in the subject is spam. */
export function startSpamFilter(): Promise<RealFilter> {
  const folder = newFolder();
  const socket = join(folder, "socket");
  const [configuration, rules, domains] = ["rspamd.conf", "rules.lua", "domains"].map((name) => join(folder, name));
  writeFileSync(domains, "com\nexample\n");
  writeFileSync(
    rules,
    `rspamd_config.CASINO = { score = 20.0, group = 'own', callback = function(task)
  local subject = task:get_subject()
  return subject ~= nil and subject:find('casino') ~= nil
end }
`,
  );
  writeFileSync(
    configuration,
    `options { filters = ""; pidfile = "${folder}/pid"; cache_file = "${folder}/symbols"; tempdir = "${folder}"; url_tld = "${domains}";
  dns { nameserver = ["127.0.0.1:1:1"]; timeout = 0.1s; retransmits = 1; } }
logging { type = "console"; level = "warning"; }
actions { reject = 15; add_header = 6; greylist = 100; }
worker "rspamd_proxy" { bind_socket = "${socket} mode=0600"; milter = yes; timeout = 5s; count = 1;
  upstream "local" { default = yes; self_scan = yes; } }
lua = "${rules}";
`,
  );
  const share = join(root, "usr/share/rspamd");
  const variables = Object.entries({
    SHAREDIR: share,
    LUALIBDIR: join(share, "lualib"),
    RULESDIR: join(share, "rules"),
    PLUGINSDIR: join(share, "plugins"),
    DBDIR: folder,
    RUNDIR: folder,
    LOGDIR: folder,
  }).map(([name, value]) => `--var=${name}=${value}`);
  const ids = process.getuid?.() === 0 ? ["-i", "-u", "root", "-g", "root"] : [];
  const words = ["-f", ...ids, "-c", configuration, ...variables];
  return start(folder, [{ file: join(root, "usr/bin/rspamd"), words, socket }]);
}
