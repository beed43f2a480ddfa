/** Sites as a whole program opens them: with delivery agents. */
import { type Agents, createAgents } from "../delivery/agents.ts";
import type { Destinations } from "../delivery/smtp/destinations.ts";
import { type OpenedSite, openSite, type SiteSource } from "../site/open-site.ts";
import type { SiteSurroundings } from "../site/surroundings.ts";
import type { UserWorkers } from "../rights/task.ts";

/** What sites and their agents share. */
export interface Surroundings extends SiteSurroundings {
  readonly workers: UserWorkers;
  readonly destinations: Destinations;
}

/** {opMode} of a server, in the background or the foreground. */
export const SERVING = "d";

export function openDeliverySite(source: SiteSource, surroundings: Surroundings): Promise<OpenedSite<Agents>> {
  return openSite(source, surroundings, ({ config, users, hosts }, rules) =>
    createAgents({ ...surroundings, config, users, names: hosts, rules }),
  );
}
