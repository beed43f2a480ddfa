/** The life of the process: start, run until told to stop, stop. */
import { accessSync, constants, statSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { trustedUser } from "../config/owners.ts";
import type { CommandLineSetting } from "../config/environment.ts";
import { ReportCounts } from "./report-counts.ts";
import { readSecrets } from "../config/map-secrets.ts";
import { unprotectedBy } from "../config/unprotected.ts";
import { Destinations } from "../delivery/smtp/destinations.ts";
import { Statistics } from "../log/statistics.ts";
import { Dns2Resolver } from "../dns/dns2-resolver.ts";
import type { Log } from "../log/log.ts";
import type { OpenLog } from "../log/open-log.ts";
import { openServerLog } from "./server-log.ts";
import { macroValue } from "../rewriting/macro-value.ts";
import type { MadeFile } from "../rights/made-files.ts";
import type { RootHelper } from "../rights/root-helper.ts";
import { systemClock } from "../sys/clock.ts";
import { readMachine } from "../sys/machine.ts";
import { LastGood } from "../sys/last-good.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import { QueueFormatError } from "../queue/format.ts";
import type { DeliverySite } from "../dispatch/attempt.ts";
import { SystemUsers } from "../sys/getent.ts";
import { controlServices } from "./control.ts";
import { openServingSite, SERVING, type Surroundings } from "./delivery-site.ts";
import { EarlyHelper } from "./early-helper.ts";
import { Entrance } from "./entrance.ts";
import { queueFolder } from "../config/queue-folder.ts";
import { NO_QUEUE } from "./free-space.ts";
import { sealKeys } from "./key-files.ts";
import { homeFolder, isHomeNamed, makeHome } from "./home.ts";
import { type LocalRights, makeLocalFiles, ownRights, prepareLocalMail } from "./local-mail.ts";
import { ListenError } from "./listen-problem.ts";
import type { ServiceManager } from "./service-manager.ts";
import { type ServerUser, serverUser } from "./server-user.ts";
import { Server } from "./server.ts";
import { WantedThreads } from "./sessions/wanted-threads.ts";
import type { SessionThreads } from "./sessions/threaded-sessions.ts";
import { startRootHelper } from "./start-helper.ts";
import { onSignals } from "./signals.ts";
import { openWorkers, type ServerWorkers } from "./workers.ts";

interface ServerSurroundings extends Surroundings {
  readonly statistics: Statistics;
  readonly workers: ServerWorkers;
  readonly log: OpenLog;
}

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

interface SupervisedOptions extends RunOptions {
  readonly manager: ServiceManager | undefined;
  /** Of a server that root started. */
  readonly helper: EarlyHelper | undefined;
}

export async function runServer(options: RunOptions): Promise<ExitCode> {
  const clock = systemClock;
  let log: OpenLog | undefined;
  let manager: ServiceManager | undefined;
  let helper: EarlyHelper | undefined;
  const workers = openWorkers((text) => log?.write(1, { priority: "warning", text }));
  try {
    const machine = readMachine();
    prepareHome();
    if (process.getuid?.() === 0) helper = new EarlyHelper();
    log = openServerLog(options, machine.hostName);
    manager = await serviceManager(log);
    const resolver = new Dns2Resolver({ machine, clock });
    const destinations = new Destinations(clock);
    const statistics = new Statistics();
    const counts = new ReportCounts({ clock, log });
    const lastGood = new LastGood();
    const surroundings = { machine, clock, log, workers, resolver, destinations, statistics, counts, lastGood };
    return await run({ ...options, manager, helper }, surroundings);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`rulemail: cannot start: ${text}\n`);
    log?.write(0, { priority: "crit", text: `cannot start: ${text}` });
    return exitOf(error);
  } finally {
    helper?.abandon();
    await workers.close();
    await manager?.close();
    await log?.close();
  }
}

/** Whoever supervises the server, if he wants to be told anything. */
async function serviceManager(log: Log): Promise<ServiceManager | undefined> {
  if ((process.env["NOTIFY_SOCKET"] ?? "") === "") return undefined;
  return (await import("./service-manager.ts")).ServiceManager.take(process.env, { log });
}

