/** Sites as a whole program opens them: with delivery agents. */
import type { Config } from "../config/config.ts";
import { countsTls } from "../config/counted-reports.ts";
import { signs } from "../config/signs.ts";
import { type Agents, createAgents } from "../delivery/agents.ts";
import type { Destinations } from "../delivery/smtp/destinations.ts";
import { join } from "node:path";
import { queueFolder } from "../config/queue-folder.ts";
import type { ReportCounts } from "./report-counts.ts";
import { daneProblem, openLine } from "../authentication/policy/open-line.ts";
import { type OpenedSite, openSite, type SiteSource } from "../site/open-site.ts";
import type { SiteSurroundings } from "../site/surroundings.ts";
import { filterProblems } from "../reception/filter-checks.ts";
import type { UserWorkers } from "../rights/task.ts";
import { EX } from "../sys/sysexits.ts";

/** What sites and their agents share. */
export interface Surroundings extends SiteSurroundings {
  readonly workers: UserWorkers;
  readonly destinations: Destinations;
  /** What is counted for reports; absent: nothing is. */
  readonly counts?: ReportCounts;
}

/** {opMode} of a server, in the background or the foreground. */
export const SERVING = "d";

/** For a server: it asks mail filters, so that what is wrong with these is an error of the file. */
export async function openServingSite(
  source: Omit<SiteSource, "opMode">,
  surroundings: Surroundings,
): Promise<OpenedSite<Agents>> {
  const opened = await openDeliverySite({ ...source, opMode: SERVING }, surroundings);
  if (opened.kind === "failed") return opened;
  const problems = filterProblems(opened.site.config);
  const exit = problems.find((problem) => problem.exit !== undefined)?.exit ?? EX.OK;
  const messages = [
    ...opened.messages,
    ...problems.map(({ text }) => text),
    ...(await signingProblems(opened.site.config)),
    ...lineProblems(opened.site.config, surroundings),
  ];
  return { ...opened, messages, exit: opened.exit === EX.OK ? exit : opened.exit };
}

/** What is asked about other servers' hosts, and cannot be found out. */
function lineProblems({ options }: Config, { machine }: Surroundings): readonly string[] {
  const problem = daneProblem(options, machine);
  return problem === undefined ? [] : [`WARNING: ${problem}`];
}

/** Keys that cannot be used: mail of their domains waits, or leaves unsigned, but the server starts. */
async function signingProblems(config: Config): Promise<readonly string[]> {
  if (!signs(config)) return [];
  const { keyProblems } = await import("../authentication/signing/key-ring.ts");
  return keyProblems(config).map((problem) => `WARNING: ${problem}`);
}

export function openDeliverySite(source: SiteSource, surroundings: Surroundings): Promise<OpenedSite<Agents>> {
  return openSite(source, surroundings, ({ config, users, hosts }, rules) => {
    const { clock, log, counts } = surroundings;
    const folder = queueFolder(config);
    const kept = folder === "" ? {} : { stsFile: join(folder, "mta-sts") };
    const events = countsTls(config) && counts !== undefined ? { events: counts } : {};
    const line = openLine({ options: config.options, names: hosts, clock, log, ...kept, ...events });
    return createAgents({ ...surroundings, config, users, names: hosts, rules, ...(line && { line }) });
  });
}
