/**
 * The whole program for scenario tests: a process of its own with its own home folder, users, machine file and ports.
 * Nothing is shared with the machine or with other tests.
 */
import { createHash } from "node:crypto";
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectControl, type ControlClient } from "../../src/control/client.ts";
import type { Machine } from "../../src/sys/machine.ts";

const root = join(import.meta.dirname, "..", "..");

export interface MailServerOptions {
  /** Lines added to cf/standalone.mc, before its MAILER lines. */
  readonly mc?: string;
  /** A complete .mc instead. */
  readonly wholeMc?: string;
  readonly machine?: Partial<Machine>;
  /** Aliases, one per line. */
  readonly aliases?: string;
  /** Users with a mailbox; default alice and bob. */
  readonly users?: readonly string[];
  /** Use this home again (after a crash or a stop). */
  readonly home?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** Descriptors of sockets that it gets, listening already (socket activation), by name. */
  readonly sockets?: Readonly<Record<string, number>>;
  /** With the test certificate of a first start; default: without TLS. */
  readonly certified?: boolean;
  /** Run as an ordinary user even when the tests are run by root. */
  readonly unprivileged?: boolean;
}

/** TEST_SESSION_THREADS=1 runs all tests of whole servers with sessions in a thread of their own. */
const { TEST_SESSION_THREADS } = process.env;
const THREADS = TEST_SESSION_THREADS === undefined ? "" : `\nLOCAL_CONFIG\nO SessionThreads=${TEST_SESSION_THREADS}\n`;

/** Of the first socket, or of the pipe that tells when the server is ready. */
const FIRST_FD = 3;

/** The uid that stands for "nobody special". */
const NOBODY = 65534;

/** Empty when tests can run a server as an ordinary user, else why not. */
export function whyNotUnprivileged(): string {
  if (process.getuid?.() !== 0) return "";
  const { status, error } = spawnSync(join(root, "bin", "rulemail"), ["mc"], { uid: NOBODY, gid: NOBODY, input: "" });
  return error === undefined && status !== 126 && status !== 127 ? "" : "other users cannot read this checkout";
}

interface Ready {
  readonly pid: number;
  readonly addresses: readonly { readonly name: string; readonly address: string; readonly port: number }[];
}

export class MailServer {
  readonly home: string;
  readonly #process: ChildProcess;
  readonly #ready: Ready;
  readonly #exit: Promise<number | null>;
  readonly #environment: NodeJS.ProcessEnv;

  private constructor(
    home: string,
    child: ChildProcess,
    ready: Ready,
    exit: Promise<number | null>,
    environment: NodeJS.ProcessEnv,
  ) {
    this.home = home;
    this.#process = child;
    this.#ready = ready;
    this.#exit = exit;
    this.#environment = environment;
  }

