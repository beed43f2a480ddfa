/** Which filters a configuration has for the mail of a port, and what they are told (X lines, InputMailFilters, Milter.*). */
import type { Config, PortOptions } from "../config/config.ts";
import { type Filter, filterNames } from "../config/milters.ts";
import type { FilterSettings, MacroLists, MacroStage } from "../milter/filter.ts";
import type { Site } from "../site/site.ts";

export interface PlannedFilter {
  readonly settings: FilterSettings;
  readonly onFailure: Filter["onFailure"];
}

export interface FilterPlan {
  /** In the order in which they are asked; never none. */
  readonly filters: readonly PlannedFilter[];
  readonly macros: MacroLists;
  /** Milter.LogLevel; undefined: LogLevel counts. */
  readonly logLevel: number | undefined;
}

const STAGES: readonly MacroStage[] = ["connect", "helo", "envfrom", "envrcpt", "data", "eoh", "eom"];

/** By site, then by what the port says: a plan is made once. */
const plans = new WeakMap<Site, Map<string, FilterPlan | undefined>>();

/** @returns undefined where no filter is asked */
export function filterPlan(site: Site, port: Pick<PortOptions, "extra"> | undefined): FilterPlan | undefined {
  let ofSite = plans.get(site);
  if (ofSite === undefined) plans.set(site, (ofSite = new Map<string, FilterPlan | undefined>()));
  // What a port says replaces the option, even when it says that there are none.
  const own = port?.extra.get("inputmailfilters");
  const key = own ?? "\n";
  if (!ofSite.has(key)) ofSite.set(key, makePlan(site.config, own));
  return ofSite.get(key);
}

/** @param own what I= of a port says; undefined: the option InputMailFilters counts */
export function makePlan(config: Config, own?: string): FilterPlan | undefined {
  const names = filterNames(own ?? config.options.text("InputMailFilters"));
  const filters = names.map((name) => config.filters.get(name)).filter((filter) => filter !== undefined);
  if (filters.length === 0) return undefined;
  const level = Number.parseInt(config.milterSettings.get("loglevel") ?? "", 10);
  return {
    filters: filters.map((filter) => ({ settings: settingsOf(filter), onFailure: filter.onFailure })),
    macros: macroLists(config),
    logLevel: Number.isNaN(level) ? undefined : level,
  };
}

/** An X line as the client of filters wants it. */
export function settingsOf({ name, socket, timeouts }: Filter): FilterSettings {
  return { name, address: socket, timeouts };
}

/** What filters are told of unless they ask for something else: Milter.macros.*. */
export function macroLists({ milterSettings }: Pick<Config, "milterSettings">): MacroLists {
  const lists = STAGES.map((stage) => [stage, words(milterSettings.get(`macros.${stage}`) ?? "")] as const);
  return Object.fromEntries(lists) as Record<MacroStage, readonly string[]>;
}

/** As sendmail reads such a list: a macro with a long name stands in braces. */
function words(text: string): readonly string[] {
  return text.split(/[,\s]+/).filter((word) => word !== "");
}
