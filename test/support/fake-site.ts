/** A site of simple parts, for tests of what asks one: nothing is opened, and only the parts that are given answer. */
import { planHeader } from "../../src/envelope/header-plan.ts";
import { Statistics } from "../../src/log/statistics.ts";
import type { MimeLimits } from "../../src/mail/mime-limits.ts";
import { createAliases } from "../../src/routing/aliases.ts";
import type { Attachment, Site } from "../../src/site/site.ts";

/** Nothing is cut. */
export const NO_MIME_LIMITS: MimeLimits = {
  field: 0,
  parameter: 0,
  isText: () => false,
  isStructured: () => false,
  hasParameters: () => false,
};

type Parts<Agents extends Attachment> = Partial<Site<Agents>> & Pick<Site, "config" | "rules">;

export function fakeSite<Agents extends Attachment>(parts: Parts<Agents>): Site<Agents> {
  const site: Partial<Site<Agents>> = {
    aliases: createAliases([]),
    aliasDatabases: [],
    users: { find: () => undefined, findById: () => undefined },
    dontBlame: new Set(),
    statistics: new Statistics(),
    headerPlan: planHeader({ headers: [] }),
    mimeLimits: NO_MIME_LIMITS,
    use: () => () => undefined,
    ...parts,
  };
  return site as Site<Agents>;
}
