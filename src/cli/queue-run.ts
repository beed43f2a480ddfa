/**
 * `sendmail -q...`: has the running server work on its queue now; without one, does it here and ends when it is done. With -qf
 * or -v it waits for the server, too, and -v says what comes of each message. -Q is quarantine.ts.
 */
import { loadConfig } from "../config/load.ts";
import { queueFolder } from "../config/queue-folder.ts";
import { callServer } from "./call-server.ts";
import { type ControlClient, NoDaemonError } from "../control/client.ts";
import { homeFolder } from "../daemon/home.ts";
import type { RunEvent } from "../dispatch/runner.ts";
import type { QueueFilter } from "../queue/filter.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import { octetsForTerminal } from "../sys/terminal-text.ts";
import type { SendmailArguments } from "./arguments.ts";
import { systemConfigFile } from "./config-file.ts";
import { filterOf } from "./queue-arguments.ts";
import { folderOf } from "./queue-blocks.ts";
import { queueProblem } from "./queue-problem.ts";
import { withServerHere } from "./server-here.ts";
import { openForCommand, surroundings } from "./system.ts";
import { systemEnvironment } from "./system-environment.ts";

export async function runQueue(args: SendmailArguments): Promise<ExitCode> {
  const { queueRun, verbose, variant } = args;
  // What was set aside as damaged cannot be tried.
  if (queueRun?.set === "lost") return EX.OK;
  const filter = filterOf(queueRun);
  const folder = await folderOfRun(args);
  if (typeof folder === "number") return folder;
  const { controlSocket } = homeFolder();
  let client: ControlClient;
  try {
    client = await callServer(controlSocket);
  } catch (error) {
    if (!(error instanceof NoDaemonError)) throw error;
    if (variant !== "c") return runHere(args, filter);
    if (verbose)
      process.stdout.write(`no server answers at ${controlSocket}: it takes the client queue over at its start\n`);
    return EX.OK;
  }
  try {
    // The server takes the client queue over with every run.
    if (variant === "c") await client.run({ ids: [] });
    else if (queueRun?.foreground !== true && !verbose) await client.run(filter);
    else for await (const event of client.watchRun(filter)) if (verbose) say(event, folder);
    return EX.OK;
  } finally {
    client.close();
  }
}

/**
 * The folder that is worked on, as far as the configuration has to be asked for it (-qG, -v): else "". The status to end with
 * when -qG names a queue group that there is not.
 */
export async function folderOfRun({ queueRun, verbose, ...args }: SendmailArguments): Promise<string | ExitCode> {
  const group = queueRun?.group;
  if (args.variant === "c") return homeFolder().clientQueue;
  if (group === undefined && !verbose) return "";
  const environment = { ...systemEnvironment(), settings: args.settings };
  const { config, messages, exit } = await loadConfig(systemConfigFile(args), environment);
  if (config === undefined) {
    for (const message of messages) process.stderr.write(`${message}\n`);
    return exit === EX.OK ? EX.CONFIG : exit;
  }
  const folder = group === undefined ? queueFolder(config) : folderOf(config, group);
  config.close();
  if (folder !== undefined) return folder;
  process.stdout.write(`Queue group ${group} unknown\n`);
  return EX.OK;
}

/** As sendmail -v says it. */
function say({ id, number, of, recipients }: RunEvent, folder: string): void {
  process.stdout.write(`\nRunning ${folder}/${id} (sequence ${number} of ${of})\n`);
  for (const { address, text } of recipients) process.stdout.write(octetsForTerminal(`${address}... ${text}\n`));
}

async function runHere(args: SendmailArguments, filter: QueueFilter): Promise<ExitCode> {
  const around = surroundings();
  const opened = await openForCommand(args, around);
  if (typeof opened === "number") return opened;
  const folder = queueFolder(opened.config);
  const here = { site: opened, settings: args.settings, around, warn };
  const watch = args.verbose ? (event: RunEvent) => say(event, folder) : undefined;
  return withReasons(folder, async () => {
    await withServerHere(here, (server) => server.runner.runOnce(filter, watch));
    return EX.OK;
  });
}

export function warn(text: string): void {
  process.stderr.write(`sendmail: warning: ${text}\n`);
}

/** Says why the queue cannot be worked on, where it is not an accident. */
export async function withReasons(folder: string, work: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await work();
  } catch (error) {
    const problem = queueProblem(error, folder);
    if (problem === undefined) throw error;
    process.stderr.write(`sendmail: ${problem.text}\n`);
    return problem.exit;
  }
}
