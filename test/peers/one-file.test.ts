/** The one executable file (npm run build:binary): on a machine that has nothing else of ours, and called by somebody hostile. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { EX } from "../../src/sys/sysexits.ts";
import { peersFolder, whyUnreachable } from "../support/package-source.ts";
import { peerTest } from "../support/peers.ts";

const root = join(import.meta.dirname, "../..");
const file = join(root, "dist/rulemail");
const debian = join(peersFolder, "whole/debian");
const PATIENCE_MS = 110_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "one-file-"));
  // dist/ is made anew before these tests; whoever has built the file since has it already.
  if (!existsSync(file)) {
    const built = spawnSync(process.execPath, [join(root, "packaging/build-binary.ts")], {
      cwd: root,
      encoding: "utf8",
    });
    expect(built.stderr).toBe("");
  }
  mkdirSync(join(folder, "bin"));
  for (const name of ["sendmail", "rulemail-0.1-linux"]) symlinkSync(file, join(folder, "bin", name));
}, PATIENCE_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DAY = `cron: 
header: 
mailx: 
mutt: 
php: 
git: Sent [PATCH] by git
delivered: 6
subjects: Subject: Cron <root@mail> true|Subject: [PATCH] by git|Subject: by header|Subject: by mailx|Subject: by mutt|Subject: by php|
mailq: /srv/mail/queue is empty Total requests: 0 
newaliases: /srv/mail/aliases: 4 aliases
alias: 
delivered: 7
makemap: key	value
vacation: 
vacation: 
delivered: 8
compiled: yes
tested: parse            returns: $# esmtp $@ [ smtp . example . net ] $: bob < @ example . org >
licences: 1
accepted: 200
stopped: 0
kept: Total requests: 200
stopped: 0
leftovers: 0
`;

peerTest("a small Debian with nothing but the file gets through a day, and keeps what waits", ["root"], () => {
  // Where packages cannot be had, this could not be unpacked.
  if (!existsSync(join(peersFolder, "whole/complete")) && whyUnreachable() !== undefined) return;
  const here = join(import.meta.dirname, "one-file");
  const words = [join(here, "enter"), debian, file, join(here, "day")];
  const { stdout, stderr } = spawnSync("sh", words, { encoding: "utf8", timeout: PATIENCE_MS });
  expect(stderr).toBe("");
  expect(stdout).toBe(DAY);
});

const LIFE = `installed: 0
advice: 1
account: /var/spool/rulemail:/usr/sbin/nologin
folders: root:rulemail 1775 rulemail:rulemail 700 rulemail:rulemail 3777
set-id: 0
aliases: ../aliases
unit: 
exposed: 0
early: 0
setup: 0
/etc/mail/aliases: 2 aliases, longest 5 bytes, 23 bytes total
make: 0
up to date: 0
started: 0
runs: rulemail
delivered: 1
delivered: 2
accepted: 200
upgraded: 0
version: ~2
another server: 0
kept: Total requests: 200
delivered: 3
conffile: # mine
site: 0
verified: 
again: 0
kept: Total requests: 200
removed: 0
gone: 1
commands: 
left: 0
purged: 0
told: 1
conffiles: 
back: 0
kept: Total requests: 200
emptied: 200 messages removed
kept: Total requests: 0
purged: 0
home: 
yours: 1
leftovers: 
`;

peerTest(
  "a Debian package is installed, upgraded under a running server, removed, purged",
  ["root", "debian"],
  () => {
    const here = join(import.meta.dirname, "deb");
    const packages = ["0.1.0~1", "0.1.0~2"].map((version) => {
      const words = [`--binary=${file}`, "--compression=none", `--version=${version}`, `--folder=${folder}`];
      const built = spawnSync(process.execPath, [join(root, "packaging/deb/build-deb.ts"), ...words], {
        encoding: "utf8",
      });
      expect(built.stderr).toBe("");
      return built.stdout.replace(/:[^:]*$/, "");
    });
    const words = [join(here, "enter"), ...packages, join(here, "life")];
    const { stdout, stderr } = spawnSync("sh", words, { encoding: "utf8", timeout: PATIENCE_MS });
    expect(stderr).toBe("");
    expect(stdout).toBe(LIFE);
  },
  PATIENCE_MS,
);

interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function call(name: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}, input = ""): Answer {
  const env = { PATH: process.env.PATH, ...environment };
  const { status, stdout, stderr } = spawnSync(join(folder, "bin", name), words, { env, input, encoding: "utf8" });
  return { status, stdout, stderr };
}

function testMode(environment: NodeJS.ProcessEnv): Answer {
  return call("sendmail", ["-bt", "-C", join(root, "cf/smarthost.cf")], environment, "3,0 bob@example.org\n");
}

/** Others cannot take a file system away. */
function ofRoot<Row>(...rows: readonly Row[]): readonly Row[] {
  return process.getuid?.() === 0 ? rows : [];
}

