/** Starts the root helper of a process that is root still, with the terms of its configuration. */
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { DeliverySite } from "../dispatch/attempt.ts";
import type { MadeFile } from "../rights/made-files.ts";
import { RootHelper } from "../rights/root-helper.ts";
import type { SiteSource } from "../site/open-site.ts";
import { homeFolder } from "./home.ts";
import type { ServerUser } from "./server-user.ts";
import { termsOf } from "./terms-of.ts";
import { termsWord } from "./terms-word.ts";
import { workerCommand } from "./workers.ts";

/**
 * @param source how the configuration was read
 * @param made what the helper takes away in the end
 */
export async function startRootHelper(
  source: SiteSource,
  { config, users }: DeliverySite,
  runAs: ServerUser,
  made: readonly MadeFile[] = [],
): Promise<RootHelper> {
  const command = [...workerCommand(), "--worker"];
  // The helper stands elsewhere.
  const again = termsWord({ source: { ...source, file: resolve(source.file) }, runAs });
  return new RootHelper({
    command,
    terms: await termsOf(config, users, runAs),
    termsCommand: [...command, "terms", again],
    made,
    folder: realpathSync(homeFolder().folder),
  });
}