function exitOf(error: unknown): ExitCode {
  if (error instanceof ListenError) return error.exit;
  // Starting again does not help, as it does when another server has the queue.
  return error instanceof QueueFormatError ? EX.OSFILE : EX.UNAVAILABLE;
}

const ADVICE = "start as root, or name a folder of your own: RULEMAIL_HOME=FOLDER";

function prepareHome(): void {
  const { folder } = homeFolder();
  try {
    makeHome(folder);
  } catch (error) {
    throw new Error(`there is no folder ${folder}, and it cannot be made (${(error as Error).message}): ${ADVICE}`, {
      cause: error,
    });
  }
  try {
    // An ordinary user where root, or somebody else, has had a server.
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Error(`the folder ${folder} is somebody else's (${(error as Error).message}): ${ADVICE}`, {
      cause: error,
    });
  }
}

async function run(options: SupervisedOptions, surroundings: ServerSurroundings): Promise<ExitCode> {
  const threads = new WantedThreads(options, surroundings);
  try {
    return await runWith(options, surroundings, threads);
  } finally {
    await threads.abandon();
  }
}

async function runWith(
  options: SupervisedOptions,
  surroundings: ServerSurroundings,
  threads: WantedThreads,
): Promise<ExitCode> {
  const { log } = surroundings;
  const { configFile: file, settings } = options;
  // Keys that only root may read: read below, while this is root.
  const sealed = new Map<string, Buffer>();
  const opened = await openServingSite({ file, settings, sealed }, surroundings);
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
  if (process.getuid?.() === 0) for (const [path, octets] of await sealKeys(config)) sealed.set(path, octets);
  const warn = (text: string): void => {
    log.write(1, { priority: "warning", text });
    // In the foreground the log is on the screen already.
    if (!options.foreground) process.stderr.write(`rulemail: warning: ${text}\n`);
  };
  try {
    return await enter(options, surroundings, opened.site, warn, await threads.forConfig(config));
  } catch (error) {
    await opened.site.close();
    throw error;
  }
}

/** Mail that comes in and mail for other hosts need no root: they go on (docs/decisions/0012-rights.md). */
const WITHOUT_HELPER =
  "mail for this host waits in the queue, and the configuration stays as it is, until the server is started again";

/** What needs root's rights first; then there is only the server's user (entrance.ts). */
async function enter(
  options: SupervisedOptions,
  surroundings: ServerSurroundings,
  site: DeliverySite,
  warn: (text: string) => void,
  sessions: SessionThreads | undefined,
): Promise<ExitCode> {
  const { log, workers } = surroundings;
  const { config } = site;
  const isRoot = process.getuid?.() === 0;
  const accounts = new SystemUsers(systemClock);
  const user = isRoot ? await serverUser(config, accounts, site.users) : undefined;
  if (!isRoot) await warnOfOtherUser(site, warn);
  if (isRoot) {
    makeLocalFiles(site, log);
    warnOfClosedHome(log);
  }
  const source = { file: options.configFile, settings: options.settings, opMode: SERVING };
  const startHelper = async (runAs: ServerUser, made: readonly MadeFile[]): Promise<RootHelper> => {
    const helper = await startRootHelper(source, site, runAs, made, options.helper?.take());
    workers.use(() => helper);
    void helper.ended.then((reason) => log.write(0, { priority: "crit", text: `${reason}: ${WITHOUT_HELPER}` }));
    return helper;
  };
  const trustedUid = isRoot ? await trustedUser(config.options.text("TrustedUser"), accounts, site.users) : undefined;
  const { listen } = options;
  const entrance = await Entrance.open({
    config,
    listen,
    user,
    trustedUid,
    log,
    sessions,
    warn,
    startHelper,
  });
  try {
    const rights: LocalRights = user === undefined ? ownRights() : { user: user.user, mailboxesByRoot: true };
    for (const text of await prepareLocalMail(site, rights, log)) process.stderr.write(`rulemail: ${text}\n`);
    unprotectedBy(config).forEach(warn);
    readSecrets(config, warn);
    warnOfShortName(config, warn);
    return await serve({ ...options, rights, sessions }, surroundings, site, entrance);
  } finally {
    await entrance.close();
  }
}