  static async start(options: MailServerOptions = {}): Promise<MailServer> {
    const home = options.home ?? mkdtempSync(join(tmpdir(), "mail-"));
    writeHosts(home);
    const machine: Machine = {
      nameServers: [],
      ndots: 1,
      timeout: 1,
      attempts: 1,
      ...options.machine,
      hostName: "mail.example.test",
      search: ["example.test"],
      hostsFile: join(home, "hosts"),
    };
    writeFileSync(join(home, "machine.json"), JSON.stringify(machine));
    if (options.aliases !== undefined) writeFileSync(join(home, "aliases"), options.aliases, { mode: 0o600 });
    if (options.users !== undefined || options.home === undefined) writeUsers(home, options.users ?? ["alice", "bob"]);
    const mc = join(home, "site.mc");
    if (options.home === undefined || options.mc !== undefined || options.wholeMc !== undefined) {
      writeFileSync(mc, `${options.wholeMc ?? withLines(options.mc ?? "")}${THREADS}`);
    }
    if (options.unprivileged && process.getuid?.() === 0) {
      for (const name of ["", ...readdirSync(home, { recursive: true, encoding: "utf8" })])
        chownSync(join(home, name), NOBODY, NOBODY);
    }
    const { sockets = {} } = options;
    const names = Object.keys(sockets);
    const readyFd = FIRST_FD + names.length;
    const environment = {
      PATH: process.env.PATH,
      TZ: "UTC",
      LC_ALL: "C",
      RULEMAIL_HOME: home,
      RULEMAIL_MACHINE: join(home, "machine.json"),
      RULEMAIL_READY_FD: String(readyFd),
      ...(names.length === 0 ? {} : { LISTEN_FDS: String(names.length), LISTEN_FDNAMES: names.join(":") }),
      ...options.environment,
    };
    // Started as root, the users of a test are root, too: what they list must reach the folders of the test.
    const defaultUser = `-DconfDEF_USER_ID=${userIds()}`;
    const uncertified = options.certified === true ? [] : ["-DSERVER_CERTS="];
    const words = ["start", "-DSERVER_PORT=0", "-DSERVER_MSA_PORT=0", ...uncertified, defaultUser, mc];
    const key = JSON.stringify([words.slice(0, -1), readFileSync(mc, "latin1").replaceAll(home, HOME)]);
    if (!existsSync(join(home, COMPILED.cf)) && options.unprivileged !== true) useCompiled(key, home);
    // LISTEN_PID is that of the server itself, which only it can know.
    const child = spawn("/bin/sh", ["-c", 'LISTEN_PID=$$ exec "$0" "$@"', join(root, "bin", "rulemail"), ...words], {
      stdio: ["ignore", "ignore", "pipe", ...Object.values(sockets), "pipe"],
      env: environment,
      ...(options.unprivileged && process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
    });
    const exit = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    let complaints = "";
    child.stderr?.on("data", (text: Buffer) => (complaints += text.toString("latin1")));
    releaseAtExit(child);
    const ready = await Promise.race([readyLine(child, readyFd), exit]);
    if (ready === null || typeof ready === "number") throw new Error(`server ended with ${ready}: ${complaints}`);
    keepCompiled(key, home);
    return new MailServer(home, child, ready, exit, environment);
  }

  get port(): number {
    return this.#portOf("MTA");
  }

  get submissionPort(): number {
    return this.#portOf("MSA");
  }

  get pid(): number {
    return this.#ready.pid;
  }

  /** Messages in the Maildir of a user, oldest first, as latin1 text. */
  mailbox(user: string): string[] {
    const folder = join(this.home, "mail", user, "new");
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .toSorted()
      .map((file) => readFileSync(join(folder, file), "latin1"));
  }

  log(): string {
    const file = join(this.home, "log");
    return existsSync(file) ? readFileSync(file, "latin1") : "";
  }

  /** Runs one of our commands (sendmail, mailq ...) against this server. */
  run(
    command: string,
    args: readonly string[],
    input = "",
    environment: NodeJS.ProcessEnv = {},
  ): Promise<{ code: number; out: string; err: string }> {
    return new Promise((resolve) => {
      const child = execFile(
        join(root, "bin", command),
        args,
        { env: { ...this.#environment, RULEMAIL_READY_FD: "", ...environment }, encoding: "latin1", timeout: 20_000 },
        (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err }),
      );
      // A command that asks for no input may be gone.
      child.stdin?.on("error", () => undefined);
      child.stdin?.end(Buffer.from(input, "latin1"));
    });
  }

  /** Waits until the server has nothing in its queue. */
  async emptied(limit?: number): Promise<void> {
    await eventually("an empty queue", async () => (await this.waiting()) === 0, limit);
  }

  /** How many messages are in its queue: what `mailq` asks, without a process. */
  waiting(): Promise<number> {
    return this.#ask((client) => client.count());
  }

  /** What `sendmail -q` asks for, without a process. */
  runQueue(): Promise<unknown> {
    return this.#ask((client) => client.run());
  }

  async #ask<T>(question: (client: ControlClient) => Promise<T>): Promise<T> {
    const client = await connectControl(join(this.home, "control"));
    try {
      return await question(client);
    } finally {
      client.close();
    }
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.#ready.pid, name);
  }

  /** Kills without warning; the home stays. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#exit;
  }

  /** SIGTERM, and its exit code; the home stays. */
  async stop(): Promise<number | null> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) this.signal("SIGTERM");
    return this.#exit;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.home, { recursive: true, force: true });
  }

  #portOf(name: string): number {
    const found = this.#ready.addresses.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no port named ${name}`);
    return found.port;
  }
}

