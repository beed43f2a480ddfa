import { describe, expect, test } from "@jest/globals";
import { encodeRecord, HEAD, isIntact, readHead, RecordType, sealRecord } from "../../../src/queue/journal-record.ts";
import { openQueue } from "../../../src/queue/open-queue.ts";
import { QueueUnavailableError } from "../../../src/queue/queue.ts";
import { FaultyFiles, type Operation } from "../../support/faulty-files.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import {
  bodyOf,
  deferred,
  delivered,
  lines,
  put,
  readAll,
  recipient,
  type Recovered,
} from "../../support/queue-samples.ts";

interface Bench {
  readonly files: FaultyFiles;
  readonly clock: ManualClock;
  readonly reports: string[];
  readonly open: () => Promise<Recovered>;
}

function bench(files = new FaultyFiles(), clock = new ManualClock()): Bench {
  const reports: string[] = [];
  const open = (): Promise<Recovered> =>
    readAll(
      openQueue({
        directory: "/queue",
        files,
        clock,
        lock: async () => ({ release: () => undefined }),
        segmentSize: 16_384,
        step: 4096,
        inlineLimit: 5000,
        report: (text) => reports.push(text),
      }),
    );
  return { files, clock, reports, open };
}

function segments(files: FaultyFiles): string[] {
  return files.paths().filter((path) => path.endsWith(".journal"));
}

