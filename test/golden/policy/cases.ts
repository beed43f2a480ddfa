/**
 * What rulesets decide about mail that comes in, and when: the rows of a table, for genuine sendmail and for us. What genuine
 * sendmail 8.17 answered and logged stands in recorded.jsonl.
 */
import { accessRows, accessSites } from "./access.ts";
import { listRows, listSites } from "./lists.ts";
import { momentRows, momentSites } from "./moments.ts";
import { relayRows, relaySites } from "./relaying.ts";
import type { PolicySite, Row } from "./rows.ts";
import { verdictRows, verdictSites } from "./verdicts.ts";

export const sites: Readonly<Record<string, PolicySite>> = {
  ...momentSites,
  ...verdictSites,
  ...accessSites,
  ...listSites,
  ...relaySites,
};

export const rows: readonly Row[] = [...momentRows, ...verdictRows, ...accessRows, ...listRows, ...relayRows];
