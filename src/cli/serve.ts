/**
 * Runs the server: `sendmail -bd` (in the background), `-bD` (in the foreground), with `-q30m` queue runs.
 *
 * On request (RULEMAIL_READY_FD=N) one JSON line with the bound addresses is written to file descriptor N when the
 * server accepts mail.
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { setImmediate as nextRound } from "node:timers/promises";
import type { CommandLineSetting } from "../config/environment.ts";
import { runServer } from "../daemon/daemon.ts";
import { keepHeapSmall } from "../sys/heap.ts";
import { isOneFile, sameCommand } from "../sys/program-files.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";

/** open(2): the same on all kinds of Linux that Node runs on. */
const O_CLOEXEC = 0o2000000;

export interface ServeOptions {
  readonly configFile: string;
  readonly settings: readonly CommandLineSetting[];
  /** Milliseconds between queue runs; undefined: none. */
  readonly queueInterval?: number;
  readonly background: boolean;
  readonly listen: boolean;
  readonly logTag?: string;
  /** Called when the server accepts mail. */
  readonly started?: (addresses: readonly BoundAddress[]) => void;
}

export interface BoundAddress {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

export async function serve(options: ServeOptions): Promise<ExitCode> {
  const isDetached = takeFromEnvironment("RULEMAIL_DETACHED") !== undefined;
  if (options.background && !isDetached) return detach();
  return runServer({
    ...options,
    foreground: !isDetached,
    started(addresses) {
      options.started?.(addresses);
      announce(addresses);
      if (isDetached) letGoOfErrors();
      keepHeapSmall("server", !isOneFile());
    },
  });
}

/**
 * Closes what the caller left open (`flock 200`, pipes of shells), or the server would hold it for ever. Node sees to the
 * first descriptors itself, and its own have the flag that closes them for programs.
 */
function closeInherited(): void {
  const folder = "/proc/self/fdinfo";
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    try {
      const [, flags] = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`${folder}/${name}`, "latin1")) ?? [];
      const isOurs = (Number.parseInt(flags, 8) & O_CLOEXEC) !== 0;
      if (Number(name) > 2 && !isOurs) closeSync(Number(name));
    } catch {
      // The descriptor of the listing itself is gone by now.
    }
  }
}

/** A variable meant for this process, and not for the programs that it starts. */
function takeFromEnvironment(name: string): string | undefined {
  const value = process.env[name];
  delete process.env[name];
  return value;
}

function announce(addresses: readonly BoundAddress[]): void {
  const descriptor = Number(takeFromEnvironment("RULEMAIL_READY_FD") ?? "");
  if (!Number.isInteger(descriptor) || descriptor < 1) return;
  writeSync(descriptor, `${JSON.stringify({ ready: true, pid: process.pid, addresses })}\n`);
  if (descriptor > 2) closeSync(descriptor);
}

/** Nobody reads our standard error any more: what libraries and programs still write there goes nowhere. */
function letGoOfErrors(): void {
  closeSync(2);
  openSync("/dev/null", "w"); // gets the number that has become free
}

/**
 * `-bd`: the same command line once more, detached; ends when the server accepts mail or could not start, with its status,
 * so that scripts see failures. What it says until then is passed on; it holds no descriptor of ours, so that whoever
 * reads our output (`sendmail -bd 2>&1 | cat`) comes to its end.
 */
async function detach(): Promise<ExitCode> {
  closeInherited();
  const { file, words, argv0 } = sameCommand();
  const child = spawn(file, words, {
    ...(argv0 === undefined ? {} : { argv0 }),
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    env: { ...process.env, RULEMAIL_READY_FD: "3", RULEMAIL_DETACHED: "1" },
  });
  const errors = child.stdio[2];
  const ready = child.stdio[3];
  errors?.on("data", (chunk: Buffer) => process.stderr.write(chunk));
  const status = await new Promise<ExitCode>((resolve) => {
    child.once("error", () => resolve(EX.OSERR));
    child.once("exit", (code) => resolve((code ?? EX.SOFTWARE) as ExitCode));
    ready?.once("data", () => resolve(EX.OK));
  });
  // What was written before that is in the pipe: the next round of the event loop reads it.
  await nextRound();
  await nextRound();
  // Nothing may keep this process: the server goes on alone.
  errors?.destroy();
  ready?.destroy();
  child.unref();
  return status;
}
