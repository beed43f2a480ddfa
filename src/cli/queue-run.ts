/** `sendmail -q...`: has the running server work on its queue now; without one, does it here and ends when it is done. */
import { connectControl, NoDaemonError } from "../control/client.ts";
import { homeFolder } from "../daemon/home.ts";
import type { QueueFilter } from "../queue/queue.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import type { QueueRun, SendmailArguments } from "./arguments.ts";
import { openForCommand, surroundings } from "./system.ts";

export async function runQueue(args: SendmailArguments): Promise<ExitCode> {
  const filter = filterOf(args.queueRun);
  try {
    const client = await connectControl(homeFolder().controlSocket);
    try {
      await client.run(filter);
      return EX.OK;
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof NoDaemonError)) throw error;
    return runHere(args, filter);
  }
}

async function runHere(args: SendmailArguments, filter: QueueFilter): Promise<ExitCode> {
  const opened = await openForCommand(args);
  if (typeof opened === "number") return opened;
  const { Server } = await import("../daemon/server.ts");
  const options = { configFile: opened.config.file, settings: args.settings, listen: false };
  const server = await Server.start(options, surroundings(), opened);
  await server.runner.runOnce(filter);
  await server.stop();
  return EX.OK;
}

/** -qI, -qR, -qS, -qG as a filter; of several of one kind the last counts. */
export function filterOf(run: QueueRun | undefined): QueueFilter {
  const filter: { -readonly [K in keyof QueueFilter]: QueueFilter[K] } = {};
  if (run?.group !== undefined) filter.group = run.group;
  if (run?.set === "quarantined") filter.held = true;
  for (const { field, text } of run?.selections ?? []) {
    if (field === "id" || field === "recipient" || field === "sender") filter[field] = text;
  }
  return filter;
}
