/** Why a port cannot be listened to, in words that help: which line asked for it, who holds it, what to do. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Config, PortOptions } from "../config/config.ts";
import { isLocal } from "../smtpd/listen.ts";
import { errorText } from "../sys/safe-file.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";

/** What a start or a reload fails with; `exit` as sysexits.h has it. */
export class ListenError extends Error {
  readonly exit: ExitCode;

  constructor(port: PortOptions, config: Config, cause: NodeJS.ErrnoException) {
    super(listenProblem(port, config, cause), { cause });
    this.exit = cause.code === "EACCES" || cause.code === "EPERM" ? EX.NOPERM : EX.UNAVAILABLE;
  }
}

/** Throws again what opening a port threw: a refusal of the system in words that help. */
export function explainListening(port: PortOptions, config: Config, error: unknown): never {
  const problem: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  throw problem.syscall === "listen" ? new ListenError(port, config, problem) : problem;
}

function listenProblem(port: PortOptions, config: Config, cause: NodeJS.ErrnoException): string {
  const place = isLocal(port) ? port.address : `${port.address === "" ? "*" : port.address}:${port.port}`;
  return `cannot listen on ${place}, which ${askedBy(port, config)} asks for: ${TEXTS[cause.code ?? ""] ?? errorText(cause)}${hint(port, cause)}`;
}

/** As strerror(3) words it. */
const TEXTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "Address already in use",
  EADDRNOTAVAIL: "Cannot assign requested address",
};

/** "DaemonPortOptions of port MTA (sendmail.cf:104)". */
function askedBy({ name }: PortOptions, { file, daemonPorts }: Config): string {
  const option = `DaemonPortOptions of port ${name}`;
  const index = daemonPorts.findIndex((each) => each.name === name);
  const line = linesOf(file)[index];
  return line === undefined ? option : `${option} (${file}:${line})`;
}

/** Lines of the configuration with DaemonPortOptions, in order. */
function linesOf(file: string): number[] {
  try {
    const lines = readFileSync(file, "latin1").split("\n");
    return lines.flatMap((text, index) => (/^O[ \t]*DaemonPortOptions[ \t]*=/i.test(text) ? [index + 1] : []));
  } catch {
    return [];
  }
}

function hint(options: PortOptions, { code }: NodeJS.ErrnoException): string {
  const { port, address } = options;
  if (isLocal(options)) return code === "EADDRINUSE" ? "; another program listens there, or there is a file" : "";
  switch (code) {
    case "EADDRINUSE": {
      const holder = listenerOn(port);
      const who = holder === undefined ? "another program (ss -ltnp tells which)" : holder;
      return `; ${who} listens there: stop it, or choose another port`;
    }
    case "EACCES":
      return `; ports below 1024 are root's: start as root, or choose a port above`;
    case "EADDRNOTAVAIL":
      return `; this machine has no address ${address}`;
    default:
      return "";
  }
}

/** TCP_LISTEN of the kernel, as /proc/net/tcp writes it. */
const LISTENING = "0A";

/**
 * The process that listens on a port, as far as /proc tells us: "process 812 (exim4)".
 * @param proc where /proc is
 */
export function listenerOn(port: number, proc = "/proc"): string | undefined {
  const holder = listenersOn(port, proc).processes.at(0);
  return holder && `process ${holder.pid} (${holder.name})`;
}

/** Whoever has a port open for listening. */
export interface Listeners {
  /** Somebody listens, whether we may see who or not. */
  readonly isTaken: boolean;
  readonly processes: readonly { readonly pid: number; readonly name: string }[];
}

/** All processes that listen on a TCP port: systemd may hold the socket of a server beside it. */
export function listenersOn(port: number, proc = "/proc"): Listeners {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const inodes = new Set(
    ["tcp", "tcp6"].flatMap((table) =>
      textOf(`${proc}/net/${table}`)
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .filter(([, local, , state]) => state === LISTENING && local?.endsWith(`:${wanted}`))
        .map((columns) => `socket:[${columns[9]}]`),
    ),
  );
  if (inodes.size === 0) return { isTaken: false, processes: [] };
  const holds = (pid: string): boolean => {
    const folder = `${proc}/${pid}/fd`;
    return namesIn(folder).some((fd) => inodes.has(linkOf(`${folder}/${fd}`)));
  };
  const processes = runningProcesses(proc).filter(({ pid }) => holds(String(pid)));
  return { isTaken: true, processes };
}

/** What runs on this machine, by the names of programs. */
export function runningProcesses(proc = "/proc"): { readonly pid: number; readonly name: string }[] {
  return namesIn(proc)
    .filter((name) => /^[0-9]+$/.test(name))
    .map((pid) => ({ pid: Number(pid), name: nameOf(`${proc}/${pid}`) }));
}

/** The name of a program. That of a thread, as Node sets it, tells nobody which one it is: there the command line does. */
function nameOf(folder: string): string {
  const name = textOf(`${folder}/comm`).trim();
  if (name !== "MainThread" && name !== "node") return name;
  const words = textOf(`${folder}/cmdline`).split("\0").slice(1);
  const [script, ...rest] = words.filter((word) => word !== "" && !word.startsWith("--"));
  if (script === undefined) return name;
  return script.endsWith("/dist/main.js") ? `rulemail: ${rest.join(" ")}` : `node ${script}`;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // somebody else's process, or one that has ended
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
