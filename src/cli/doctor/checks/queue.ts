/** What waits: how much, for how long, and whether mail of this machine's programs gets to the server. */
import { existsSync } from "node:fs";
import { queueFolder, queuePaths } from "../../../config/queue-folder.ts";
import type { QueueListing } from "../../../control/queue-listing.ts";
import { type ListedQueue, openFolder, openListedQueue } from "../../listed-queue.ts";
import type { Check } from "../check.ts";
import type { Finding } from "../finding.ts";
import { configOf, type Patient } from "../patient.ts";

/** The server looks into the client queue every few seconds. */
const COLLECTED = 10 * 60 * 1000;
const HOUR = 3_600_000;
/** Held messages wait because somebody wants them to. */
const WAITING = { held: false };

export const queue: Check = {
  name: "queue",
  about: "how many messages wait, and for how long",
  needs: "configuration",
  run: async (patient) => [...(await serverQueue(patient)), ...(await clientQueue(patient))],
};

async function serverQueue(patient: Patient): Promise<Finding[]> {
  const config = configOf(patient);
  const folder = queueFolder(config);
  if (folder === "" || !existsSync(folder)) return [];
  const listed = await openListedQueue(patient.home, folder, queuePaths(config));
  try {
    const { limits, clock } = patient;
    const count = await listed.count(WAITING);
    const oldest = await firstOf(listed);
    const findings: Finding[] = [];
    if (count >= limits.queueLength)
      findings.push({
        kind: "queue-long",
        what: `${count} messages wait in the queue`,
        where: folder,
        todo: "rulemail queue top says for whom, rulemail queue why ID what keeps one",
      });
    const age = oldest === undefined ? 0 : clock.now() - oldest.arrived;
    if (age >= limits.queueAge)
      findings.push({
        kind: "queue-old",
        what: `message ${oldest?.id} has waited for ${Math.floor(age / HOUR)} hours`,
        where: folder,
        todo: `rulemail queue why ${oldest?.id}`,
      });
    return findings;
  } finally {
    listed.close();
  }
}

/** The list is in the order of arrival. */
async function firstOf(listed: ListedQueue): Promise<QueueListing | undefined> {
  for await (const each of listed.list(WAITING)) return each;
  return undefined;
}

async function clientQueue({ home, clock, before }: Patient): Promise<Finding[]> {
  if (before || !existsSync(home.clientQueue)) return [];
  const listed = await openFolder(home.clientQueue);
  try {
    const oldest = await firstOf(listed);
    if (oldest === undefined || clock.now() - oldest.arrived < COLLECTED) return [];
    const count = await listed.count(WAITING);
    return [
      {
        kind: "client-queue-waits",
        what: `${count} messages of this machine's programs wait for a server that takes them`,
        where: home.clientQueue,
        todo: "start the server; where one runs, its log says why it does not take them",
      },
    ];
  } finally {
    listed.close();
  }
}
