/**
 * How the one executable file (packaging/build-binary.ts makes it) begins: takes out of the environment what is for Node, finds
 * the name that it was called by, and runs one of the scripts that it carries, compiled beforehand.
 *
 * The scripts are those of dist/: `main`, `worker` (what runs beside the server), `sessions` (its second thread, which begins
 * with a script of its own, src/sessions-of-file.ts), and parts of theirs that are loaded when they are wanted.
 */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { beWorker } from "../mailbox/worker.ts";
import { withoutNodeVariables } from "../sys/node-variables.ts";
import { WORKER_WORD } from "../sys/program-files.ts";
import { type CompiledCode, OWN_CODE, Scripts } from "./one-file-scripts.ts";
import type { main } from "./main.ts";

interface Program {
  readonly main: typeof main;
}

interface Worker {
  readonly beWorker: typeof beWorker;
}

/** Runs what this process was started for, and sets the status that it will exit with. */
export async function runOneFile(code: CompiledCode = OWN_CODE): Promise<void> {
  const [, called, ...words] = process.argv;
  const isOwn = words[0] === WORKER_WORD;
  // A process of the server's own has the environment that the server gave it, and a channel to it.
  const clean = isOwn ? undefined : withoutNodeVariables(process.env);
  if (clean !== undefined) beginAgain([called, ...words], clean);
  if (isOwn && words[1] !== "terms") return (Scripts.load("worker", code) as Worker).beWorker(words[1]);
  const { main } = Scripts.load("main", code) as Program;
  process.exitCode = await main(isOwn ? "rulemail" : nameOf(called), words);
}

/**
 * The same process with another environment. Where a new start would lose something, the variables are taken out, for all that
 * looks for them from now on, and what Node has read of them is undone.
 */
function beginAgain(words: readonly string[], environment: NodeJS.ProcessEnv): void {
  // A start that fails is the end. Where this file is, the system alone knows: it may be replaced by now, and without /proc Node
  // takes the first one along PATH for it.
  const canStart = existsSync(THIS_FILE) && !hasDescriptors(environment) && isText(words) && isText(environment);
  if (canStart) process.execve?.(THIS_FILE, words, environment);
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  if (environment.NODE_DEBUG !== undefined) process.env.NODE_DEBUG = environment.NODE_DEBUG;
  forgetWhatNodeRead();
}

const THIS_FILE = "/proc/self/exe";

/** Words that are not in UTF-8 (a name in Latin-1) would not come through. */
function isText(words: object): boolean {
  return !Object.entries(words).flat().join("").includes("\uFFFD");
}

/**
 * Whoever supervises a server may have given it descriptors, which Node closes for other programs.
 * The variables are anybody's: those that a server would not heed are no reason for anything (sd_listen_fds(3)).
 */
function hasDescriptors({ LISTEN_FDS, LISTEN_PID, RULEMAIL_READY_FD: ready }: NodeJS.ProcessEnv): boolean {
  // Those of standard input and output are there after a new start, too.
  return (LISTEN_FDS !== undefined && Number(LISTEN_PID) === process.pid) || Number(ready) > 2;
}

/** Authorities (NODE_EXTRA_CA_CERTS, NODE_USE_SYSTEM_CA), a file for warnings (NODE_REDIRECT_WARNINGS), a channel (NODE_CHANNEL_FD). */
function forgetWhatNodeRead(): void {
  const { getCACertificates, setDefaultCACertificates } = process.getBuiltinModule("node:tls");
  setDefaultCACertificates(getCACertificates("bundled"));
  process.removeAllListeners("warning");
  if (process.connected) process.disconnect();
}

/** A file that was downloaded is called rulemail-VERSION and the like. */
function nameOf(called: string): string {
  const name = basename(called);
  return name.startsWith("rulemail") ? "rulemail" : name;
}
