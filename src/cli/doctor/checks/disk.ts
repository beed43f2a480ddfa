/** Room for mail: on the file systems of queue, home and mailboxes. */
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { queuePaths } from "../../../config/queue-folder.ts";
import type { Check } from "../check.ts";
import type { Finding } from "../finding.ts";
import { configOf, type Patient, type Space } from "../patient.ts";

/** Parts of a file system that are left. */
const FILLING = 0.1;
const FULL = 0.02;

export const disk: Check = {
  name: "disk",
  about: "room for mail: blocks and files of the file systems of queue and mailboxes",
  needs: "configuration",
  run(patient) {
    const config = configOf(patient);
    const wanted = config.options.number("MinFreeBlocks");
    const queues = new Set(queuePaths(config).map(({ path }) => path));
    const findings: Finding[] = [];
    const seen = new Set<number>();
    for (const folder of [...queues, patient.home.folder, ...mailboxFolders(patient)]) {
      const there = nearest(folder);
      const device = statSync(there).dev;
      if (seen.has(device)) continue;
      seen.add(device);
      findings.push(...examined(there, patient.space(there), queues.has(folder) ? wanted : 0));
    }
    return findings;
  },
};

/** Folders that mailers write to: `A=LOCAL maildir:/var/mail/$u/`. */
function mailboxFolders(patient: Patient): string[] {
  return [...configOf(patient).mailers.values()].flatMap(({ argv }) =>
    argv.flatMap((word) => /^(?:maildir|mbox|mh|mmdf):(\/[^$]*)\//.exec(word)?.[1] ?? []),
  );
}

function nearest(path: string): string {
  return existsSync(path) ? path : nearest(dirname(path));
}

function examined(where: string, space: Space, wanted: number): Finding[] {
  const { free, all, blockSize, freeFiles, allFiles } = space;
  const megabytes = Math.floor((free * blockSize) / 1e6);
  const todo = `df -h ${where}; find what fills it: du -xh ${where} | sort -h | tail`;
  const told = (kind: "disk-full" | "disk-filling", what: string): Finding[] => [{ kind, what, where, todo }];
  if (free < wanted)
    return told("disk-full", `${free} blocks are free and MinFreeBlocks wants ${wanted}: mail is put off (452)`);
  if (all > 0 && free / all < FULL) return told("disk-full", `${megabytes} MB are left, ${percent(free / all)}`);
  if (allFiles > 0 && freeFiles / allFiles < FULL)
    return told("disk-full", `${freeFiles} files (inodes) are left, ${percent(freeFiles / allFiles)}`);
  if (all > 0 && free / all < FILLING) return told("disk-filling", `${megabytes} MB are left, ${percent(free / all)}`);
  if (allFiles > 0 && freeFiles / allFiles < FILLING)
    return told("disk-filling", `${freeFiles} files (inodes) are left, ${percent(freeFiles / allFiles)}`);
  return [];
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}