/** Without anything of Node's in the environment. */
let plain: Answer | undefined;

/** Files below a folder, however deep. */
function filesIn(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, encoding: "utf8" }).filter((each) => statSync(join(path, each)).isFile());
}

test.each([
  ["NODE_OPTIONS", "--require=HERE/evil.cjs"],
  ["NODE_OPTIONS", "--no-such-option"],
  ["NODE_PATH", "HERE"],
  ["NODE_EXTRA_CA_CERTS", "HERE/evil.cjs"],
  ["NODE_COMPILE_CACHE", "HERE/code"],
  ["NODE_REDIRECT_WARNINGS", "HERE/warnings"],
  ["NODE_PENDING_DEPRECATION", "1"],
  ["NODE_TLS_REJECT_UNAUTHORIZED", "0"],
  ["NODE_USE_SYSTEM_CA", "1"],
  ["NODE_DEBUG", "fs,net,module,rulemail"],
  ["NODE_DEBUG_NATIVE", "sea"],
  ["NODE_ICU_DATA", "HERE"],
  ["NODE_SKIP_PLATFORM_CHECK", "1"],
  ["NODE_CHANNEL_FD", "99"],
  ["OPENSSL_CONF", "HERE/evil.cjs"],
  ["OPENSSL_MODULES", "HERE"],
  ["SSL_CERT_FILE", "HERE/evil.cjs"],
])("%s=%s in the environment changes nothing", (name, value) => {
  const here = mkdtempSync(join(folder, "caller-"));
  const evil = 'require("node:fs").writeFileSync(__dirname + "/ran", ""); console.log("evil"); process.exit(9);';
  for (const each of ["evil.cjs", "net.js", "fs.js"]) writeFileSync(join(here, each), evil);
  plain ??= testMode({});
  expect(plain.stdout).toContain("returns: $# esmtp $@ [ smtp . example . net ]");
  expect(testMode({ [name]: value.replace("HERE", here) })).toEqual(plain);
  expect([...filesIn(here)].toSorted()).toEqual(["evil.cjs", "fs.js", "net.js"]);
});

test.each([
  [
    "words and variables that are not in UTF-8",
    `NAME=$(printf 'J\\374rgen') "$@" "$(printf '\\377')@here"`,
    "\\377@here... User",
  ],
  [
    "a folder that it is not in, as PATH has it",
    `cd "$(dirname "$1")" && PATH=. && shift && sendmail "$@" joe`,
    "joe... User unknown",
  ],
  ...ofRoot([
    "no /proc",
    `unshare -m bash -c 'umount -l /proc; cd /; shift; exec -a sendmail ${file} "$@" joe' - "$@"`,
    "joe... User unknown",
  ]),
])("with %s the environment changes nothing either", (_what, script, said) => {
  const words = ["-c", script, "-", join(folder, "bin/sendmail"), "-C", join(root, "cf/smarthost.cf"), "-bv"];
  const [plainly, hostile] = [{}, { NODE_PATH: folder, NODE_DEBUG: "rulemail" }].map((more): Answer => {
    const env = { PATH: process.env.PATH, ...more };
    const { status, stdout, stderr } = spawnSync("sh", words, { env, encoding: "utf8" });
    return { status, stdout, stderr };
  });
  expect(hostile).toEqual(plainly);
  expect(hostile.stdout).toContain(said);
});