/** Lets writes in the background come to their end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const isSync = ({ kind, path }: Operation): boolean => kind === "datasync" && path.endsWith(".journal");

describe("journal", () => {
  test("many waiters share one write and one sync", async () => {
    const { files, open } = bench();
    const { store } = await open();
    await put(store, "first\r\n");
    const kinds: string[] = [];
    files.inject = ({ kind }) => {
      kinds.push(kind);
      return undefined;
    };
    await Promise.all(Array.from({ length: 5 }, () => put(store, "x\r\n")));
    expect(kinds.filter((kind) => kind === "datasync")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "write").length).toBeLessThanOrEqual(2);
    await store.close();
  });

  test("records that nobody waits for are written soon and synced within a second", async () => {
    const { files, clock, open } = bench();
    const { store } = await open();
    const { id } = await put(store, "x\r\n");
    const claim = (await store.claim(id))!;
    await store.record(claim, { at: 1, recipients: [0] });
    await store.settle(claim, { recipients: [{ index: 0, state: "deferred", status: deferred }], nextTry: 7 });
    const kinds: string[] = [];
    files.inject = ({ kind }) => {
      kinds.push(kind);
      return undefined;
    };
    await settle();
    expect(kinds).toEqual([]);
    clock.advance(5);
    await settle();
    expect(kinds).toEqual(["write"]);
    clock.advance(1000);
    await settle();
    expect(kinds).toEqual(["write", "datasync"]);
    files.inject = undefined;
    const after = await bench(files.crashed(1)).open();
    expect(after.recovered[0]).toMatchObject({
      attempts: 1,
      priority: (await store.get(id))!.priority,
      nextTry: 7,
      envelope: { recipients: [{ state: "deferred" }] },
    });
  });

  test("a segment goes when everything in it is settled, an empty queue leaves nothing behind", async () => {
    const { files, open } = bench();
    const { store } = await open();
    for (let number = 0; number < 60; number++) {
      const { id } = await put(store, lines(40));
      const claim = (await store.claim(id))!;
      await store.settle(claim, { recipients: [{ index: 0, state: "delivered", status: delivered }] });
      expect(segments(files).length).toBeLessThanOrEqual(2);
    }
    await store.close();
    expect(files.paths()).toEqual(["/queue/queue.format"]);
  });

  test("after a failed sync the message is refused and gone, the segment is not trusted any more", async () => {
    const { files, reports, open } = bench();
    const { store } = await open();
    const first = await put(store, "first\r\n");
    files.inject = (operation) => (isSync(operation) ? "EIO" : undefined);
    await expect(put(store, "second\r\n")).rejects.toBeInstanceOf(QueueUnavailableError);
    expect(reports[0]).toContain("00000001.journal is closed for good: EIO");
    // The failing disk has it all the same, and it cannot be cut off either.
    files.inject = ({ kind }) => (kind === "truncate" ? "EIO" : undefined);
    const third = await put(store, "third\r\n");
    expect(segments(files)).toHaveLength(2);
    const { store: after, recovered } = await bench(files.crashed("process")).open();
    expect(recovered.map(({ id }) => id)).toEqual([first.id, third.id]);
    expect(await bodyOf(after, first.id)).toBe("first\r\n");
    expect(await bodyOf(after, third.id)).toBe("third\r\n");
  });

  test("records of a failed batch are written again, an expansion never twice", async () => {
    const { files, clock, open } = bench();
    const { store } = await open();
    const { id } = await put(store, "x\r\n");
    const claim = (await store.claim(id))!;
    await store.record(claim, { at: 1, recipients: [0] });
    files.inject = (operation) =>
      isSync(operation) || operation.kind === "truncate" || operation.kind === "create" ? "EIO" : undefined;
    await store.settle(claim, {
      recipients: [{ index: 0, state: "expanded" }],
      added: [recipient("child@b.test", { parent: 0 })],
    });
    await expect(store.flush(claim)).rejects.toBeInstanceOf(QueueUnavailableError);
    await store.finish(claim);
    await expect(store.claim(id)).rejects.toBeInstanceOf(QueueUnavailableError);
    await expect((async () => store.newId())()).rejects.toBeInstanceOf(QueueUnavailableError);
    files.inject = undefined;
    clock.advance(1000);
    await settle();
    expect((await store.claim(id))!.entry.envelope.recipients).toHaveLength(2);
    const { recovered } = await bench(files.crashed(5)).open();
    expect(recovered[0]).toMatchObject({ attempts: 1 });
    expect(recovered[0].envelope.recipients.map(({ given }) => given)).toEqual(["bob@b.test", "child@b.test"]);
  });

  test("a full disk refuses what does not fit, keeps what is there, and recovers", async () => {
    const { files, open, reports } = bench();
    const { store } = await open();
    files.free = 12_000;
    const accepted: string[] = [];
    let refusals = 0;
    for (let number = 0; number < 8; number++) {
      try {
        accepted.push((await put(store, lines(60, `m${number}`))).id);
      } catch (error) {
        expect(error).toBeInstanceOf(QueueUnavailableError);
        expect((error as Error).message).toContain("ENOSPC");
        refusals++;
      }
    }
    expect(accepted.length).toBeGreaterThan(1);
    expect(refusals).toBeGreaterThan(1);
    await expect(put(store, lines(4000))).rejects.toBeInstanceOf(QueueUnavailableError);
    expect(await store.list()).toHaveLength(accepted.length);
    files.free = Infinity;
    await settle();
    accepted.push((await put(store, lines(60))).id);
    expect(reports).toEqual([]);
    await store.close();
    const { recovered, reports: damage } = await bench(files.crashed("process")).open();
    expect(recovered.map(({ id }) => id)).toEqual(accepted);
    expect(damage).toEqual([]);
    expect(files.paths().filter((path) => /\/(df|tf|qf)/.test(path))).toEqual([]);
  });

  test("on a full disk deliveries are still recorded, in the room kept for that", async () => {
    const { files, clock, open } = bench();
    const { store } = await open();
    const accepted: string[] = [];
    files.free = 30_000;
    for (;;) {
      const entry = await put(store, lines(10)).catch(() => undefined);
      if (!entry) break;
      accepted.push(entry.id);
    }
    expect(accepted.length).toBeGreaterThan(20);
    const late: Promise<unknown>[] = [];
    for (const id of accepted.slice(1)) {
      const claim = (await store.claim(id))!;
      await store.record(claim, { at: clock.now(), recipients: [0] });
      await store.settle(claim, {
        recipients: [{ index: 0, state: "deferred", status: deferred }],
        nextTry: clock.now(),
      });
      late.push(put(store, lines(10)).catch(() => undefined));
      await store.settle(claim, { recipients: [{ index: 0, state: "delivered" }] });
    }
    await Promise.all(late);
    clock.advance(5);
    await settle();
    clock.advance(1000);
    await settle();
    const { recovered } = await bench(files.crashed(9)).open();
    expect(recovered.map(({ id }) => id)).toEqual([accepted[0]]);
  });

  test("a read-only folder refuses drafts", async () => {
    const { files, open } = bench();
    const { store } = await open();
    files.readOnly = true;
    await expect((async () => store.newId())()).rejects.toThrow("Cannot write to the queue: EROFS");
  });

  test("an old segment with few messages left becomes files and goes", async () => {
    const { files, clock, open } = bench();
    const { store } = await open();
    const stuck = await put(store, lines(3, "stuck"));
    const claim = (await store.claim(stuck.id))!;
    await store.record(claim, { at: 5, recipients: [0] });
    await store.settle(claim, { recipients: [{ index: 0, state: "deferred", status: deferred }], nextTry: 99 });
    await store.finish(claim);
    for (let number = 0; number < 40; number++) {
      const { id } = await put(store, lines(40));
      await store.settle((await store.claim(id))!, { recipients: [{ index: 0, state: "delivered" }] });
      clock.advance(60_000);
    }
    await settle();
    expect(segments(files)).toHaveLength(1);
    expect(files.paths()).toContain(`/queue/qf${stuck.id}`);
    expect(files.content(`/queue/df${stuck.id}`)!.toString()).toBe(lines(3, "stuck").replaceAll("\r\n", "\n"));
    expect(await bodyOf(store, stuck.id)).toBe(lines(3, "stuck"));
    await store.close();
    const { recovered } = await bench(files.crashed("process")).open();
    expect(recovered).toEqual([await store.get(stuck.id)]);
    expect(recovered[0]).toMatchObject({ attempts: 1, nextTry: 99 });
  });
});

/** Which buffers of a body of such pieces are written as they are. */
function piecesKept(...sizes: number[]): number[] {
  const body: Buffer[] = sizes.map((size, at) => Buffer.alloc(size, 65 + at));
  const record = encodeRecord(RecordType.message, "5AKJ", { x: 1 }, body);
  sealRecord(record, 7);
  const all = Buffer.concat(record.parts);
  const head = readHead(all, 0, 7);
  expect(head !== undefined && isIntact(all, 0, head)).toBe(true);
  expect(all.subarray(record.bodyAt).equals(Buffer.concat(body))).toBe(true);
  return record.parts.slice(1).map((part) => body.indexOf(part));
}

