/**
 * Foreign programs for tests and benchmarks: a genuine sendmail, GNU m4, slapd ... as test/peers/install unpacks them.
 * Nothing of them is read; they only answer. What tests do without them: peers.ts.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { peersFolder } from "./package-source.ts";

const home = join(import.meta.dirname, "../..");
const GENUINE = join(home, "test/peers/genuine");
export const PATIENCE_MS = 60_000;
const INSTALL = "run test/peers/install";

/** A command to put words behind, or why there is none. */
export type Found = { readonly command: readonly string[] } | { readonly missing: string };

/** What a test may need: a program of test/peers/genuine, or the rights of root. */
type Filter = "opendkim" | "opendmarc" | "clamd" | "clamav-milter" | "rspamd";
type Program =
  | Filter
  | "slapd"
  | "swaks"
  | "procmail"
  | "postfix"
  | "saslpasswd2"
  | "msmtp"
  | "gsasl"
  | "curl"
  | "fail2ban-regex"
  | "postsrsd"
  | "unbound"
  | "openssl";
export type Need =
  | Program
  | "postgres"
  | "pymilter"
  | "python3-spf"
  | "dkimpy"
  | "logwatch"
  | "sendmail"
  | "m4"
  | "root"
  | "debian";

/** The command of a genuine sendmail: GENUINE="/usr/sbin/sendmail" names another one. */
export function findGenuine(): Found {
  const given = process.env["GENUINE"];
  if (given !== undefined && given !== "") return { command: given.split(" ") };
  if (process.getuid?.() !== 0) return { missing: "a genuine sendmail runs in namespaces, and these need root" };
  if (!existsSync(join(peersFolder, "sendmail/usr/libexec/sendmail/sendmail")))
    return { missing: `no genuine sendmail in ${peersFolder}: ${INSTALL}` };
  return { command: [GENUINE, "sendmail"] };
}

/** GNU m4: the command in GNU_M4, else the one that was unpacked, else m4 of the PATH. */
export function findGnuM4(): Found {
  const command = process.env["GNU_M4"]?.split(" ") ?? [GENUINE, "m4"];
  const { stdout } = spawnSync(command[0], [...command.slice(1), "--version"], {
    encoding: "latin1",
    timeout: PATIENCE_MS,
  });
  return stdout?.includes("GNU M4") ? { command } : { missing: `no GNU m4: ${INSTALL}, or name it: GNU_M4=COMMAND` };
}

/** Another program of the packages, or of the machine. */
export function findProgram(name: Program): Found {
  const folders = [
    "tools/usr/sbin",
    "tools/usr/bin",
    "submission/usr/bin",
    "filters/usr/sbin",
    "filters/usr/bin",
    "line/usr/sbin",
  ].map((folder) => join(peersFolder, folder));
  const places = [...folders, "/usr/sbin", "/usr/bin"];
  return places.some((place) => isForeign(join(place, name)))
    ? { command: [GENUINE, name] }
    : { missing: `no ${name}: ${INSTALL}` };
}

/**
 * A file or folder that a package brings, as it lies here; undefined when no package has it.
 * @param file absolute, as when installed: "/usr/share/sendmail/cf"
 */
export function peerFile(file: string): string | undefined {
  const roots = existsSync(peersFolder) ? readdirSync(peersFolder).map((name) => join(peersFolder, name)) : [];
  return [...roots, "/"].map((root) => join(root, file)).find((each) => existsSync(each));
}

/** The folder with postgres, initdb and pg_ctl; undefined without one. */
export function postgresPrograms(): string | undefined {
  for (const root of [join(peersFolder, "database"), "/"]) {
    const versions = join(root, "usr/lib/postgresql");
    if (!existsSync(versions)) continue;
    const folders = readdirSync(versions).map((version) => join(versions, version, "bin"));
    const found = folders.find((folder) => existsSync(join(folder, "initdb")));
    if (found !== undefined) return found;
  }
  return undefined;
}

export interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a script in namespaces of its own (test/peers/genuine): "shell" with a genuine sendmail in its places, "bare" with
 * none of the foreign programs. Ours come first in the PATH when `ours` is set. Everything that it started ends with it.
 * @param environment more variables: GENUINE_ZONE
 */
export function runInside(
  kind: "shell" | "bare",
  script: string,
  ours = true,
  environment: Readonly<Record<string, string>> = {},
): Said {
  const path = process.env["PATH"] ?? "";
  const { status, stdout, stderr } = spawnSync(GENUINE, [kind, "-c", script], {
    encoding: "latin1",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 5 * PATIENCE_MS,
    maxBuffer: 1 << 26,
    env: {
      HOME: process.env["HOME"],
      RULEMAIL_PEERS: peersFolder,
      PATH: ours ? `${join(home, "bin")}:${path}` : path,
      ...environment,
    },
  });
  return { status, stdout, stderr };
}

/**
 * A new folder for tables that a genuine sendmail shall read: no folder above it may be writable by others, as /tmp is, where
 * a checkout may lie.
 */
export function folderForTables(name: string): string {
  const places = [peersFolder, join(home, "node_modules"), "/var/cache", "/root"];
  const place = places.find((each) => existsSync(each) && isOursAlone(realpathSync(each)));
  return mkdtempSync(join(place ?? peersFolder, name));
}

function isOursAlone(folder: string): boolean {
  const above = dirname(folder);
  return (statSync(folder).mode & 0o002) === 0 && (above === folder || isOursAlone(above));
}

/** What the tests of a file can have: the first reason why not. */
export function whyWithout(needs: readonly Need[]): string | undefined {
  for (const need of needs) {
    const reason = reasonAgainst(need);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** What our package wants, and a Debian without an init may not have. */
const WANTED_BY_PACKAGE = ["adduser", "init-system-helpers", "libstdc++6", "sysvinit-utils", "make"];

function reasonAgainst(need: Need): string | undefined {
  if (need === "root") return process.getuid?.() === 0 ? undefined : "needs root";
  if (need === "debian") {
    const missing = WANTED_BY_PACKAGE.filter((name) => spawnSync("dpkg", ["-s", name]).status !== 0);
    return missing.length === 0 ? undefined : `no Debian with ${missing.join()}`;
  }
  if (need === "pymilter" || need === "dkimpy") {
    const module = need === "pymilter" ? "Milter" : "dkim";
    return peerFile(`/usr/lib/python3/dist-packages/${module}`)
      ? undefined
      : `no ${need} in ${peersFolder}: ${INSTALL}`;
  }
  if (need === "logwatch") {
    return peerFile("/usr/share/logwatch/scripts/services/sendmail")
      ? undefined
      : `no logwatch in ${peersFolder}: ${INSTALL}`;
  }
  if (need === "python3-spf") {
    const suite = peerFile("/usr/share/doc/python3-spf/rfc7208-tests.yml.gz");
    return suite ? undefined : `no python3-spf in ${peersFolder}: ${INSTALL}`;
  }
  if (need === "postgres") return postgresPrograms() === undefined ? `no postgres: ${INSTALL}` : undefined;
  const found = need === "sendmail" ? findGenuine() : need === "m4" ? findGnuM4() : findProgram(need);
  return "missing" in found ? found.missing : undefined;
}

/** The command for a need that was checked before; throws when it is not there. */
export function commandOf(found: Found): readonly string[] {
  if ("missing" in found) throw new Error(found.missing);
  return found.command;
}

/** A program that is not one of ours under its name, and may be executed. */
function isForeign(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return !realpathSync(file).startsWith(realpathSync(home));
  } catch {
    return false;
  }
}