test("a server keeps the descriptor that it was given to tell on, whatever else it was given", async () => {
  const env = {
    PATH: process.env.PATH,
    RULEMAIL_HOME: join(folder, "home"),
    RULEMAIL_READY_FD: "3",
    NODE_DEBUG: "rulemail,x",
  };
  const words = ["start", "-p", "0"];
  const server = spawn(join(folder, "bin/rulemail-0.1-linux"), words, {
    env,
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const ended = once(server, "exit");
  try {
    const told = server.stdio[3] as NodeJS.ReadableStream;
    const [line] = (await Promise.race([once(told, "data"), ended])) as [unknown];
    expect(String(line)).toMatch(/^\{"ready":true,/);
  } finally {
    server.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  }
});

test.each(["-sendmail", "--require=HERE/evil.cjs", "HERE/--eval=1", "", "./"])("called %j it is sendmail", (name) => {
  const here = mkdtempSync(join(folder, "caller-"));
  writeFileSync(join(here, "evil.cjs"), 'console.log("evil"); process.exit(9);');
  const env = { PATH: process.env.PATH, NODE_PATH: here };
  for (const words of [[], ["-bm"]]) {
    const { status, stdout, stderr } = spawnSync(join(folder, "bin/sendmail"), words, {
      argv0: name.replace("HERE", here),
      env,
      input: "",
      encoding: "utf8",
    });
    expect([status, stdout, stderr]).toEqual([EX.USAGE, "", "Recipient names must be specified\n"]);
  }
});

test.each([
  ["sendmail", ["-bt", "-C", "smarthost.cf"], "3,0 bob@example.org\n"],
  ["sendmail", ["-bO", "-C", "smarthost.cf"], ""],
  ["rulemail-0.1-linux", ["licences"], ""],
  ["rulemail-0.1-linux", ["version"], ""],
])("%s %j tells when a full disk has not taken all that it writes", (name, words, input) => {
  const full = openSync("/dev/full", "w");
  try {
    const { status, stderr } = spawnSync(join(folder, "bin", name), words, {
      cwd: join(root, "cf"),
      stdio: ["pipe", full, "pipe"],
      input,
      encoding: "utf8",
    });
    expect(stderr).toMatch(/^.*: ENOSPC: no space left on device, write\n$/);
    expect(status).toBe(EX.IOERR);
  } finally {
    closeSync(full);
  }
});

/** Somebody who could be anybody: a certificate for 127.0.0.1, and the authority that signed it, itself. */
function madeAuthority(): { readonly key: Buffer; readonly cert: Buffer; readonly path: string } {
  const [key, path] = [join(folder, "key.pem"), join(folder, "authority.pem")];
  const words = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-subj",
    "/CN=x",
  ];
  const made = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", path];
  expect(spawnSync("openssl", [...words, ...made], { encoding: "utf8" }).status).toBe(0);
  return { key: readFileSync(key), cert: readFileSync(path), path };
}

/** A machine whose LDAP clients are told of no authorities: those that Node knows count. */
const WITHOUT_LDAP_CONF = `
for folder in /etc/ldap /etc/openldap; do test ! -d $folder || mount -t tmpfs none $folder; done
exec "$@"`;

peerTest(
  "no authority of the caller's is trusted, whatever else it says; one that LDAP clients are told is",
  ["root"],
  async () => {
    const authority = madeAuthority();
    let heard = 0;
    // Ends each connection with the first request that the client sends to it, which it does to a server that it trusts.
    const server = createServer(authority, (socket) => void socket.once("data", () => (heard++, socket.destroy())));
    server.on("tlsClientError", () => undefined).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const config = join(folder, "ldap.cf");
    const map = `Km ldap -H ldaps://127.0.0.1:${port} -1 -b dc=test -k (mapKey=%0) -v mapValue`;
    writeFileSync(config, `V10/Berkeley\n${map}\nMlocal, P=/bin/true, F=l, A=true\nMprog, P=/bin/true, F=l, A=true\n`);
    const extra = { NODE_EXTRA_CA_CERTS: authority.path };
    const asked = async (environment: NodeJS.ProcessEnv): Promise<number> => {
      heard = 0;
      const words = ["-c", WITHOUT_LDAP_CONF, "-", join(folder, "bin/sendmail"), "-bt", "-C", config];
      const child = spawn("unshare", ["-m", "sh", ...words], {
        env: { PATH: process.env.PATH, ...environment },
        stdio: ["pipe", "ignore", "ignore", "pipe"],
      });
      (child.stdio[0] as NodeJS.WritableStream).end("/map m one\n");
      await once(child, "exit");
      return heard;
    };
    try {
      expect(await asked({ LDAPTLS_CACERT: authority.path })).toBeGreaterThan(0);
      expect(await asked(extra)).toBe(0);
      expect(await asked({ ...extra, RULEMAIL_READY_FD: "3" })).toBe(0);
      expect(await asked({ ...extra, LISTEN_FDS: "1", LISTEN_PID: "1" })).toBe(0);
      const ofSystem = { NODE_USE_SYSTEM_CA: "1", SSL_CERT_FILE: authority.path };
      expect(await asked({ ...ofSystem, RULEMAIL_READY_FD: "3" })).toBe(0);
    } finally {
      server.close();
    }
  },
);

test("called rulemail-VERSION it is rulemail, and says what is in it", () => {
  const { stdout } = call("rulemail-0.1-linux", ["version"]);
  expect(stdout).toMatch(/^rulemail \d/);
  const licences = call("rulemail-0.1-linux", ["licences"]).stdout;
  for (const each of ["rulemail", "smtp-server", "nodemailer", "winston", "Node.js"]) {
    expect(licences).toMatch(new RegExp(`^={80}\\n${each}\\b`, "m"));
  }
});

test("it is no larger than said, and its sums are right", () => {
  expect(statSync(file).size).toBeLessThanOrEqual(115_000_000);
  const sums = spawnSync("sha256sum", ["-c", "SHA256SUMS"], { cwd: join(root, "dist"), encoding: "utf8" });
  expect(sums.stdout).toBe("rulemail: OK\nrulemail.sbom.json: OK\n");
});
