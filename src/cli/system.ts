/** What commands need from the machine when they work without a running server. */
import { openDeliverySite, type Surroundings } from "../daemon/delivery-site.ts";
import { openWorkers, type ServerWorkers } from "../daemon/workers.ts";
import { Destinations } from "../delivery/smtp/destinations.ts";
import type { DeliverySite } from "../dispatch/attempt.ts";
import type { RootHelper } from "../rights/root-helper.ts";
import { Dns2Resolver } from "../dns/dns2-resolver.ts";
import { Statistics } from "../log/statistics.ts";
import { silentLog } from "../log/log.ts";
import { systemClock } from "../sys/clock.ts";
import { readMachine } from "../sys/machine.ts";
import type { Trace } from "../rewriting/trace.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";
import { systemConfigFile } from "./config-file.ts";

/** {opMode}: the letter of -b; a queue run without one is q. */
function operationMode({ mode, queueRun }: Pick<SendmailArguments, "mode" | "queueRun">): string {
  return mode === "m" && queueRun !== undefined ? "q" : mode === "D" ? "d" : mode;
}

export interface CommandSurroundings extends Surroundings {
  readonly workers: ServerWorkers;
}

export function surroundings(): CommandSurroundings {
  const machine = readMachine();
  const clock = systemClock;
  return {
    machine,
    clock,
    log: silentLog,
    resolver: new Dns2Resolver({ machine, clock }),
    workers: openWorkers(),
    destinations: new Destinations(clock),
    statistics: new Statistics(),
  };
}

/**
 * Opens the configuration for a command; messages go to standard error. The status to end with when it is broken.
 * @param trace hears what is read, and what rules do
 */
export async function openForCommand(
  args: SendmailArguments,
  around: CommandSurroundings = surroundings(),
  trace?: Trace,
): Promise<DeliverySite | ExitCode> {
  const source = { file: systemConfigFile(args), settings: args.settings, opMode: operationMode(args) };
  const opened = await openDeliverySite({ ...source, ...(trace && { trace }) }, around);
  for (const text of opened.messages) process.stderr.write(`${text}\n`);
  if (opened.kind === "opened") {
    withRootHelper(opened.site, around);
    return opened.site;
  }
  return opened.exit === EX.OK ? EX.CONFIG : (opened.exit as ExitCode);
}

/** Work with users' rights gets a root helper when there is any, if it is root who gives the command. */
export function withRootHelper(site: DeliverySite, { workers }: CommandSurroundings): void {
  workers.use(() => startHelper(site));
}

/** A command that root gives stays root; what its tasks may do with users' rights is what the configuration says, all the same. */
async function startHelper(site: DeliverySite): Promise<RootHelper> {
  const { startRootHelper } = await import("../daemon/start-helper.ts");
  return startRootHelper({ file: site.config.file, settings: [], opMode: "v" }, site, { user: "root", uid: 0, gid: 0 });
}
