/** The life of the process: start, run until told to stop, stop. */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { CommandLineSetting } from "../config/environment.ts";
import { unprotectedBy } from "../config/unprotected.ts";
import { Destinations } from "../delivery/smtp/destinations.ts";
import { Dns2Resolver } from "../dns/dns2-resolver.ts";
import { openLog, type OpenLog } from "../log/open-log.ts";
import { macroValue } from "../rewriting/macro-value.ts";
import { systemClock } from "../sys/clock.ts";
import { readMachine } from "../sys/machine.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import { openControl } from "./control.ts";
import { openDeliverySite, SERVING, type Surroundings } from "./delivery-site.ts";
import { NO_QUEUE, queueFolder } from "./free-space.ts";
import { homeFolder, makeHome } from "./home.ts";
import { prepareLocalMail } from "./local-mail.ts";
import { ListenError } from "./listen-problem.ts";
import { writePidFile } from "./pid-file.ts";
import { Server } from "./server.ts";
import { onSignals } from "./signals.ts";
import { openWorkers } from "./workers.ts";

export interface RunOptions {
  readonly configFile: string;
  readonly settings: readonly CommandLineSetting[];
  readonly queueInterval?: number;
  readonly listen: boolean;
  /** The log goes to standard output too: for terminals and containers. */
  readonly foreground: boolean;
  readonly logTag?: string;
  readonly started: (addresses: readonly { name: string; address: string; port: number }[]) => void;
}

export async function runServer(options: RunOptions): Promise<ExitCode> {
  const clock = systemClock;
  let log: OpenLog | undefined;
  const workers = openWorkers();
  try {
    const machine = readMachine();
    prepareHome();
    log = openServerLog(options, machine.hostName);
    const resolver = new Dns2Resolver({ machine, clock });
    const destinations = new Destinations(clock);
    const surroundings: Surroundings = { machine, clock, log, workers, resolver, destinations };
    return await run(options, surroundings, log);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`rulemail: cannot start: ${text}\n`);
    log?.write(0, { priority: "crit", text: `cannot start: ${text}` });
    return error instanceof ListenError ? error.exit : EX.UNAVAILABLE;
  } finally {
    await workers.close();
    await log?.close();
  }
}

function prepareHome(): void {
  const { folder } = homeFolder();
  try {
    makeHome(folder);
  } catch (error) {
    const advice = "start as root, or name a folder of your own: RULEMAIL_HOME=FOLDER";
    throw new Error(`there is no folder ${folder}, and it cannot be made (${(error as Error).message}): ${advice}`, {
      cause: error,
    });
  }
}

function openServerLog({ foreground, logTag }: RunOptions, hostName: string): OpenLog {
  return openLog({
    level: 9,
    targets: [
      { kind: "file", path: join(homeFolder().folder, "log") },
      ...(foreground ? ([{ kind: "stdout" }] as const) : []),
    ],
    format: "text",
    program: logTag ?? "sendmail",
    host: hostName.split(".", 1)[0],
    pid: process.pid,
    clock: systemClock,
  });
}

async function run(options: RunOptions, surroundings: Surroundings, log: OpenLog): Promise<ExitCode> {
  const { configFile: file, settings } = options;
  const opened = await openDeliverySite({ file, settings, opMode: SERVING }, surroundings);
  for (const text of opened.messages) process.stderr.write(`${text}\n`);
  if (opened.kind === "failed") {
    for (const text of opened.messages) log.write(0, { priority: "crit", text });
    return (opened.exit === EX.OK ? EX.CONFIG : opened.exit) as ExitCode;
  }
  const { config } = opened.site;
  const refused = refusal(file, config, opened.exit as ExitCode);
  if (refused !== undefined) {
    await opened.site.close();
    process.stderr.write(`rulemail: cannot start: ${refused.reason}\n`);
    for (const text of [...opened.messages, `cannot start: ${refused.reason}`])
      log.write(0, { priority: "crit", text });
    return refused.exit;
  }
  log.setLevel(config.options.number("LogLevel"));
  const inForce = (next: Config): void => log.setLevel(next.options.number("LogLevel"));
  const warn = (text: string): void => {
    log.write(1, { priority: "warning", text });
    // In the foreground the log is on the screen already.
    if (!options.foreground) process.stderr.write(`rulemail: warning: ${text}\n`);
  };
  for (const text of await prepareLocalMail(opened.site, log)) process.stderr.write(`rulemail: ${text}\n`);
  unprotectedBy(config).forEach(warn);
  const server = await Server.start({ ...options, inForce }, surroundings, opened.site);
  const { promise: stopped, resolve: stop } = Promise.withResolvers<string>();
  const control = await openControl(server, () => stop("control socket"));
  const pidFile = config.options.text("PidFile");
  const removePidFile = tryPidFile(config.expand(pidFile, config.macros), warn);
  const restoreSignals = onSignals({
    reload: () => {
      log.reopen();
      void server.reload();
    },
    stop,
    dump: () => void server.summary().then((text) => log.write(0, { priority: "info", text })),
  });
  const addresses = server.listeners.map(({ port, address, boundPort }) => ({
    name: port.name,
    address,
    port: boundPort,
  }));
  log.write(0, {
    priority: "info",
    text: `starting daemon: ${addresses.map((each) => `${each.name} ${each.address}:${each.port}`).join(", ") || "queue runs only"}`,
  });
  if (!macroValue("j", config.macros).includes(".")) {
    const text = `the name of this host, ${macroValue("j", config.macros)}, has no domain: others cannot answer mail from it`;
    warn(`${text} (set confDOMAIN_NAME, or the full name in the hosts file)`);
  }
  warnOfClosedHome(log);
  options.started(addresses);
  const reason = await stopped;
  log.write(1, { priority: "info", text: `stopping daemon: ${reason}` });
  await control.close();
  await server.stop();
  restoreSignals();
  removePidFile();
  return EX.OK;
}

/**
 * Why no server runs with this configuration, with the status of sendmail, which does not start either: what a line with an
 * error should have forbidden (a rule of check_rcpt with a blank for its tab) would be allowed.
 */
function refusal(
  file: string,
  config: Config,
  exit: ExitCode,
): { readonly reason: string; readonly exit: ExitCode } | undefined {
  if (queueFolder(config) === "") return { reason: NO_QUEUE, exit: EX.CONFIG };
  if (exit === EX.OK) return undefined;
  return { reason: `${file} has errors: correct them first (rulemail lint ${file} says more)`, exit };
}

/** Where every user's programs hand in mail they have to get there. Whoever named a folder of his own may mean it so. */
function warnOfClosedHome(log: OpenLog): void {
  const { folder } = homeFolder();
  if (process.env.RULEMAIL_HOME !== undefined || process.getuid?.() !== 0) return;
  if ((statSync(folder).mode & 0o001) !== 0) return;
  const text = `users cannot enter ${folder}: their sendmail and mail programs cannot hand in mail (chmod 755 ${folder})`;
  log.write(1, { priority: "warning", text });
  process.stderr.write(`${text}\n`);
}

/** A pid file that cannot be written is worth a line, not a server that does not start. */
function tryPidFile(path: string, warn: (text: string) => void): () => void {
  if (path === "") return () => undefined;
  try {
    return writePidFile(path, process.argv);
  } catch (error) {
    const advice = "make its folder, or name another file (confPID_FILE)";
    warn(`cannot write the pid file ${path} (${(error as Error).message}): ${advice}`);
    return () => undefined;
  }
}