async function serve(
  options: SupervisedOptions & { readonly rights: LocalRights; readonly sessions: SessionThreads | undefined },
  surroundings: ServerSurroundings,
  site: DeliverySite,
  entrance: Entrance,
): Promise<ExitCode> {
  const { log } = surroundings;
  const inForce = (next: Config): void => log.setLevel(next.options.number("LogLevel"));
  const ready = (): Promise<void> => entrance.ready();
  const server = await Server.start({ ...options, inForce, openings: entrance, ready }, surroundings, site);
  try {
    return await untilStopped(server, options, surroundings, entrance);
  } finally {
    // All that is waited for may be timers, a pause of a session for one, and those keep no process alive: without this one
    // Node would end before the queue is closed.
    const alive = setInterval(() => undefined, STAY_MS);
    try {
      await entrance.control.close();
      await server.stop();
    } finally {
      clearInterval(alive);
    }
  }
}

/** Of a timer that does nothing but be there. */
const STAY_MS = 1_000;

async function untilStopped(
  server: Server,
  options: SupervisedOptions,
  { log }: ServerSurroundings,
  entrance: Entrance,
): Promise<ExitCode> {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<string>();
  const { manager } = options;
  entrance.control.serve(controlServices(server, () => stop("control socket")));
  const restoreSignals = onSignals({
    reload: () => {
      log.reopen();
      manager?.reloading();
      const failed = (error: unknown): void => {
        const reason = error instanceof Error ? error.message : String(error);
        log.write(0, { priority: "crit", text: `cannot read the configuration again: ${reason}` });
      };
      void server
        .reload()
        .then(() => undefined, failed)
        .then(() => manager?.ready(told));
    },
    stop,
    dump: () => void server.summary().then((text) => log.write(0, { priority: "info", text })),
  });
  const addresses = server.listeners.map(({ port, address, boundPort }) => ({
    name: port.name,
    address,
    port: boundPort,
  }));
  const told = addresses.map(placeText).join(", ") || "queue runs only";
  log.write(0, { priority: "info", text: `starting daemon: ${told}` });
  options.started(addresses);
  manager?.ready(told);
  let exit: ExitCode = EX.OK;
  void server.failed.then((reason) => {
    exit = EX.UNAVAILABLE;
    stop(reason);
  });
  const reason = await stopped;
  log.write(1, { priority: exit === EX.OK ? "info" : "crit", text: `stopping daemon, reason=${reason}` });
  restoreSignals();
  manager?.stopping(reason);
  return exit;
}

/** "MTA 127.0.0.1:25"; a unix socket has no number. */
function placeText({ name, address, port }: { name: string; address: string; port: number }): string {
  return port === 0 ? `${name} ${address}` : `${name} ${address}:${port}`;
}

/** Only root can become somebody else. */
async function warnOfOtherUser({ config, users }: DeliverySite, warn: (text: string) => void): Promise<void> {
  if (config.options.text("RunAsUser") === "") return;
  const { uid, because } = await serverUser(config, new SystemUsers(systemClock), users);
  const own = process.getuid?.();
  if (uid !== own) warn(`${because} is not acted on: the server was not started by root, and stays user ${own}`);
}

function warnOfShortName({ macros }: Config, warn: (text: string) => void): void {
  const name = macroValue("j", macros);
  if (name.includes(".")) return;
  const text = `the name of this host, ${name}, has no domain: others cannot answer mail from it`;
  warn(`${text} (set confDOMAIN_NAME, or the full name in the hosts file)`);
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
function warnOfClosedHome(log: Log): void {
  const { folder } = homeFolder();
  if (isHomeNamed()) return;
  if ((statSync(folder).mode & 0o001) !== 0) return;
  const text = `users cannot enter ${folder}: their sendmail and mail programs cannot hand in mail (chmod 755 ${folder})`;
  log.write(1, { priority: "warning", text });
  process.stderr.write(`${text}\n`);
}
