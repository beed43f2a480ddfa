/** All checks of `rulemail doctor`, and their findings in the order of this table. */
import type { Check } from "./check.ts";
import { SkipError } from "./skip-error.ts";
import type { Finding, Skipped } from "./finding.ts";
import type { Patient } from "./patient.ts";
import { certificates } from "./checks/certificates.ts";
import { clock } from "./checks/clock.ts";
import { configuration } from "./checks/configuration.ts";
import { disk } from "./checks/disk.ts";
import { files } from "./checks/files.ts";
import { folders } from "./checks/folders.ts";
import { hostNames } from "./checks/host-names.ts";
import { mailExchangers } from "./checks/mail-exchangers.ts";
import { otherServers } from "./checks/other-servers.ts";
import { ports } from "./checks/ports.ts";
import { queue } from "./checks/queue.ts";
import { relaying } from "./checks/relaying.ts";
import { policyRecords } from "./checks/policy-records.ts";
import { tables } from "./checks/tables.ts";

export const CHECKS: readonly Check[] = [
  configuration,
  files,
  folders,
  tables,
  ports,
  otherServers,
  relaying,
  certificates,
  hostNames,
  mailExchangers,
  policyRecords,
  clock,
  disk,
  queue,
];

export interface Examination {
  readonly findings: readonly Finding[];
  readonly skipped: readonly Skipped[];
}

/** @param only names of checks; all without it */
export async function examine(patient: Patient, only: readonly string[] = []): Promise<Examination> {
  const findings: Finding[] = [];
  const skipped: Skipped[] = [];
  for (const check of CHECKS) {
    const { name, needs } = check;
    if (only.length > 0 && !only.includes(name)) continue;
    if (needs === "configuration" && patient.subject === undefined) {
      skipped.push({ check: name, reason: "the configuration cannot be read" });
      continue;
    }
    try {
      findings.push(...(await check.run(patient)));
    } catch (error) {
      const isKnown = error instanceof SkipError || (error as NodeJS.ErrnoException).code === "EACCES";
      const reason = error instanceof Error ? error.message : String(error);
      skipped.push({ check: name, reason: isKnown ? reason : `it failed: ${reason}` });
    }
  }
  return { findings, skipped };
}
