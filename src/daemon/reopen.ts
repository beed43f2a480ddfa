/** The configuration, read again by a server that may have less rights than it started with. */
import { readSecrets } from "../config/map-secrets.ts";
import type { Agents } from "../delivery/agents.ts";
import type { OpenedSite, SiteSource } from "../site/open-site.ts";
import type { SealedFiles } from "../sys/sealed-file.ts";
import { EX } from "../sys/sysexits.ts";
import { openServingSite, type Surroundings } from "./delivery-site.ts";
import { readByRoot, type RootDoor } from "./root-door.ts";

/** Whoever has a site of his own reads the configuration, too. */
export interface FellowReader {
  prepare(sealed?: SealedFiles): Promise<{ readonly isOpen: boolean; readonly messages: readonly string[] }>;
}

/**
 * Reads the configuration again. Root reads it first, where it may be asked: what the new one names counts from then on, and
 * texts that only root may read come from there.
 */
export async function reopen(
  source: Omit<SiteSource, "opMode">,
  surroundings: Surroundings,
  door: RootDoor | undefined,
  fellow?: FellowReader,
): Promise<OpenedSite<Agents>> {
  if (door === undefined) return together(await openServingSite(source, surroundings), fellow);
  const read = await door.reload().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  if (typeof read === "string") return failed([`cannot read ${source.file} again, ${read}: start the server again`]);
  const { terms, messages } = read;
  const sealed = terms === undefined ? undefined : await readByRoot(door, terms);
  const opened = await openServingSite({ ...source, ...(sealed && { sealed }) }, surroundings);
  if (terms !== undefined || opened.kind === "failed") return together(opened, fellow, sealed);
  await opened.site.close();
  return failed(messages);
}

/** One that the other cannot read is in force nowhere. */
async function together(
  opened: OpenedSite<Agents>,
  fellow: FellowReader | undefined,
  sealed?: SealedFiles,
): Promise<OpenedSite<Agents>> {
  if (opened.kind === "failed" || opened.exit !== EX.OK) return opened;
  const secrets: string[] = [];
  readSecrets(opened.site.config, (text) => void secrets.push(`WARNING: ${text}`));
  const { isOpen, messages } = fellow === undefined ? { isOpen: true, messages: [] } : await fellow.prepare(sealed);
  if (isOpen) return { ...opened, messages: [...opened.messages, ...secrets] };
  await opened.site.close();
  return failed(messages);
}

function failed(messages: readonly string[]): OpenedSite<Agents> {
  return { kind: "failed", messages, diagnostics: [], exit: EX.CONFIG };
}
