/**
 * What a command costs that lives for moments, beside a Node that runs nothing: handing a message in to a running server until it
 * is durable, `mailq`, test mode, a server until its 220; by the one executable file and by bin/. Others beside it where they are: msmtp to the same server, the genuine sendmail's and Postfix's own submission into
 * their queues. All take turns, so that a moment in which the machine is slow is slow for all. What counts is how a time compares to
 * the bare Node of the same turns: machines differ in that.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { peerFile } from "../test/support/foreign-programs.ts";
import type { Print } from "./wishes.ts";

const root = join(import.meta.dirname, "..");
const ROUNDS = 25;
const MESSAGE = "From: alice@localhost\nTo: alice@localhost\nSubject: startup\n\ntext\n";

interface Trial {
  readonly title: string;
  readonly file: string;
  readonly words: readonly string[];
  readonly input?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

export async function benchStartup(print: Print): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "rulemail-startup-"));
  // A server that root starts becomes somebody else.
  chmodSync(folder, 0o755);
  const home = join(folder, "home");
  const places = programs(folder);
  const server = start(places[0].rulemail, ["start", "-p", "0"], home);
  try {
    const port = await portOf(server);
    const trials = trialsOf(folder, home, places, port);
    const rounds = trials.map((): number[] => []);
    for (let round = 0; round < ROUNDS; round++)
      trials.forEach((trial, index) => rounds[index].push(measure(trial, home)));
    trials.forEach(({ title }, index) => tell(print, title, rounds[index], rounds[0]));
    await stop(server);
    const nodes: number[] = [];
    const greetings = places.map((): number[] => []);
    for (let round = 0; round < ROUNDS / 2; round++) {
      nodes.push(measure(trials[0], home));
      for (const [index, { sendmail }] of places.entries()) greetings[index].push(await untilGreeting(sendmail, home));
    }
    tell(print, "node", nodes, nodes);
    places.forEach(({ title }, index) => tell(print, `220, ${title}`, greetings[index], nodes));
  } finally {
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Medians; how much longer than the bare node, which took its turns with it, and how many times as long. */
function tell(print: Print, title: string, times: readonly number[], nodes: readonly number[]): void {
  const [ms, node] = [median(times), median(nodes)];
  const compared =
    times === nodes ? ["", ""] : [`node + ${(ms - node).toFixed(1)}`, `node x ${(ms / node).toFixed(2)}`];
  print(title, [`${ms.toFixed(1)} ms`, ...compared]);
}

interface Place {
  readonly title: string;
  readonly rulemail: string;
  readonly sendmail: string;
  readonly mailq: string;
}

/** By the file, and by bin/. */
function programs(folder: string): readonly Place[] {
  const names = join(folder, "names");
  mkdirSync(names);
  const file = join(root, "dist/rulemail");
  // What is measured is built anew, and dist/ with it.
  if (!existsSync(file)) {
    const { status, stderr } = spawnSync(process.execPath, [join(root, "packaging/build-binary.ts")], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`Cannot build ${file}: ${stderr}`);
  }
  for (const name of ["rulemail", "sendmail", "mailq"]) symlinkSync(file, join(names, name));
  return [place("one file", names), place("bin/", join(root, "bin"))];
}

function place(title: string, from: string): Place {
  return {
    title,
    rulemail: join(from, "rulemail"),
    sendmail: join(from, "sendmail"),
    mailq: join(from, "mailq"),
  };
}

function trialsOf(folder: string, home: string, places: readonly Place[], port: number): readonly Trial[] {
  const empty = join(folder, "empty.cjs");
  writeFileSync(empty, "");
  const cf = join(home, "sendmail.cf");
  const ours = places.flatMap(({ title, sendmail, mailq }): Trial[] => [
    { title: `sendmail -t, ${title}`, file: sendmail, words: ["-t", "-i"], input: MESSAGE },
    { title: `mailq, ${title}`, file: mailq, words: [] },
    { title: `-bt, ${title}`, file: sendmail, words: ["-bt", "-C", cf], input: "3,0 alice@localhost\n" },
  ]);
  return [{ title: "node", file: process.execPath, words: [empty] }, ...ours, ...others(port)];
}

/** Programs that hand in a message, too; what cannot run here is left out. */
function others(port: number): readonly Trial[] {
  const msmtp = peerFile("/usr/bin/msmtp");
  const words = ["--file=/dev/null", "--host=127.0.0.1", `--port=${port}`, "--from=alice@localhost", "alice@localhost"];
  const libraries = msmtp?.replace(/usr\/bin\/msmtp$/, "usr/lib/x86_64-linux-gnu");
  const found: Trial[] = [];
  if (msmtp !== undefined)
    found.push({
      title: "msmtp, to our port",
      file: msmtp,
      words,
      input: MESSAGE,
      environment: { LD_LIBRARY_PATH: libraries },
    });
  // Only where they are installed as the machine's own: their queues are theirs.
  const installed = {
    "genuine sendmail -odq": "/usr/libexec/sendmail/sendmail",
    "Postfix sendmail": "/usr/sbin/postdrop",
  };
  for (const [title, file] of Object.entries(installed)) {
    if (!existsSync(file)) continue;
    const program = title.startsWith("Postfix") ? "/usr/sbin/sendmail" : file;
    found.push({ title, file: program, words: ["-odq", "-i", "root"], input: MESSAGE });
  }
  return found;
}

/** ms until it has ended. @throws when it fails */
function measure({ title, file, words, input = "", environment }: Trial, home: string): number {
  const env = { PATH: process.env.PATH, RULEMAIL_HOME: home, ...environment };
  const began = performance.now();
  const { status, stderr } = spawnSync(file, words, { env, input, encoding: "utf8" });
  const took = performance.now() - began;
  if (status !== 0) throw new Error(`${title} ended with ${status}: ${stderr}`);
  return took;
}

function start(file: string, words: readonly string[], home: string): ChildProcess {
  return spawn(file, words, {
    env: { PATH: process.env.PATH, RULEMAIL_HOME: home, RULEMAIL_READY_FD: "3" },
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
}

async function portOf(server: ChildProcess): Promise<number> {
  const lines = createInterface({ input: server.stdio[3] as NodeJS.ReadableStream });
  const ended = once(server, "exit").then(([status]) => {
    throw new Error(`the server ended with status ${status}`);
  });
  const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
  ended.catch(() => undefined);
  return (JSON.parse(line) as { addresses: readonly { port: number }[] }).addresses[0].port;
}

async function stop(server: ChildProcess): Promise<void> {
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  await ended;
}

/** ms from the start of a server to the first octets of its greeting. */
async function untilGreeting(sendmail: string, home: string): Promise<number> {
  const began = performance.now();
  const server = start(sendmail, ["-bD", "-C", join(home, "sendmail.cf")], home);
  const socket = connect(await portOf(server), "127.0.0.1");
  await once(socket, "data");
  const took = performance.now() - began;
  socket.destroy();
  await stop(server);
  return took;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1];
}
