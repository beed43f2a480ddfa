/**
 * `mailq`, `sendmail -bp`: what waits in the queue, by the folders that the configuration names; and what programs have left in
 * the client queue while no server ran. With -Ac the client queue alone, with -qL what was set aside as damaged.
 */
import { readdirSync } from "node:fs";
import { loadavg } from "node:os";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { queuePaths } from "../config/queue-folder.ts";
import { ControlDeniedError } from "../control/client.ts";
import type { QueueListing } from "../control/queue-listing.ts";
import { NO_QUEUE } from "../daemon/free-space.ts";
import { homeFolder } from "../daemon/home.ts";
import { asciiJson } from "../sys/terminal-text.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";
import { systemConfigFile } from "./config-file.ts";
import { type ListedQueue, openFolder, openListedQueue, openLost } from "./listed-queue.ts";
import { printBlock, type QueueBlock, type QueuePrintOptions, totalLine } from "./mailq.ts";
import { Output, ReaderGoneError } from "./output.ts";
import { filterOf } from "./queue-arguments.ts";
import { blocksOf, folderOf, foldersOf } from "./queue-blocks.ts";
import { isForbidden, queueProblem } from "./queue-problem.ts";
import { systemEnvironment } from "./system-environment.ts";
import { keptByLoad } from "../queue/load-limit.ts";

export async function showQueue(args: SendmailArguments): Promise<ExitCode> {
  const output = new Output();
  try {
    const exit = args.variant === "c" ? await showClientQueue(args, output) : await showServerQueue(args, output);
    output.flush();
    return exit;
  } catch (error) {
    // Whoever read us has read enough (`mailq | head`).
    if (error instanceof ReaderGoneError) return EX.OK;
    throw error;
  }
}

/** -bP: only how many. */
export async function countQueue(args: SendmailArguments): Promise<ExitCode> {
  const config = await readConfig(args);
  if (typeof config === "number") return config;
  return withQueue(config, args, async (queue) => {
    process.stdout.write(`Total requests: ${await queue.count({})}\n`);
  });
}

async function showServerQueue(args: SendmailArguments, output: Output): Promise<ExitCode> {
  const config = await readConfig(args);
  if (typeof config === "number") return config;
  const filter = filterOf(args.queueRun);
  const { group } = filter;
  if (group !== undefined && folderOf(config, group) === undefined) {
    output.line(`Queue group ${group} unknown`);
    return EX.OK;
  }
  const show = printer(args, output, config);
  let total = 0;
  const exit = await withQueue(config, args, async (queue) => {
    for await (const block of blocksOf(foldersOf(config, group), queue, filter)) {
      total += block.count;
      await show(block);
    }
  });
  // Without a queue nothing can be counted.
  if (exit === EX.CONFIG) return exit;
  if (group === undefined && args.queueRun?.set !== "lost") {
    const left = await clientQueue();
    const count = (await left?.count(filter)) ?? 0;
    if (count > 0) await show({ name: homeFolder().clientQueue, count, entries: left!.list(filter) });
    total += count;
  }
  if (group === undefined && args.json !== true) output.print(totalLine(total));
  return exit;
}

async function showClientQueue(args: SendmailArguments, output: Output): Promise<ExitCode> {
  const { clientQueue: folder } = homeFolder();
  const filter = filterOf(args.queueRun);
  const queue = args.queueRun?.set === "lost" ? await openLost(folder) : await clientQueue();
  const count = (await queue?.count(filter)) ?? 0;
  await printer(args, output)({ name: folder, count, entries: queue?.list(filter) ?? [] });
  if (args.json !== true) output.print(totalLine(count));
  return EX.OK;
}

/** What has been left for the server, as far as the caller may read it; undefined when there is nothing. */
async function clientQueue(): Promise<ListedQueue | undefined> {
  const { clientQueue: folder } = homeFolder();
  try {
    if (readdirSync(folder).length === 0) return undefined;
    return await openFolder(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || isForbidden(error)) return undefined;
    throw error;
  }
}

function printer(
  { json, verbose }: SendmailArguments,
  output: Output,
  config?: Config,
): (block: QueueBlock) => Promise<void> {
  if (json === true) {
    return async ({ name, entries }) => {
      for await (const listing of entries) output.line(asciiJson({ queue: name, ...inCharacters(listing) }));
    };
  }
  const options: QueuePrintOptions = {
    verbose,
    now: Date.now(),
    ...(config === undefined
      ? {}
      : { minQueueAge: config.options.time("MinQueueAge"), isLoaded: keptByLoad(config.options, () => loadavg()[0]) }),
  };
  return (block) => printBlock(block, options, (text) => output.print(text));
}

/** Addresses and texts are octets; where they are UTF-8, JSON has the characters. */
function inCharacters(listing: QueueListing): object {
  return JSON.parse(
    JSON.stringify(listing, (_, value: unknown) => {
      if (typeof value !== "string" || !/[\x80-\xff]/.test(value)) return value;
      const text = Buffer.from(value, "latin1").toString("utf8");
      return text.includes("\ufffd") ? value : text;
    }),
  ) as object;
}

async function readConfig(args: SendmailArguments): Promise<Config | ExitCode> {
  const environment = { ...systemEnvironment(), settings: args.settings };
  const { config, messages, exit } = await loadConfig(systemConfigFile(args), environment);
  for (const message of messages) process.stderr.write(`${message}\n`);
  return config ?? (exit === EX.OK ? EX.CONFIG : exit);
}

/** Opens the queue for an action; says why it cannot be seen, in sendmail's words where it has any. */
async function withQueue(
  config: Config,
  args: SendmailArguments,
  action: (queue: ListedQueue) => Promise<void>,
): Promise<ExitCode> {
  const [{ folder }] = foldersOf(config);
  if (folder === "") {
    process.stderr.write(`${NO_QUEUE}\n`);
    return EX.CONFIG;
  }
  let queue: ListedQueue | undefined;
  try {
    queue =
      args.queueRun?.set === "lost"
        ? await openLost(folder)
        : await openListedQueue(homeFolder(), folder, queuePaths(config));
    for (const report of queue.reports) process.stderr.write(`mailq: ${report}\n`);
    await action(queue);
    return EX.OK;
  } catch (error) {
    return explain(error, folder, args);
  } finally {
    queue?.close();
    config.close();
  }
}

function explain(error: unknown, folder: string, { json, mode }: SendmailArguments): ExitCode {
  if (error instanceof ControlDeniedError) {
    (json === true ? process.stderr : process.stdout).write(`${error.message}\n`);
    return json === true ? EX.NOPERM : EX.OK;
  }
  const problem = queueProblem(error, folder);
  if (problem !== undefined) {
    const text = problem.exit === EX.NOPERM ? `no server answers, and ${problem.text}` : problem.text;
    process.stderr.write(`${mode === "P" ? "sendmail" : "mailq"}: ${text}\n`);
    return problem.exit;
  }
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  (json === true ? process.stderr : process.stdout).write(`can not chdir(${folder}/): No such file or directory\n`);
  return EX.CONFIG;
}
