/** What a queue does while it is still being read, and what it keeps in memory of what waits. */
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { type OpenedQueue, openQueue } from "../../../src/queue/open-queue.ts";
import { type QueueStore, QueueUnavailableError } from "../../../src/queue/queue.ts";
import { FaultyFiles } from "../../support/faulty-files.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { bodyOf, deferred, lines, put, readAll, recipient } from "../../support/queue-samples.ts";

const clock = new ManualClock();

function open(files: FaultyFiles, reports: string[] = []): Promise<OpenedQueue> {
  return openQueue({
    directory: "/queue",
    files,
    clock,
    lock: async () => ({ release: () => undefined }),
    segmentSize: 16_384,
    step: 4096,
    inlineLimit: 3000,
    report: (text) => reports.push(text),
  });
}

/** Tries a message in vain. */
async function tryInVain(store: QueueStore, id: string, nextTry: number): Promise<void> {
  const claim = (await store.claim(id))!;
  await store.record(claim, { at: clock.now(), recipients: [0] });
  await store.settle(claim, { recipients: [{ index: 0, state: "deferred", status: deferred }], nextTry });
  await store.finish(claim);
}

/** Until what nobody waits for is on the disk, too. */
async function writeBehind(): Promise<void> {
  for (const ms of [5, 1000]) {
    clock.advance(ms);
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Messages of all kinds, by id: fresh, tried in vain once and twice, held, large. */
async function filled(): Promise<{ files: FaultyFiles; bodies: Map<string, string> }> {
  const files = new FaultyFiles();
  const { store } = await open(files);
  const bodies = new Map<string, string>();
  for (let number = 0; number < 40; number++) {
    const body = lines(number % 5 === 4 ? 300 : 10, `m${number}`);
    const { id } = await put(store, body, {}, number % 7 === 6 ? { hold: "look" } : { nextTry: clock.now() });
    bodies.set(id, body);
    for (let tries = number % 7 === 6 ? 0 : number % 3; tries > 0; tries--) await tryInVain(store, id, clock.now());
  }
  await store.close();
  return { files: files.crashed("process"), bodies };
}

describe("while a queue is being read", () => {
  test("whoever asks how many messages there are hears of all", async () => {
    const { files, bodies } = await filled();
    const { store } = await open(files);
    expect(await store.count({})).toBe(bodies.size);
    await store.close();
  });

  test("it takes messages at once, under ids that nothing else has, and forgets nothing", async () => {
    const { files, bodies } = await filled();
    const { store, loaded } = await open(files);
    const fresh = new Map<string, string>();
    for (let number = 0; number < 20; number++) {
      const body = lines(number % 2 === 0 ? 5 : 300, `new ${number}`);
      fresh.set((await put(store, body)).id, body);
    }
    expect((await loaded).messages).toBe(bodies.size);
    expect([...fresh.keys()].filter((id) => bodies.has(id))).toEqual([]);
    const all = new Map([...bodies, ...fresh]);
    expect(new Set((await store.list()).map(({ id }) => id))).toEqual(new Set(all.keys()));
    for (const { id, hold } of await store.list()) {
      if (hold !== undefined) await store.release(id);
      expect(await bodyOf(store, id)).toBe(all.get(id));
    }
    await store.close();
  });

  test.each(["claim", "hold", "remove", "get", "inspect"] as const)(
    "%s() waits until the message is known",
    async (what) => {
      const { files, bodies } = await filled();
      for (const id of [...bodies.keys()].slice(0, 8)) {
        const { store } = await open(files.crashed("process"));
        const before = (await (await readAll(open(files.crashed("process")))).store.get(id))!;
        const answer = what === "hold" ? await store.hold(id, "new") : await store[what](id);
        expect(answer !== undefined && answer !== false).toBe(before.hold === undefined || what !== "claim");
        if (what === "claim" && before.hold === undefined) {
          expect(answer).toMatchObject({ entry: { ...before, envelope: { recipients: before.envelope.recipients } } });
        }
        expect(await store.claim("6AKJNo00000000")).toBeUndefined();
        await store.close();
        const after = await readAll(open(files.crashed("process")));
        expect(after.recovered).toHaveLength(bodies.size);
        await after.store.close();
      }
    },
  );

  test("what can be tried is given out, each once", async () => {
    const { files, bodies } = await filled();
    const { store, loaded } = await open(files);
    const given: string[] = [];
    const take = async (): Promise<void> => {
      for (const { entry } of await store.claimDue(clock.now() + 1000, 3)) given.push(entry.id);
      await new Promise((resolve) => setImmediate(resolve));
    };
    for (let turn = 0; turn < 60; turn++) await take();
    await loaded;
    for (let turn = 0; turn < 60; turn++) await take();
    const held = new Set((await store.list({ held: true })).map(({ id }) => id));
    expect(given.toSorted()).toEqual([...bodies.keys()].filter((id) => !held.has(id)).toSorted());
    await store.close();
  });

  test("a list shows what later records say of a message, also while that is being read", async () => {
    const files = new FaultyFiles();
    const { store } = await open(files);
    for (let number = 0; number < 20; number++) await put(store, lines(5, `m${number}`));
    // Nothing can become a file: the journal has the holds alone.
    files.inject = ({ kind, path }) => (kind === "create" && path.includes("/df") ? "EIO" : undefined);
    for (const { id } of await store.list()) await store.hold(id, "look");
    const after = await open(files.crashed("process"));
    const [early] = await Promise.all([after.store.list(), after.loaded]);
    expect(early.map(({ hold }) => hold)).toEqual(Array.from({ length: 20 }, () => "look"));
    expect(early).toEqual(await after.store.list());
    await after.store.close();
  });

  test("closing it in the middle loses nothing", async () => {
    const { files, bodies } = await filled();
    for (let turns = 0; turns < 12; turns++) {
      const { store } = await open(files);
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      await store.close();
    }
    const { recovered, reports } = await readAll(open(files));
    expect(new Set(recovered.map(({ id }) => id))).toEqual(new Set(bodies.keys()));
    expect(reports).toEqual([]);
  });

  test("a journal that cannot be read is tried again, and who waits for it is told", async () => {
    const { files, bodies } = await filled();
    const opened = new Set<string>();
    files.inject = ({ kind, path }) => {
      if (kind !== "read" || !path.endsWith(".journal")) return undefined;
      // The first look at a segment belongs to the opening.
      if (opened.has(path)) return "EIO";
      opened.add(path);
      return undefined;
    };
    const said: string[] = [];
    const { store, loaded } = await open(files, said);
    await expect((async () => store.list())()).rejects.toBeInstanceOf(QueueUnavailableError);
    expect(said[0]).toMatch(/^Cannot read the journal .*nothing that was queued is tried until that works: EIO/);
    const { id } = await put(store, "new\r\n");
    files.inject = undefined;
    clock.advance(60_000);
    expect((await loaded).messages).toBe(bodies.size);
    expect(await store.list()).toHaveLength(bodies.size + 1);
    expect(await bodyOf(store, id)).toBe("new\r\n");
    await store.close();
  });
});

describe("a message that waits", () => {
  test("is asked about and counted without a look at the disk, also after a start", async () => {
    const { files } = await filled();
    for (const again of [false, true]) {
      const { store } = await readAll(open(again ? files.crashed("process") : files));
      const [fresh, tried] = await store.list({ held: false });
      await tryInVain(store, tried.id, clock.now() + 1000);
      await store.hold(fresh.id, "now");
      await writeBehind();
      const before = files.operations;
      const said = await store.outlines({ recipient: [{ text: "bob@" }] });
      expect(await store.count({ status: [{ text: "refused" }] })).toBeGreaterThan(10);
      expect(await store.hurry({ host: [{ text: "b.test" }], held: false }, clock.now() + 500)).toBeGreaterThan(20);
      expect(files.operations).toBe(before);
      expect(said).toMatchObject(
        (await store.list()).map(({ id, hold, nextTry }) => ({ id, nextTry, ...(hold && { hold }) })),
      );
      await store.close();
    }
  });

  test("is as it was when it is brought back from the disk, however often it was tried", async () => {
    const files = new FaultyFiles();
    const { store } = await open(files);
    const recipients = [recipient("list@a.test"), recipient("c@c.test")];
    const { id } = await put(store, lines(10), { recipients });
    const claim = (await store.claim(id))!;
    const added = [recipient("x@x.test", { parent: 0 })];
    await store.settle(claim, { recipients: [{ index: 0, state: "expanded" }], added, nextTry: clock.now() + 1 });
    const first = claim.entry;
    await store.finish(claim);
    await writeBehind();
    // From the disk now, with its header.
    const before = files.operations;
    const again = (await store.claim(id))!;
    expect(files.operations).toBeGreaterThan(before);
    expect(again.entry).toEqual(first);
    await store.finish(again);
    const nextTry = clock.now() + 5000;
    await tryInVain(store, id, nextTry);
    await writeBehind();
    const after = await readAll(open(files.crashed("process")));
    expect(after.recovered).toEqual(await store.list());
    expect(after.recovered[0]).toMatchObject({ attempts: 1, nextTry });
    expect(await bodyOf(after.store, id)).toBe(lines(10));
  });

  test("that lingers for an hour becomes files, and its segment goes", async () => {
    const files = new FaultyFiles();
    const { store } = await open(files);
    const ids = [];
    for (let number = 0; number < 20; number++) {
      ids.push((await put(store, lines(20), {}, { nextTry: clock.now() + 1e9 })).id);
    }
    clock.advance(3_600_000);
    await put(store, lines(20), {}, { nextTry: clock.now() + 1e9 });
    clock.advance(300_000);
    for (let turn = 0; turn < 400; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(files.paths().filter((path) => path.startsWith("/queue/qf"))).toEqual(ids.map((id) => `/queue/qf${id}`));
    expect(files.paths().filter((path) => path.endsWith(".journal"))).toHaveLength(1);
    await store.close();
  });
});

describe("a folder that is gone", () => {
  test.each(["removed", "moved", "replaced"])(
    "%s: the next message is refused, and an operator is told",
    async (what) => {
      const directory = await mkdtemp(join(tmpdir(), "rulemail-gone-"));
      const said: string[] = [];
      const { store } = await openQueue({ directory, step: 65_536, report: (text) => said.push(text) });
      const journal = join(directory, "journal");
      await put(store, "one\r\n");
      if (what === "removed") await rm(journal, { recursive: true });
      else await rename(journal, join(directory, "elsewhere"));
      if (what === "replaced") {
        const other = await openQueue({ directory, lock: async () => ({ release: () => undefined }), step: 65_536 });
        await put(other.store, "theirs\r\n");
      }
      await expect(put(store, "two\r\n")).rejects.toBeInstanceOf(QueueUnavailableError);
      expect(said.join("\n")).toContain("no longer where it was made; somebody has removed or moved the folder");
      if (what !== "replaced") await expect(put(store, "three\r\n")).rejects.toBeInstanceOf(QueueUnavailableError);
      await store.close();
      await rm(directory, { recursive: true });
    },
  );
});
