/**
 * Runs the server: `sendmail -bd` (in the background), `-bD` (in the foreground), with `-q30m` queue runs.
 *
 * On request (RULEMAIL_READY_FD=N) one JSON line with the bound addresses is written to file descriptor N when the
 * server accepts mail.
 */
import { spawn } from "node:child_process";
import { writeSync } from "node:fs";
import type { CommandLineSetting } from "../config/environment.ts";
import { runServer } from "../daemon/daemon.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";

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
  if (options.background) return detach();
  return runServer({
    ...options,
    foreground: process.env.RULEMAIL_DETACHED === undefined,
    started(addresses) {
      options.started?.(addresses);
      announce(addresses);
    },
  });
}

function announce(addresses: readonly BoundAddress[]): void {
  const descriptor = Number(process.env.RULEMAIL_READY_FD ?? "");
  if (!Number.isInteger(descriptor) || descriptor < 1) return;
  writeSync(descriptor, `${JSON.stringify({ ready: true, pid: process.pid, addresses })}\n`);
}

/**
 * `-bd`: the same command line with -bD, detached; ends when the server accepts mail or could not start, with its status,
 * so that scripts see failures.
 */
function detach(): Promise<ExitCode> {
  const [, program, name, ...words] = process.argv;
  const foreground = words.map((word) => (word === "-bd" ? "-bD" : word));
  const child = spawn(process.execPath, [...process.execArgv, program, name, ...foreground], {
    detached: true,
    stdio: ["ignore", "ignore", "inherit", "pipe"],
    env: { ...process.env, RULEMAIL_READY_FD: "3", RULEMAIL_DETACHED: "1" },
  });
  return new Promise((resolve) => {
    child.once("error", () => resolve(EX.OSERR));
    child.once("exit", (code) => resolve((code ?? EX.SOFTWARE) as ExitCode));
    const ready = child.stdio[3];
    ready?.once("data", () => {
      // Nothing may keep this process: the server goes on alone.
      ready.destroy();
      child.unref();
      resolve(EX.OK);
    });
  });
}