test("a large body is written as the buffers that came; small ones, and those in many pieces, are copied into one", () => {
  expect(piecesKept(65_000)).toEqual([0]);
  expect(piecesKept(65_000, 400)).toEqual([0, 1]);
  expect(piecesKept(16_384)).toEqual([]);
  expect(piecesKept(...Array<number>(30).fill(1_400))).toEqual([]);
  expect(piecesKept(...Array<number>(60).fill(1_400))).toHaveLength(60);
});

describe("recovery", () => {
  test("keeps torn octets aside, reports them, and goes on behind them", async () => {
    const { files, open } = bench();
    const { store } = await open();
    const entries = [];
    for (const word of ["one", "two", "three"]) entries.push(await put(store, lines(5, word)));
    const [path] = segments(files);
    const at = files.content(path)!.indexOf("two 2 of");
    files.corrupt(path, at, Buffer.from("!"));
    const { store: after, recovered, reports } = await bench(files.crashed("process")).open();
    expect(recovered.map(({ id }) => id)).toEqual([entries[0].id, entries[2].id]);
    expect(await bodyOf(after, entries[2].id)).toBe(lines(5, "three"));
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatch(/^\d+ octets at \d+ of .*00000001\.journal are no record .*kept in .*damaged-1-\d+$/);
  });

  test("a record of another segment at the right place is no record", () => {
    const record = encodeRecord(RecordType.message, "5AKJ", { x: "\xfc" }, [Buffer.from("body")]);
    sealRecord(record, 7);
    const octets = Buffer.concat(record.parts);
    const head = readHead(octets, 0, 7)!;
    expect(head).toMatchObject({ length: octets.length, bodyLength: 4 });
    expect(isIntact(octets, 0, head)).toBe(true);
    expect(readHead(octets, 0, 8)).toBeUndefined();
    for (let at = 0; at < octets.length; at++) {
      const torn = Buffer.from(octets);
      torn[at] ^= 0x40;
      const tornHead = readHead(torn, 0, 7);
      expect(tornHead !== undefined && isIntact(torn, 0, tornHead)).toBe(false);
    }
    expect(readHead(octets.subarray(0, HEAD - 1), 0, 7)).toBeUndefined();
  });

  test("texts beyond latin1 survive as escapes", async () => {
    const { files, open } = bench();
    const { store } = await open();
    await put(store, "x\r\n", { sender: "\u20ac\xfc@b.test", macros: { x: '\ud83d\ude00"\\\n' } });
    const { recovered } = await bench(files.crashed("process")).open();
    expect(recovered[0].envelope).toMatchObject({ sender: "\u20ac\xfc@b.test", macros: { x: '\ud83d\ude00"\\\n' } });
  });

  test("control files that cannot be read are set aside with their bodies, leftovers are removed", async () => {
    const { files, open } = bench();
    const { store } = await open();
    const good = await put(store, "good\r\n", {}, { hold: "x" });
    const bad = await put(store, "bad\r\n", {}, { hold: "x" });
    const file = await files.create("/queue/df6AKJLeft000000", 0o600);
    await file.write([Buffer.from("left")], 0);
    files.corrupt(`/queue/hf${bad.id}`, 0, Buffer.from("X8\n"));
    const after = bench(files.crashed("process"));
    const { recovered, reports } = await after.open();
    expect(recovered.map(({ id }) => id)).toEqual([good.id]);
    expect(reports.toSorted()).toEqual([
      expect.stringMatching(
        new RegExp(`^Cannot read /queue/hf${bad.id}, line 18: The checksum .*; set aside as Qf${bad.id}$`),
      ),
      "Removed df6AKJLeft000000: left of a message that was not accepted",
    ]);
    expect(after.files.paths()).toEqual(
      [`Qf${bad.id}`, `df${good.id}`, `df${bad.id}`, `hf${good.id}`, "queue.format"]
        .toSorted()
        .map((name) => `/queue/${name}`),
    );
    expect((await bench(after.files.crashed("process")).open()).recovered).toHaveLength(1);
  });
});
