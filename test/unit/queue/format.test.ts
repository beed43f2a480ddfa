import { describe, expect, test } from "@jest/globals";
import { QUEUE_FORMAT, QueueFormatError } from "../../../src/queue/format.ts";
import { encodeRecord, RecordType, sealRecord } from "../../../src/queue/journal-record.ts";
import { openQueue, type OpenedQueue } from "../../../src/queue/open-queue.ts";
import type { QueueEntry } from "../../../src/queue/queue.ts";
import { readQueue } from "../../../src/queue/read-queue.ts";
import { FaultyFiles } from "../../support/faulty-files.ts";
import { lines, put, readAll } from "../../support/queue-samples.ts";

const open = (files: FaultyFiles): Promise<OpenedQueue> =>
  openQueue({ directory: "/queue", files, lock: async () => ({ release: () => undefined }), inlineLimit: 100 });

async function write(files: FaultyFiles, path: string, ...octets: readonly Buffer[]): Promise<void> {
  if (files.content(path) !== undefined) await files.unlink(path);
  const file = await files.create(path, 0o600);
  await file.write(octets, 0);
  await file.close();
}

/** A queue with a message in the journal and one in the spool. */
async function used(): Promise<FaultyFiles> {
  const files = new FaultyFiles();
  const { store } = await open(files);
  await put(store, "short\r\n");
  await put(store, lines(100));
  await store.close();
  return files;
}

describe("format of a queue", () => {
  test("is named before anything else is written", async () => {
    const files = new FaultyFiles();
    const written: string[] = [];
    files.inject = ({ kind, path }) => {
      if (kind === "rename" || (kind === "create" && !path.endsWith(".new"))) written.push(path);
      return undefined;
    };
    const { store } = await open(files);
    await put(store, "short\r\n");
    expect(written[0]).toBe("/queue/queue.format.new");
    expect(files.content("/queue/queue.format")?.toString()).toBe(`${QUEUE_FORMAT}\n`);
    await store.close();
  });

  test("a newer one in the folder is refused, in words, and nothing is touched", async () => {
    const files = await used();
    await write(files, "/queue/queue.format", Buffer.from(`${QUEUE_FORMAT + 1}\n`));
    const before = files.paths().map((path) => files.content(path)?.toString("latin1"));
    const words =
      /^The queue \/queue is of format 3, which a newer rulemail has written; this one reads formats up to 2/;
    await expect(open(files)).rejects.toThrow(words);
    await expect(open(files)).rejects.toThrow(QueueFormatError);
    await expect(readQueue("/queue", [], files)).rejects.toThrow(words);
    expect(files.paths().map((path) => files.content(path)?.toString("latin1"))).toEqual(before);
  });

  test("a newer segment is not taken for damage", async () => {
    const files = await used();
    const facts = { format: QUEUE_FORMAT + 1, created: 1, cuts: [] };
    const record = encodeRecord(RecordType.segment, "", facts);
    sealRecord(record, 77);
    await write(files, "/queue/journal/00000077.journal", ...record.parts, Buffer.from("RMQ7 whatever comes then"));
    await expect(open(files)).rejects.toThrow(
      /^\/queue\/journal\/00000077\.journal is of format 3, which a newer rulemail has written/,
    );
  });

  test("a newer control file stays where it is", async () => {
    const files = await used();
    const [path] = files.paths().filter((each) => each.startsWith("/queue/qf"));
    const text = files.content(path)!.toString("latin1").replace("_seal}2 ", "_seal}3 ");
    await write(files, path, Buffer.from(text, "latin1"));
    const { store, reports } = await readAll(open(files));
    expect(reports).toEqual([expect.stringMatching(/^Cannot read .* is of format 3, which .*; left alone$/)]);
    expect(files.content(path)?.toString("latin1")).toBe(text);
    await store.close();
  });

  test("a control file that cannot be read now is in the lists, and waits again when that works", async () => {
    const files = await used();
    const [path] = files.paths().filter((each) => each.startsWith("/queue/qf"));
    const id = path.slice("/queue/qf".length);
    files.inject = (operation) => (operation.path === path && operation.kind === "open" ? "EIO" : undefined);
    const { store, recovered, reports } = await readAll(open(files));
    expect(reports).toEqual([`Cannot read ${path}: EIO: ${path}; left alone`]);
    const told = (entries: readonly QueueEntry[]): unknown => entries.find((each) => each.id === id)?.hold;
    expect(told(recovered)).toContain("cannot be read: ");
    expect(told((await readQueue("/queue", [], files)).entries)).toBe(`cannot be read: EIO: ${path}`);
    expect((await store.list({ held: true })).map((each) => each.id)).toContain(id);
    expect(await store.count({})).toBe((await store.list()).length);
    // Nobody knows whether these hold.
    for (const filter of [
      { sender: [{ text: "<>" }] },
      { recipient: [{ text: "x", not: true as const }] },
      { group: "mqueue" },
    ]) {
      expect((await store.list(filter)).map((each) => each.id)).not.toContain(id);
    }
    await expect(store.release(id)).rejects.toThrow("EIO");
    files.inject = undefined;
    expect(told(await store.list())).toBeUndefined();
    expect((await store.claim(id))?.entry.id).toBe(id);
    await store.close();
  });
});