/** What `rulemail start` makes of site.mc, and by which it sees that it need not make it again. */
const COMPILED = { cf: "sendmail.cf", map: "sendmail.cf.map", stamp: ".sendmail.cf.from" };
const HOME = "/HOME-OF-A-SERVER";
const compiled = new Map<string, Readonly<Record<keyof typeof COMPILED, string>>>();

/** A server of a test file finds what an earlier one has compiled from the same words and lines: a third less of CPU time each. */
function useCompiled(key: string, home: string): void {
  const kept = compiled.get(key);
  if (kept === undefined) return;
  const cf = kept.cf.replaceAll(HOME, home);
  // The map names the octets that it belongs to.
  const digest = createHash("sha256").update(cf, "latin1").digest("hex");
  const map = kept.map.replaceAll(HOME, home).replace(/"sha256":"[0-9a-f]+"/, `"sha256":"${digest}"`);
  const files = { cf, map, stamp: kept.stamp.replaceAll(HOME, home) };
  for (const [kind, name] of Object.entries(COMPILED)) {
    writeFileSync(join(home, name), files[kind as keyof typeof COMPILED], { encoding: "latin1", mode: 0o600 });
  }
}

function keepCompiled(key: string, home: string): void {
  const files = Object.entries(COMPILED).map(([kind, name]) => ({ kind, path: join(home, name) }));
  if (compiled.has(key) || !files.every(({ path }) => existsSync(path))) return;
  const texts = files.map(({ kind, path }) => [kind, readFileSync(path, "latin1").replaceAll(home, HOME)]);
  compiled.set(key, Object.fromEntries(texts) as Record<keyof typeof COMPILED, string>);
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A test that fails before it stops its server must not keep the test runner waiting, nor leave the server behind. */
function releaseAtExit(child: ChildProcess): void {
  running.add(child);
  child.once("exit", () => running.delete(child));
  child.unref();
  for (const stream of child.stdio) (stream as { unref?(): void } | null)?.unref?.();
}

/** `uid:gid` of this process. */
function userIds(): string {
  return `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
}

function writeUsers(home: string, users: readonly string[]): void {
  const ids = userIds();
  for (const user of users) mkdirSync(join(home, "home", user), { recursive: true, mode: 0o700 });
  const lines = users.map((user) => `${user}:x:${ids}:${user}:${join(home, "home", user)}:/bin/sh\n`);
  writeFileSync(join(home, "passwd"), lines.join(""), { mode: 0o600 });
}

function writeHosts(home: string): void {
  writeFileSync(join(home, "hosts"), "127.0.0.1 localhost\n127.0.0.2 mail.example.test mail\n");
}

function withLines(lines: string): string {
  const shipped = readFileSync(join(root, "cf", "standalone.mc"), "latin1");
  const place = shipped.search(/^MAILER\(/m);
  return `${shipped.slice(0, place)}${lines}\n${shipped.slice(place)}`;
}

function readyLine(child: ChildProcess, fd: number): Promise<Ready> {
  return new Promise((resolve) => {
    let text = "";
    child.stdio[fd]?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) resolve(JSON.parse(text) as Ready);
    });
  });
}

/**
 * Waits until `condition` holds, looking again after every change in reach; fails after `limit` ms with what was awaited.
 */
export async function eventually<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  limit = 15_000,
): Promise<T> {
  const end = Date.now() + limit;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(`waited ${limit} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
