/** The configuration, read again by a server that may have less rights than it started with. */
import type { Agents } from "../delivery/agents.ts";
import type { OpenedSite, SiteSource } from "../site/open-site.ts";
import { EX } from "../sys/sysexits.ts";
import { openServingSite, type Surroundings } from "./delivery-site.ts";
import { readByRoot, type RootDoor } from "./root-door.ts";

/**
 * Reads the configuration again. Root reads it first, where it may be asked: what the new one names counts from then on, and
 * texts that only root may read come from there.
 */
export async function reopen(
  source: Omit<SiteSource, "opMode">,
  surroundings: Surroundings,
  door: RootDoor | undefined,
): Promise<OpenedSite<Agents>> {
  if (door === undefined) return openServingSite(source, surroundings);
  const read = await door.reload().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  if (typeof read === "string") return failed([`cannot read ${source.file} again, ${read}: start the server again`]);
  const { terms, messages } = read;
  const sealed = terms === undefined ? undefined : await readByRoot(door, terms);
  const opened = await openServingSite({ ...source, ...(sealed && { sealed }) }, surroundings);
  if (terms !== undefined || opened.kind === "failed") return opened;
  await opened.site.close();
  return failed(messages);
}

function failed(messages: readonly string[]): OpenedSite<Agents> {
  return { kind: "failed", messages, diagnostics: [], exit: EX.CONFIG };
}
