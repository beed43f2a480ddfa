import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type ListedQueue, openFolder, openListedQueue, openLost } from "../../../src/cli/listed-queue.ts";
import { listingOf, type QueueListing } from "../../../src/control/queue-listing.ts";
import { serveControl } from "../../../src/control/server.ts";
import type { QueueFilter } from "../../../src/queue/filter.ts";
import { openQueue } from "../../../src/queue/open-queue.ts";
import { servicesWith } from "../../support/control-services.ts";
import { deferred, put, recipient } from "../../support/queue-samples.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "rulemail-mailq-"));
});
afterEach(() => rm(directory, { recursive: true }));

async function listed(queue: ListedQueue, filter: QueueFilter): Promise<QueueListing[]> {
  const all: QueueListing[] = [];
  for await (const listing of queue.list(filter)) all.push(listing);
  expect(await queue.count(filter)).toBe(all.length);
  return all;
}

test("the server is asked; when none answers, its folder is read, with the same answer", async () => {
  const { store } = await openQueue({ directory });
  const { id } = await put(store, "x\r\n", { recipients: [recipient("b@b.test"), recipient("c@c.test")] });
  const held = await put(store, "y\r\n", {}, { hold: "odd" });
  const claim = (await store.claim(id))!;
  await store.settle(claim, {
    recipients: [
      { index: 0, state: "delivered" },
      { index: 1, state: "deferred", status: deferred },
    ],
  });
  const sockets = { controlSocket: join(directory, "control"), submitSocket: join(directory, "submit") };
  const server = await serveControl({
    path: sockets.controlSocket,
    mode: 0o600,
    access: "all",
    services: servicesWith({
      count: (filter) => store.count(filter),
      async *list(filter) {
        const claimed = await store.claimedIds();
        for (const entry of await store.list(filter)) yield listingOf(entry, claimed.has(entry.id));
      },
    }),
  });
  const asked = await openListedQueue(sockets, directory);
  const [waiting] = await listed(asked, { held: false });
  expect(waiting).toMatchObject({
    id,
    claimed: true,
    size: 3,
    protocol: "ESMTP",
    recipients: [{ address: "c@c.test", status: deferred.text }],
  });
  asked.close();
  await server.close();
  await store.close();
  const read = await openListedQueue(sockets, directory);
  expect(await listed(read, { held: false })).toEqual([{ ...waiting, claimed: false }]);
  expect((await listed(await openFolder(directory), { held: true })).map((each) => each.id)).toEqual([held.id]);
});

test("what was set aside is shown as far as it can be read", async () => {
  const text = "V8\nT1700000000\nN2\nP5\nMbroken\nXwhat\nS<Ann@a.test>\nRPFD:<bob@b.test>\nMslow\nRPFD:carl\nRjunk\n";
  await writeFile(join(directory, "Qf1AAAAAL0000006"), text);
  await writeFile(join(directory, "df1AAAAAL0000006"), "hello\n");
  await writeFile(join(directory, "Qf1AAAAAL0000007"), "\0\0");
  const lost = await openLost(directory);
  expect(await listed(lost, { held: false })).toMatchObject([
    {
      id: "1AAAAAL0000006",
      lost: true,
      size: 6,
      arrived: 1_700_000_000_000,
      attempts: 2,
      priority: 5,
      sender: "<Ann@a.test>",
      status: "broken",
      recipients: [{ address: "<bob@b.test>" }, { address: "carl", status: "slow" }],
    },
    { id: "1AAAAAL0000007", size: -1, sender: "", recipients: [] },
  ]);
  expect(await listed(lost, { sender: [{ text: "<ann" }] })).toHaveLength(1);
  expect(await listed(lost, { recipient: [{ text: "carl", not: true }] })).toHaveLength(1);
});
