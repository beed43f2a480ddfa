/**
 * Runs a program: no shell, a given environment and nothing else, octets to its standard input, its output collected up
 * to a limit, its whole process group ended when time is up or nobody waits any more.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex, Readable, Writable } from "node:stream";
import { programGuard } from "./program-guard.ts";
import { octetsOf, type TaskInput } from "./task.ts";

export interface ChildOptions {
  /** Absolute path. */
  readonly path: string;
  /** argv, the first is the program's own name. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
  /** ms; 0 for none. */
  readonly timeout: number;
  /** Octets of output that are kept; the rest is read and dropped. */
  readonly outputLimit: number;
  readonly signal: AbortSignal;
  /** What is started waits for one octet on descriptor 3, and reports there. */
  readonly reports?: boolean;
}

export interface ChildResult {
  /** Exit code; undefined when a signal ended it or it never ran. */
  readonly exit?: number;
  readonly signalName?: string;
  /** Standard output and standard error in the order they came; latin1. */
  readonly output: string;
  /** What came from descriptor 3. */
  readonly report: string;
  readonly timedOut: boolean;
  readonly aborted: boolean;
  /** It could not be started. */
  readonly startError?: NodeJS.ErrnoException;
  /** Our own side of the input failed; the program may have seen a part of it. */
  readonly inputError?: Error;
}

/** Between asking a program to end and ending it, ms. */
const GRACE = 2_000;
const LONGEST_REPORT = 64;

function begin({ path, argv, environment, folder, reports }: ChildOptions): ChildProcess {
  const child = spawn(path, argv.slice(1), {
    argv0: argv[0] ?? path,
    cwd: folder,
    env: { ...environment },
    stdio: ["pipe", "pipe", "pipe", reports === true ? "pipe" : "ignore"],
    // A group of its own, so that what the program starts ends with it.
    detached: true,
  });
  // No program before there is somebody who ends it: whoever kills us in between would leave it behind.
  const starter = pipesOf(child).reports;
  if (child.pid !== undefined) programGuard.begun(child.pid, () => starter?.write("."));
  return child;
}

export function runChild(options: ChildOptions, input: TaskInput): Promise<ChildResult> {
  const { signal } = options;
  return new Promise((resolve) => {
    const child = begin(options);
    const { stdin, stdout, stderr, reports } = pipesOf(child);
    const output = collect([stdout, stderr], options.outputLimit);
    const report = collect(reports === null ? [] : [reports], LONGEST_REPORT);
    let timedOut = false;
    let killTimer: NodeJS.Timeout | undefined;
    let startError: NodeJS.ErrnoException | undefined;
    const forget = () => {
      if (child.pid !== undefined) programGuard.ended(child.pid);
    };
    const end = () => {
      signalGroup(child.pid, "SIGTERM");
      killTimer ??= setTimeout(() => signalGroup(child.pid, "SIGKILL"), GRACE);
    };
    const onTimeout = () => {
      timedOut = true;
      end();
    };
    const timer = options.timeout > 0 ? setTimeout(onTimeout, options.timeout) : undefined;
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    const fed = feed(stdin, input).catch((error: Error) => {
      // Without the whole message the program must not believe that it has it.
      end();
      return error;
    });
    let settled = false;
    const settle = async (exit: number | null, name: string | null) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      clearTimeout(killTimer);
      signal.removeEventListener("abort", end);
      if (killTimer !== undefined) {
        // What it started may have ignored the question that it has answered by ending.
        signalGroup(child.pid, "SIGKILL");
        forget();
      }
      letGo([stdin, stdout, stderr, reports]);
      const inputError = await fed;
      resolve({
        output: output(),
        report: report(),
        timedOut,
        aborted: signal.aborted,
        ...endOf(exit, name, startError, inputError),
      });
    };
    child.once("error", (error: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return;
      startError = error;
      void settle(null, null);
    });
    // "exit" would come before the last output; "close" never comes while a grandchild holds the pipe.
    child.once("exit", (exit, name) => {
      // One that was asked to end has not ended before all that it started has; who kills us meanwhile leaves that to the guard.
      if (killTimer === undefined) forget();
      const grace = setTimeout(() => void settle(exit, name), GRACE);
      child.once("close", () => {
        clearTimeout(grace);
        void settle(exit, name);
      });
    });
  });
}

function endOf(
  exit: number | null,
  name: string | null,
  startError: NodeJS.ErrnoException | undefined,
  inputError: Error | undefined,
): Partial<ChildResult> {
  return {
    ...(exit === null ? {} : { exit }),
    ...(name === null ? {} : { signalName: name }),
    ...(startError === undefined ? {} : { startError }),
    ...(inputError === undefined ? {} : { inputError }),
  };
}

/** The types of a child with a fourth descriptor know of none for certain. */
function pipesOf({ stdin, stdout, stderr, stdio }: ChildProcess) {
  if (stdin === null || stdout === null || stderr === null) throw new Error("a program was started without pipes");
  return { stdin, stdout, stderr, reports: (stdio[3] ?? null) as Duplex | null };
}

/** Somebody whom a program left behind may hold them for ever; what he writes nobody reads. */
function letGo(pipes: readonly (Readable | Writable | null)[]): void {
  for (const each of pipes) each?.destroy();
}

/** Writes the input; a program that stops reading has its reasons, its exit code tells. */
async function feed(stdin: Writable, input: TaskInput): Promise<Error | undefined> {
  let closed = false;
  stdin.on("error", () => (closed = true));
  stdin.on("close", () => (closed = true));
  for await (const chunk of octetsOf(input)) {
    if (closed) return undefined;
    if (!stdin.write(chunk)) await writable(stdin, () => closed);
  }
  if (!closed) stdin.end();
  return undefined;
}

function writable(stream: Writable, isClosed: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (isClosed()) return resolve();
    const done = () => {
      for (const event of ["drain", "close", "error"]) stream.off(event, done);
      resolve();
    };
    for (const event of ["drain", "close", "error"]) stream.on(event, done);
  });
}

function collect(streams: readonly Readable[], limit: number): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  for (const stream of streams) {
    stream.on("error", () => undefined);
    stream.on("data", (chunk: Buffer) => {
      if (size >= limit) return;
      const kept = chunk.subarray(0, limit - size);
      size += kept.length;
      chunks.push(kept);
    });
  }
  return () => Buffer.concat(chunks).toString("latin1");
}

function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // It has ended already.
  }
}
