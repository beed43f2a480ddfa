/**
 * Our server for measuring: compiled from `dist/`, with the shipped `cf/standalone.mc`, a home folder of its own and
 * free ports. DNS is a small server of this process; mail for other hosts goes to the sink.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { type DnsServer, startDnsServer } from "../test/support/dns-server.ts";

const HERE = join(import.meta.dirname, "..");
const READY_MS = 20_000;
const STOP_MS = 20_000;

export interface ServerConfiguration {
  /** The checkout whose program is measured; default this one. */
  readonly root?: string;
  /** Accepted mail stays in the queue ("queue") or is delivered at once ("background"). */
  readonly deliveryMode: "queue" | "background";
  /** Where mail for other hosts goes. */
  readonly relayPort: number;
  /** Mail goes to the hosts of its recipients, at that port, and not to one host: records by name, for the name server. */
  readonly zone?: Readonly<Record<string, readonly string[]>>;
  /** So many local users (localUser), as root each with ids of his own; default: alice, who is whoever measures. */
  readonly users?: number;
  /** Aliases beside the usual ones; built into the database. */
  readonly aliases?: string;
  /** File that hears of pauses of the server (loop-delay.ts). */
  readonly pauses?: string;
  /** Fills the queue in this folder before the server starts. */
  readonly prepare?: (queue: string) => Promise<void>;
  /** Options beside: "LogLevel=9". */
  readonly options?: readonly string[];
  /** Lines of m4 in front of the MAILER lines. */
  readonly features?: readonly string[];
  /** Mail filters, asked in this order. */
  readonly filters?: readonly { readonly name: string; readonly socket: string }[];
  /** With a certificate for STARTTLS. */
  readonly tls?: boolean;
  /** Folder for a CPU profile of the server, written when it stops. */
  readonly profile?: string;
}

export interface RunningServer {
  readonly pid: number;
  /** Port of the first listener. */
  readonly port: number;
  /** Folder of the mailboxes. */
  readonly mail: string;
  /** What is in its log by now. */
  log(): string;
  /** Runs a line of a shell with the server's commands in its path; what it prints. */
  run(line: string): string;
  /** Stops the server and removes its home. */
  stop(): Promise<void>;
}

