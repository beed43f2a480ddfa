import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { ClientQueue, type ClientMessage } from "../../../src/queue/client-queue.ts";
import { openDraft } from "../../../src/queue/draft.ts";
import { openQueue } from "../../../src/queue/open-queue.ts";
import { type QueueEntry, type QueueStore, QueueUnavailableError } from "../../../src/queue/queue.ts";
import { readQueue } from "../../../src/queue/read-queue.ts";
import { FaultyFiles } from "../../support/faulty-files.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { bodyOf, deferred, envelope, lines, readAll, recipient } from "../../support/queue-samples.ts";

const lock = async (): Promise<{ release: () => void }> => ({ release: () => undefined });

async function leave(queue: ClientQueue, body: string): Promise<string> {
  const draft = queue.draft();
  await draft.write(Buffer.from(body, "latin1"));
  const recipients = [
    recipient("bob@b.test", { rights: { user: "root", uid: 0, gid: 0 }, notify: ["SUCCESS"] }),
    recipient("gone@b.test", { state: "delivered" }),
    recipient("late@b.test", { state: "deferred", status: deferred, parent: 0 }),
  ];
  await draft.commit(envelope(draft.id, { recipients, isReport: true, warnedAt: 5 }));
  return draft.id;
}

/** What the daemon does with a message that it finds. */
async function copyInto(store: QueueStore, { entry, body }: ClientMessage): Promise<QueueEntry> {
  const draft = await openDraft(store);
  for await (const chunk of body.stream()) await draft.write(chunk as Buffer);
  return draft.commit({ ...entry.envelope, id: draft.id });
}

async function filesWithFolder(): Promise<FaultyFiles> {
  const files = new FaultyFiles();
  await files.makeFolder("/client", 0o700);
  return files;
}

describe("ClientQueue", () => {
  test("what was left is collected into the queue, durable, once, and nothing in it is trusted", async () => {
    const files = await filesWithFolder();
    const clock = new ManualClock();
    const client = new ClientQueue("/client", files, clock);
    const small = await leave(client, lines(3));
    const large = await leave(client, lines(60_000));
    const { store } = await openQueue({ directory: "/queue", files, clock, lock });
    const entries = new Map<string, QueueEntry>();
    const take = async (message: ClientMessage): Promise<boolean> => {
      const entry = await copyInto(store, message);
      entries.set(message.entry.id, entry);
      return true;
    };
    expect(await client.collect(take)).toEqual({ taken: [small, large], failed: [], reports: [] });
    expect([...entries.keys()]).toEqual([small, large]);
    expect(entries.get(small)!.envelope).toMatchObject({ isReport: false, macros: {}, bodySize: lines(3).length });
    expect(entries.get(small)!.envelope.recipients).toEqual([
      { given: "bob@b.test", state: "todo", notify: ["SUCCESS"] },
      { given: "late@b.test", state: "todo" },
    ]);
    expect(await bodyOf(store, entries.get(small)!.id)).toBe(lines(3));
    expect((await bodyOf(store, entries.get(large)!.id)) === lines(60_000)).toBe(true);
    expect(await client.collect(take)).toEqual({ taken: [], failed: [], reports: [] });
    const { recovered } = await readAll(openQueue({ directory: "/queue", files: files.crashed(3), clock, lock }));
    expect(recovered.map(({ id }) => id).toSorted()).toEqual([...entries.values()].map(({ id }) => id).toSorted());
  });

  test("a message that is not taken stays, one that is there already only goes", async () => {
    const files = await filesWithFolder();
    const client = new ClientQueue("/client", files);
    const id = await leave(client, lines(3));
    expect(await client.collect(async () => false)).toEqual({ taken: [], failed: [], reports: [] });
    const failing = await client.collect(async () => Promise.reject(new Error("queue is full")));
    expect(failing.failed).toEqual([{ id, why: "queue is full" }]);
    files.inject = ({ kind, path }) => (kind === "unlink" && path.includes("/client/qf") ? "EIO" : undefined);
    let copies = 0;
    const seen = new Set<string>();
    const take = async (message: ClientMessage): Promise<boolean> => {
      if (!seen.has(message.entry.id)) copies++;
      seen.add(message.entry.id);
      return true;
    };
    expect((await client.collect(take)).taken).toEqual([]);
    files.inject = undefined;
    expect((await client.collect(take)).taken).toEqual([id]);
    expect(copies).toBe(1);
  });

  test("a crash at any moment of submission leaves the whole message or none", async () => {
    const outcomes = new Set<string>();
    for (let stop = 2; ; stop++) {
      const files = await filesWithFolder();
      files.stopBefore = stop;
      const accepted = await leave(new ClientQueue("/client", files), lines(20)).then(
        () => true,
        (error: unknown) => {
          expect(error).toBeInstanceOf(QueueUnavailableError);
          return false;
        },
      );
      for (const crash of ["process", 1, 2] as const) {
        const left = files.crashed(crash);
        let found = "";
        const { reports } = await new ClientQueue("/client", left).collect(async ({ body }) => {
          for await (const chunk of body.stream()) found += (chunk as Buffer).toString("latin1");
          return true;
        });
        expect(reports.filter((text) => !text.startsWith("Removed df"))).toEqual([]);
        expect([lines(20), ...(accepted ? [] : [""])]).toContain(found);
        outcomes.add(`${accepted} ${found !== ""}`);
      }
      if (accepted) break;
    }
    expect([...outcomes].toSorted()).toEqual(["false false", "false true", "true true"]);
  });

  test("files can be read by the daemon's group, and the queue can be listed without a lock", async () => {
    const directory = await mkdtemp(join(tmpdir(), "rulemail-client-"));
    try {
      const id = await leave(new ClientQueue(directory), lines(3));
      for (const kind of ["qf", "df"]) expect((await stat(join(directory, kind + id))).mode & 0o777).toBe(0o640);
      expect((await readQueue(directory)).entries.map((entry) => entry.id)).toEqual([id]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
