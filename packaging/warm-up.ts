/**
 * Runs what people run most, with a file that records the code which that compiles (recorder.ts): test mode, the queue, a server
 * that takes a message on a port and one of this machine and delivers them; each process begins with what those before it have left.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { THREAD } from "./recording.ts";

/** Nobody in particular: what root's server starts beside itself has an environment that names no folder to record to. */
const NOBODY = 65_534;
const PATIENCE_MS = 30_000;

const MESSAGE = "From: alice@localhost\nTo: alice@localhost\nSubject: warm\n\nIt is.\n";
const DIALOGUE = [
  "EHLO localhost",
  "MAIL FROM:<alice@localhost> SIZE=100",
  "RCPT TO:<alice@localhost>",
  "DATA",
  `${MESSAGE.replaceAll("\n", "\r\n")}.`,
  "QUIT",
];
const TESTS =
  "3,0 alice@localhost\n3,0 alice@example.org\n/parse bob@example.net\n/try local alice\n=S3\n/map aliases postmaster\n";

/**
 * @param file records; everybody may run it
 * @param folder a new one, which everybody may enter
 * @returns the folder with the files `SCRIPT.cache`, and the scripts that only threads of the sessions ran
 */
export async function recordCode(file: string, folder: string): Promise<Recorded> {
  const [records, unused, home, names] = ["records", "unused", "home", "names"].map((name) => own(join(folder, name)));
  for (const name of ["sendmail", "mailq", "rulemail"]) symlinkSync(file, join(names, name));
  const trial: Trial = { names, home, folder };
  // Who only gives a server work, or gets some from one, records elsewhere.
  await withServer(trial, records, async (port) => {
    run(trial, unused, "sendmail", ["-t", "-i"], MESSAGE);
    await converse(port);
    await until("two messages are delivered", () => delivered(home) === 2);
    run(trial, unused, "mailq", []);
  });
  await until("the processes of the server have ended", () => keep(records).includes("worker"));
  await withServer(trial, unused, async () => {
    run(trial, records, "sendmail", ["-t", "-i"], MESSAGE);
    run(trial, records, "mailq", []);
    run(trial, records, "sendmail", ["-bt", "-C", join(home, "sendmail.cf")], TESTS);
  });
  const threads = readdirSync(records).flatMap((name) =>
    name.endsWith(".cache") ? [name.slice(0, -".cache".length)] : [],
  );
  return { folder: records, ofThreads: new Set(threads.filter((script) => !ofProcesses.has(script))) };
}

export interface Recorded {
  readonly folder: string;
  readonly ofThreads: ReadonlySet<string>;
}

/** Scripts that a process has run in its main thread. */
const ofProcesses = new Set<string>();

interface Trial {
  /** Folder with the names of the file. */
  readonly names: string;
  readonly home: string;
  readonly folder: string;
}

function surroundings({ folder, home }: Trial, records: string) {
  return {
    cwd: folder,
    env: { PATH: process.env.PATH, RULEMAIL_HOME: home, RULEMAIL_RECORD: records },
    ...(process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
  };
}

/** One command to its end. */
function run(trial: Trial, records: string, name: string, words: readonly string[], input = ""): void {
  const options = { ...surroundings(trial, records), input, encoding: "utf8" } as const;
  const { status, stderr } = spawnSync(join(trial.names, name), words, options);
  if (status !== 0) throw new Error(`${name} ${words.join(" ")} ended with ${status}: ${stderr}`);
  keep(records);
}

async function withServer(trial: Trial, records: string, work: (port: number) => Promise<void>): Promise<void> {
  const { env, ...options } = surroundings(trial, records);
  const server = spawn(join(trial.names, "rulemail"), ["start", "-p", "0"], {
    ...options,
    env: { ...env, RULEMAIL_READY_FD: "3" },
    stdio: ["ignore", "ignore", "inherit", "pipe"],
  });
  const ended = once(server, "exit");
  try {
    await work(await portOf(server));
  } finally {
    server.kill("SIGTERM");
    await ended;
    keep(records);
  }
}

function own(folder: string): string {
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY);
  return folder;
}

/** What a process has left becomes what the next one begins with, when it is more. @returns the scripts that there is code of */
function keep(records: string): readonly string[] {
  for (const each of readdirSync(records)) {
    const [script, process] = each.split(".");
    if (process === "cache") continue;
    if (!process.endsWith(THREAD)) ofProcesses.add(script);
    const [file, kept] = [join(records, each), join(records, `${script}.cache`)];
    const isMore = !existsSync(kept) || statSync(file).size > statSync(kept).size;
    if (isMore) renameSync(file, kept);
    else rmSync(file);
  }
  return readdirSync(records).map((each) => each.replace(".cache", ""));
}

async function portOf(server: ChildProcess): Promise<number> {
  const lines = createInterface({ input: server.stdio[3] as NodeJS.ReadableStream });
  const [line] = (await Promise.race([once(lines, "line"), once(server, "exit").then(() => [undefined])])) as [string?];
  if (line === undefined) throw new Error("the server that is to be recorded has ended");
  const { addresses } = JSON.parse(line) as { addresses: readonly { port: number }[] };
  return addresses[0].port;
}

/** One line of the dialogue for each reply. */
async function converse(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  const lines = [...DIALOGUE];
  for await (const line of createInterface({ input: socket })) {
    if (/^\d{3} /.test(line) && lines.length > 0) socket.write(`${lines.shift()}\r\n`);
  }
}

function delivered(home: string): number {
  const folder = join(home, "mail", "alice", "new");
  return existsSync(folder) ? readdirSync(folder).length : 0;
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`while recording: ${what}: not within ${PATIENCE_MS / 1000} s`);
    await sleep(20);
  }
}
