/** `hoststat` (-bh) shows what is known of hosts on disk, `purgestat` (-bH) removes what no longer counts. */
import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { queueFolder } from "../config/queue-folder.ts";
import { hostsOf, purgeHosts, resultOf } from "../delivery/smtp/host-status-files.ts";
import { EX } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";
import { type CommandStreams, processStreams } from "./command-streams.ts";
import { systemConfigFile } from "./config-file.ts";
import { systemEnvironment } from "./system-environment.ts";

const HEAD = " -------------- Hostname --------------- How long ago ---------Results---------";
/** Characters of a result when not all of it is wanted (-v). */
const SHORT = 25;

type Streams = Pick<CommandStreams, "output" | "errors">;

export function showHosts(args: SendmailArguments, streams: Streams = processStreams()): Promise<number> {
  const { output, errors } = streams;
  return withFolder(args, streams, async (folder) => {
    let headed = false;
    for await (const { name, path, record } of hostsOf(folder)) {
      if (record === undefined) {
        errors.line(`${path}: could not read status file`);
        continue;
      }
      if (!headed) output.line(HEAD);
      headed = true;
      const age = ageInWords(Date.now() - record.at);
      const result = resultOf(record);
      output.line(` ${name.padEnd(39)} ${age.padStart(12)} ${args.verbose ? result : result.slice(0, SHORT)}`);
    }
  });
}

export function purge(args: SendmailArguments, streams: Streams = processStreams()): Promise<number> {
  return withFolder(args, streams, async (folder, { options }) => {
    await purgeHosts(folder, options.timeout("hoststatus"), Date.now());
  });
}

/** Without a folder there is nothing to show, which is no error. */
async function withFolder(
  args: SendmailArguments,
  { output, errors }: Streams,
  action: (folder: string, config: Config) => Promise<void>,
): Promise<number> {
  const environment = { ...systemEnvironment(), settings: args.settings };
  const { config, messages, exit } = await loadConfig(systemConfigFile(args), environment);
  for (const message of messages) errors.line(message);
  errors.flush();
  if (!config) return exit === EX.OK ? EX.CONFIG : exit;
  try {
    const folder = config.options.text("HostStatusDirectory");
    if (folder !== "") await action(resolve(queueFolder(config), folder), config);
    return EX.OK;
  } catch (error) {
    errors.line(`sendmail: ${error instanceof Error ? error.message : String(error)}`);
    return EX.NOPERM;
  } finally {
    output.flush();
    errors.flush();
    config.close();
  }
}

/** "01:01:01", "1+01:01:01" with days. */
function ageInWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const clock = parts.map((part) => String(part).padStart(2, "0")).join(":");
  const days = Math.floor(seconds / 86_400);
  return days === 0 ? clock : `${days}+${clock}`;
}
