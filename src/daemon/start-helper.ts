/** Starts the root helper of a process that is root still, with the terms of its configuration. */
import type { ChildProcess } from "node:child_process";
import { resolve } from "node:path";
import type { DeliverySite } from "../dispatch/attempt.ts";
import type { MadeFile } from "../rights/made-files.ts";
import { RootHelper } from "../rights/root-helper.ts";
import type { TaskUser } from "../rights/task.ts";
import { WORKER_COMMAND } from "../rights/worker-command.ts";
import type { SiteSource } from "../site/open-site.ts";
import { termsOf } from "./terms-of.ts";
import { termsCommand } from "./terms-word.ts";
import { helperFolder } from "./workers.ts";

/**
 * @param source how the configuration was read
 * @param made what the helper takes away in the end
 * @param child its process, if that has begun
 */
export async function startRootHelper(
  source: SiteSource,
  { config, users }: DeliverySite,
  runAs: TaskUser,
  made: readonly MadeFile[] = [],
  child?: ChildProcess,
): Promise<RootHelper> {
  return new RootHelper({
    command: WORKER_COMMAND,
    terms: await termsOf(config, users, runAs),
    // The helper stands elsewhere.
    termsCommand: termsCommand({ source: { ...source, file: resolve(source.file) }, runAs }),
    made,
    folder: helperFolder(),
    child,
  });
}
