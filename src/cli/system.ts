/** What commands need from the machine when they work without a running server. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Configuration, openConfiguration, type Surroundings } from "../daemon/configuration.ts";
import { homeFolder } from "../daemon/home.ts";
import { openWorkers } from "../daemon/workers.ts";
import { Dns2Resolver } from "../dns/dns2-resolver.ts";
import { silentLog } from "../log/log.ts";
import { systemClock } from "../sys/clock.ts";
import { readMachine } from "../sys/machine.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";

/** -C, else the configuration of the home, else the system's. */
export function configFile({ configFile: given, variant }: Pick<SendmailArguments, "configFile" | "variant">): string {
  if (given !== undefined) return given;
  const name = variant === "c" ? "submit.cf" : "sendmail.cf";
  const ofHome = join(homeFolder().folder, name);
  return existsSync(ofHome) ? ofHome : join("/etc/mail", name);
}

export function surroundings(): Surroundings {
  const machine = readMachine();
  const clock = systemClock;
  return {
    machine,
    clock,
    log: silentLog,
    resolver: new Dns2Resolver({ machine, clock }),
    workers: openWorkers(),
  };
}

/** Opens the configuration for a command; messages go to standard error. The status to end with when it is broken. */
export async function openForCommand(args: SendmailArguments): Promise<Configuration | ExitCode> {
  const opened = await openConfiguration(configFile(args), args.settings, surroundings());
  for (const text of opened.messages) process.stderr.write(`${text}\n`);
  if (opened.kind === "opened") return opened.configuration;
  return opened.exit === EX.OK ? EX.CONFIG : (opened.exit as ExitCode);
}
