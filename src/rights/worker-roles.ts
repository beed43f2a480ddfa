/**
 * Which of the processes beside the server this one is: `helper`, `pool` (root's), `own` (an ordinary user's pool process).
 * Loaded only there; what it loads is all that runs with root's rights while mail is moved.
 */
import { Socket } from "node:net";
import { closedFolder } from "../sys/closed-folder.ts";
import { CONNECTION, runHelper } from "./helper-process.ts";
import { closeInherited } from "./inherited-files.ts";
import type { PoolMessage } from "./helper-messages.ts";
import { PoolProcess } from "./pool-process.ts";
import type { FileLocks, PoolTasks } from "./task.ts";
import { parseTerms } from "./terms.ts";

export interface WorkerParts {
  /** How this personality is started: node, its flags, script, `--worker`. */
  readonly command: readonly string[];
  readonly tasks: PoolTasks;
  /** @param asRoot does something with the ids that the process was started with, whosever it has at the moment */
  readonly openLocks: (asRoot: <T>(work: () => T) => T) => FileLocks;
}

/** Resolves when whoever started the process is gone. */
export function runWorker(role: string | undefined, parts: WorkerParts): Promise<void> {
  closeInherited();
  if (role === "helper") return runHelper(parts.command);
  if (role !== "pool" && role !== "own") return Promise.reject(new Error(`--worker: no role "${role ?? ""}"`));
  // The server is told to end by signal, and ends this process by going away.
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => undefined);
  process.umask(0o077);
  const socket = new Socket({ fd: CONNECTION, readable: true, writable: true });
  return role === "pool" ? runPool(socket, parts) : serve(new PoolProcess(parts, socket), socket);
}

/** The first message of the helper brings the terms; the server's first task waits in the socket until then. */
async function runPool(socket: Socket, parts: WorkerParts): Promise<void> {
  const first = Promise.withResolvers<PoolMessage>();
  let pool: PoolProcess | undefined;
  process.on("message", (message: PoolMessage) => {
    if (pool === undefined) first.resolve(message);
    else pool.setTerms(parseTerms(message.terms));
  });
  // Without the helper nobody would end this process when it hangs.
  process.once("disconnect", () => process.exit(0));
  const { terms } = await first.promise;
  const home = process.cwd();
  const isClosed = closedFolder(home, "/") !== undefined;
  // A process that needs no folder should not keep one.
  if (!isClosed) process.chdir("/");
  pool = new PoolProcess({ ...parts, terms: parseTerms(terms), folder: isClosed ? home : undefined }, socket);
  await serve(pool, socket);
}

function serve(pool: PoolProcess, socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on("end", () => socket.end());
    socket.once("close", () => {
      pool.abandon();
      // Only programs that are told to end keep the process now.
      process.channel?.unref();
      resolve();
    });
  });
}
