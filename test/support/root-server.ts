/**
 * A server as an administrator runs it: `sendmail -bD` with a configuration of its own, started as root, so that it gives up
 * root's rights. Its users have uids of their own; nothing of the machine is used but numbers.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileMc } from "../../src/mc/compile.ts";
import { eventually } from "./mail-server.ts";

const root = join(import.meta.dirname, "..", "..");
const bin = (name: string): string => join(root, "bin", name);

/** Who the server runs as in these tests. */
export const RUNNER = { uid: 52500, gid: 52501 };
export const USERS = { joe: 52511, ann: 52512 } as const;

export interface RootServerOptions {
  /** Value of RunAsUser; default that of RUNNER. "" for none. */
  readonly runAs?: string;
  /** Lines added to the configuration file, and lines of it that are taken out. */
  readonly lines?: readonly string[];
  readonly without?: RegExp;
}

/** Lines of cf/standalone.mc, compiled for a home folder. */
function standalone(home: string): readonly string[] {
  const defines = { SERVER_HOME: home, SERVER_SETTINGS: home, SERVER_PORT: "0", SERVER_MSA_PORT: "0" };
  return compileMc({ file: join(root, "cf/standalone.mc") }, { defines }).text.split("\n");
}

let madeTable: string | undefined;

/** A database without entries, which everybody may read; made once. */
function emptyTable(): string {
  if (madeTable !== undefined) return madeTable;
  const folder = mkdtempSync(join(tmpdir(), "root-table-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const { status } = spawnSync(bin("rulemail"), ["makemap", "hash", join(folder, "empty")], { input: "" });
  if (status !== 0) throw new Error(`makemap ended with ${status}`);
  madeTable = join(folder, "empty.db");
  chmodSync(madeTable, 0o644);
  return madeTable;
}

/** A folder as a server has it: queue, users, aliases, mailboxes. */
export class RootSite {
  readonly home: string;
  readonly environment: NodeJS.ProcessEnv;

  constructor() {
    this.home = mkdtempSync(join(tmpdir(), "root-"));
    chmodSync(this.home, 0o755);
    for (const folder of ["home", "mail"]) mkdirSync(join(this.home, folder));
    for (const [user, uid] of Object.entries(USERS)) {
      for (const folder of ["home", "mail"]) {
        mkdirSync(join(this.home, folder, user));
        chownSync(join(this.home, folder, user), uid, uid);
      }
    }
    const passwd = Object.entries(USERS).map(
      ([user, uid]) => `${user}:x:${uid}:${uid}::${this.home}/home/${user}:/bin/sh\n`,
    );
    this.write("passwd", passwd.join(""));
    this.write("aliases", "postmaster: joe\nroot: joe\n");
    const names = ["127.0.0.1 localhost", "127.0.0.2 mail.example.test mail", "127.0.0.3 elsewhere.example"];
    this.write("hosts", `${names.join("\n")}\n`);
    const machine = { hostName: "mail.example.test", hostsFile: join(this.home, "hosts"), nameServers: [] };
    this.write("machine.json", JSON.stringify(machine));
    this.environment = {
      PATH: process.env.PATH,
      TZ: "UTC",
      LC_ALL: "C",
      RULEMAIL_HOME: this.home,
      RULEMAIL_MACHINE: join(this.home, "machine.json"),
    };
  }

  path(name: string): string {
    return join(this.home, name);
  }

  write(name: string, text: string, mode = 0o644): string {
    writeFileSync(this.path(name), text, { mode });
    return this.path(name);
  }

  /** Writes sendmail.cf anew. */
  configure({ runAs = `${RUNNER.uid}:${RUNNER.gid}`, lines = [], without }: RootServerOptions = {}): void {
    const kept = standalone(this.home).filter((line) => without === undefined || !without.test(line));
    const run = runAs === "" ? [] : [`O RunAsUser=${runAs}`];
    this.write("sendmail.cf", [...kept, ...run, ...lines, ""].join("\n"));
    for (const table of ["access.db", "mailertable.db", "virtusertable.db"]) {
      if (!existsSync(this.path(table))) copyFileSync(emptyTable(), this.path(table));
    }
  }

  start(environment: NodeJS.ProcessEnv = {}): Promise<RootServer> {
    return RootServer.start(this, 0, environment);
  }

  /** All of it belongs to somebody else. */
  giveTo(uid: number): void {
    for (const name of ["", ...readdirSync(this.home, { recursive: true, encoding: "utf8" })])
      chownSync(this.path(name), uid, uid);
  }

  /** Runs a command as root, or as somebody else. */
  run(command: string, words: readonly string[], input = "", uid = 0) {
    const { status, stdout, stderr } = spawnSync(bin(command), words, {
      input,
      encoding: "latin1",
      env: this.environment,
      timeout: 30_000,
      ...(uid === 0 ? {} : { uid, gid: uid }),
    });
    return { status, stdout, stderr };
  }

  /** Starts sendmail as root, for a conversation on its standard input and output. */
  talk(words: readonly string[]): Conversation {
    return new Conversation(spawn(bin("sendmail"), words, { stdio: "pipe", env: this.environment }));
  }

  mailbox(user: string): string[] {
    const folder = this.path(`mail/${user}/new`);
    if (!existsSync(folder)) return [];
    return readdirSync(folder).map((file) => readFileSync(join(folder, file), "latin1"));
  }

  log(): string {
    return existsSync(this.path("log")) ? readFileSync(this.path("log"), "latin1") : "";
  }

  /** Has the server read its configuration again, and waits until it is in force. */
  async reloaded(server: RootServer): Promise<void> {
    const before = this.#timesInForce();
    server.signal("SIGHUP");
    await eventually("the new configuration", () => this.#timesInForce() > before);
  }

  #timesInForce(): number {
    return this.log().split(" in force").length;
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

class Conversation {
  readonly exit: Promise<number | null>;
  readonly #child: ChildProcess;
  #heard = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    running.add(child);
    this.exit = new Promise((resolve) => child.once("exit", resolve));
    child.stdin?.on("error", () => undefined);
    child.stdout?.on("data", (text: Buffer) => (this.#heard += text.toString("latin1")));
  }

  say(text: string): void {
    this.#child.stdin?.write(text);
  }

  said(pattern: RegExp): Promise<boolean> {
    return eventually(`${pattern.source} on standard output`, () => pattern.test(this.#heard));
  }

  /** The four of /proc/PID/status. */
  uids(): readonly string[] {
    const [, uids = ""] = /^Uid:\s*(.*)$/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, "latin1")) ?? [];
    return uids.split(/\s+/);
  }
}

export class RootServer {
  readonly pid: number;
  readonly ports: Readonly<Record<string, number>>;
  readonly #exit: Promise<number | null>;
  readonly #complaints: () => string;

  private constructor(ready: Ready, exit: Promise<number | null>, complaints: () => string) {
    this.pid = ready.pid;
    this.ports = Object.fromEntries(ready.addresses.map(({ name, port }) => [name, port]));
    this.#exit = exit;
    this.#complaints = complaints;
  }

  /** Throws with what the server said when it does not start. */
  static async start(site: RootSite, uid = 0, environment: NodeJS.ProcessEnv = {}): Promise<RootServer> {
    const child = spawn(bin("sendmail"), ["-bD", "-C", site.path("sendmail.cf")], {
      stdio: ["ignore", "ignore", "pipe", "pipe"],
      env: { ...site.environment, RULEMAIL_READY_FD: "3", ...environment },
      ...(uid === 0 ? {} : { uid, gid: uid }),
    });
    running.add(child);
    let complaints = "";
    child.stderr?.on("data", (text: Buffer) => (complaints += text.toString("latin1")));
    const exit = new Promise<number | null>((resolve) =>
      child.once("exit", (code) => {
        running.delete(child);
        resolve(code);
      }),
    );
    const ready = await Promise.race([readyLine(child), exit]);
    if (ready === null || typeof ready === "number") throw new Error(`server ended with ${ready}: ${complaints}`);
    child.unref();
    for (const stream of child.stdio) (stream as { unref?(): void } | null)?.unref?.();
    return new RootServer(ready, exit, () => complaints);
  }

  /** What it said on standard error. */
  get complaints(): string {
    return this.#complaints();
  }

  /** Fields of /proc/PID/status, as lists of words. */
  status(): Readonly<Record<string, readonly string[]>> {
    const lines = readFileSync(`/proc/${this.pid}/status`, "latin1").split("\n");
    return Object.fromEntries(
      lines.map((line) => line.split(":")).map(([name, value = ""]) => [name, value.trim().split(/\s+/)]),
    );
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  stop(): Promise<number | null> {
    try {
      this.signal("SIGTERM");
    } catch {
      // It has ended.
    }
    return this.#exit;
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#exit;
  }
}

interface Ready {
  readonly pid: number;
  readonly addresses: readonly { readonly name: string; readonly port: number }[];
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

function readyLine(child: ChildProcess): Promise<Ready> {
  return new Promise((resolve) => {
    let text = "";
    child.stdio[3]?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) resolve(JSON.parse(text) as Ready);
    });
  });
}

/** A port that only root may bind, and that is free. */
export async function privilegedPort(): Promise<number> {
  for (;;) {
    const port = 600 + Math.floor(Math.random() * 424);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => {
      server.close(resolve);
    });
    return port;
  }
}