interface Home {
  readonly folder: string;
  readonly cf: string;
  readonly options: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

/** Starts the server and waits until it accepts mail. */
export async function startServer(configuration: ServerConfiguration): Promise<RunningServer> {
  const dns = await startDnsServer({ ...ZONE, ...configuration.zone });
  const folder = mkdtempSync(join(tmpdir(), "rulemail-bench-"));
  const release = async (): Promise<void> => {
    await dns.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const home = makeHome(folder, dns, configuration);
    await configuration.prepare?.(join(folder, "queue"));
    const letter = configuration.deliveryMode.slice(0, 1);
    const options = [`DeliveryMode=${letter}`, "LogLevel=9", ...(configuration.options ?? []), ...home.options];
    const words = ["-bD", "-C", home.cf, ...options.flatMap((option) => ["-O", option])];
    // Started as users start it, so that what bin/sendmail tells Node counts, too.
    const child = spawn(join(configuration.root ?? HERE, "bin/sendmail"), words, {
      env: { ...home.environment, ...profiling(configuration), RULEMAIL_READY_FD: "3" },
      stdio: ["ignore", "ignore", "inherit", "pipe"],
    });
    const port = await readyPort(child).catch(async (error: unknown) => {
      await end(child);
      throw error;
    });
    return {
      pid: child.pid!,
      port,
      mail: join(folder, "mail"),
      log: () => readLog(folder),
      run: (line) => runLine(line, configuration.root ?? HERE, home.environment),
      async stop() {
        await end(child);
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** The shipped configuration, compiled for a fresh home: the path of the cf file, for benchmarks without a server. */
export function compileConfiguration(folder: string, configuration: ServerConfiguration): string {
  const cf = join(folder, "sendmail.cf");
  const root = configuration.root ?? HERE;
  const defines = {
    SERVER_HOME: folder,
    SERVER_SETTINGS: folder,
    SERVER_PORT: "0",
    SERVER_MSA_PORT: "0",
    SERVER_DOMAIN: "mail.example.test",
    ...(configuration.zone === undefined ? { SERVER_SMART_HOST: "relay:[127.0.0.1]" } : {}),
    RELAY_MAILER_ARGS: `TCP $h ${configuration.relayPort}`,
    ESMTP_MAILER_ARGS: `TCP $h ${configuration.relayPort}`,
  };
  const mc = sourceFile(folder, root, configuration);
  const words = Object.entries(defines).flatMap(([name, value]) => ["-D", `${name}=${value}`]);
  const program = join(root, "dist/main.js");
  const compiled = spawnSync(process.execPath, [program, "rulemail", "mc", ...words, "-o", cf, mc], {
    cwd: root,
    encoding: "utf8",
  });
  if (compiled.status !== 0) throw new Error(`Cannot compile cf/standalone.mc: ${compiled.stderr}`);
  const { filters = [] } = configuration;
  if (filters.length > 0) {
    const lines = filters.map(({ name, socket }) => `X${name}, S=${socket}\n`).join("");
    appendFileSync(cf, `${lines}O InputMailFilters=${filters.map(({ name }) => name).join(",")}\n`);
  }
  return cf;
}

/** The shipped file, or one of its own with more features. */
function sourceFile(folder: string, root: string, { features = [] }: ServerConfiguration): string {
  const shipped = "cf/standalone.mc";
  if (features.length === 0) return shipped;
  const file = join(folder, "site.mc");
  const text = readFileSync(join(root, shipped), "latin1");
  writeFileSync(file, text.replace(/^MAILER\(/m, `${features.map((line) => `${line}dnl\n`).join("")}MAILER(`));
  return file;
}

/** Names that the load uses; everything else does not exist. */
const ZONE = {
  "mail.example.test": ["A 127.0.0.1"],
  "generator.test": ["A 127.0.0.1"],
  "sender.test": ["A 127.0.0.1"],
  "sink.test": ["A 127.0.0.1"],
  "1.0.0.127.in-addr.arpa": ["PTR localhost"],
  localhost: ["A 127.0.0.1"],
};

function makeHome(folder: string, dns: DnsServer, configuration: ServerConfiguration): Home {
  for (const name of ["queue", "mail", "clientmqueue"]) mkdirSync(join(folder, name), { mode: 0o700 });
  writeFileSync(join(folder, "passwd"), passwd(folder, configuration.users ?? 0));
  if (configuration.users !== undefined) chmodSync(join(folder, "mail"), 0o755);
  // Lists are read as DefaultUser.
  chmodSync(folder, 0o755);
  const { aliases = "" } = configuration;
  writeFileSync(join(folder, "aliases"), `postmaster: alice\nMAILER-DAEMON: postmaster\n${aliases}`);
  writeFileSync(join(folder, "hosts"), "127.0.0.1 localhost\n");
  const machine = join(folder, "machine.json");
  writeFileSync(machine, JSON.stringify(dns.machine({ hostsFile: join(folder, "hosts") })));
  const environment = { ...process.env, RULEMAIL_HOME: folder, RULEMAIL_MACHINE: machine };
  const cf = compileConfiguration(folder, configuration);
  if (aliases !== "") {
    const words = [join(configuration.root ?? HERE, "dist/main.js"), "newaliases", "-C", cf];
    const built = spawnSync(process.execPath, words, { env: environment, encoding: "utf8" });
    if (built.status !== 0) throw new Error(`Cannot build the aliases: ${built.stdout}${built.stderr}`);
  }
  return { folder, cf, environment, options: configuration.tls ? certificateOptions(folder) : [] };
}

function certificateOptions(folder: string): string[] {
  const { cert, key } = makeCertificate(folder);
  return [`ServerCertFile=${cert}`, `ServerKeyFile=${key}`];
}

/** A certificate with a P-256 key, signed by itself: paths of both. */
export function makeCertificate(folder: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const words = ["req", "-x509", ...kind, "-subj", "/CN=mail.example.test", "-keyout", key, "-out", cert];
  const { status, stderr } = spawnSync("openssl", words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot make a certificate: ${stderr}`);
  return { cert, key };
}

function readLog(folder: string): string {
  const path = join(folder, "log");
  return existsSync(path) ? readFileSync(path, "latin1") : "";
}

function runLine(line: string, root: string, environment: NodeJS.ProcessEnv): string {
  const env = { ...environment, PATH: `${join(root, "bin")}:${environment.PATH}` };
  const { stdout, stderr, status } = spawnSync("sh", ["-c", line], { env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${line}: ${stderr}`);
  return stdout;
}

export function localUser(number: number): string {
  return `user${number}`;
}

/** Ids that nobody else has. */
const FIRST_UID = 60_000_000;

function passwd(folder: string, users: number): string {
  const { uid, gid } = userInfo();
  const lines = [`alice:x:${uid}:${gid}:Alice:${folder}:/bin/sh\n`];
  for (let number = 0; number < users; number++) {
    const [user, group] = uid === 0 ? [FIRST_UID + number, FIRST_UID + number] : [uid, gid];
    const home = join(folder, "home", localUser(number));
    // As adduser(8) makes it: nobody else looks into it.
    mkdirSync(home, { recursive: true, mode: 0o700 });
    if (uid === 0) {
      chownSync(home, user, group);
      chmodSync(dirname(home), 0o755);
    }
    lines.push(`${localUser(number)}:x:${user}:${group}::${home}:/bin/sh\n`);
  }
  return lines.join("");
}

function profiling({ profile, pauses }: ServerConfiguration): NodeJS.ProcessEnv {
  const options = [
    ...(profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${resolve(profile)}`]),
    ...(pauses === undefined ? [] : ["--import", join(import.meta.dirname, "loop-delay.ts")]),
  ];
  return options.length === 0 ? {} : { NODE_OPTIONS: options.join(" "), BENCH_PAUSES: pauses };
}

/** The line that the server writes to descriptor 3 when it accepts mail. */
function readyPort(child: ChildProcess): Promise<number> {
  return new Promise((done, reject) => {
    const timer = setTimeout(() => reject(new Error("The server did not become ready")), READY_MS);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`The server ended with status ${code}`)));
    const lines = createInterface(child.stdio[3] as NodeJS.ReadableStream);
    lines.once("line", (line) => {
      clearTimeout(timer);
      lines.close();
      const { addresses } = JSON.parse(line) as { addresses: readonly { readonly port: number }[] };
      done(addresses[0].port);
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((done) => child.once("exit", () => done()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await gone;
  clearTimeout(timer);
}
