/** What every QueueStore does: run by the store on disk (over real files and over files in memory) and in memory. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { openDraft } from "../../src/queue/draft.ts";
import { MemoryStore } from "../../src/queue/memory-store.ts";
import { openQueue } from "../../src/queue/open-queue.ts";
import { type Claim, type Page, type QueueStore, QueueUnavailableError } from "../../src/queue/queue.ts";
import { isOpen } from "../../src/envelope/recipient.ts";
import type { QueueFilter } from "../../src/queue/filter.ts";
import type { EntryOutline } from "../../src/queue/outline.ts";
import { FaultyFiles } from "../support/faulty-files.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { lateStore, portStore, sharedStore } from "../support/other-stores.ts";
import { fillWithAllKinds } from "../support/queue-of-all-kinds.ts";
import { bodyOf, deferred, delivered, envelope, lines, put, recipient } from "../support/queue-samples.ts";

interface Opened {
  readonly store: QueueStore;
  readonly cleanUp?: () => Promise<void>;
}

const noLock = async (): Promise<{ release: () => void }> => ({ release: () => undefined });

const implementations: Readonly<Record<string, () => Promise<Opened>>> = {
  MemoryStore: async () => ({ store: new MemoryStore(new ManualClock()) }),
  "a store that answers late": async () => ({ store: lateStore() }),
  "a store behind a MessagePort": async () => portStore(),
  "a store that others work on, too": async () => ({ store: sharedStore() }),
  "DurableStore over files in memory": async () => {
    const options = { files: new FaultyFiles(), lock: noLock, clock: new ManualClock() };
    return openQueue({ directory: "/queue", ...options, segmentSize: 16_384, step: 4096, inlineLimit: 3000 });
  },
  "DurableStore over real files": async () => {
    const directory = await mkdtemp(join(tmpdir(), "rulemail-queue-"));
    const { store } = await openQueue({ directory, clock: new ManualClock(), step: 65_536 });
    return { store, cleanUp: () => rm(directory, { recursive: true }) };
  },
};

/** Some that match, of each kind of condition. */
const CONDITIONS: readonly QueueFilter[] = [
  {},
  { held: true },
  { reason: [{ text: "this" }] },
  { sender: [{ text: "anna" }] },
  { recipient: [{ text: "@x.test" }] },
  { recipient: [{ text: "@c.test", not: true }] },
  { host: [{ text: "b.test" }], held: false },
  { status: [{ text: "Connection refused" }] },
  { group: "mqueue", triedBefore: 1 },
  { arrivedAfter: 1, id: [{ text: "0" }] },
];

/** What outlines and entries have in common. */
function outlined({
  id,
  group,
  hold,
  attempts,
  priority,
  lastTry,
  nextTry,
  envelope: { sender, arrived, bodySize, recipients },
}: EntryOutline): unknown {
  const open = recipients.filter(isOpen).map(({ given, state, resolved, status }) => {
    const { mailer, host } = resolved ?? {};
    return { given, state, mailer, host, text: status?.text };
  });
  return { id, group, hold, attempts, priority, lastTry, nextTry, sender, arrived, bodySize, open };
}

describe.each(Object.keys(implementations))("%s", (name) => {
  let opened: Opened;
  let store: QueueStore;

  beforeEach(async () => {
    opened = await implementations[name]();
    store = opened.store;
  });

  afterEach(async () => {
    await store.close();
    await opened.cleanUp?.();
  });

  test("gives back the body octet for octet, small and large", async () => {
    const octets = Buffer.from(Array.from({ length: 256 }, (_, octet) => (octet === 10 ? 11 : octet))).toString(
      "latin1",
    );
    for (const body of ["", "one line\r\n", `${octets}\r\nno end`, lines(10_000), "\r\r\n\r", lines(60_000)]) {
      const { id, envelope: kept } = await put(store, body);
      expect(kept.bodySize).toBe(body.length);
      const read = await bodyOf(store, id);
      expect(read === body).toBe(true);
    }
  });

  test("message() has the size, gives small bodies as a whole and can be read again", async () => {
    const body = lines(30);
    const { id } = await put(store, body);
    const claim = (await store.claim(id))!;
    const reader = claim.message();
    expect(reader.size).toBe(body.length);
    expect((await reader.bytes())!.toString("latin1")).toBe(body);
    expect((await reader.bytes())!.toString("latin1")).toBe(body);
    await store.finish(claim);
    expect(await bodyOf(store, id)).toBe(body);
    const large = await put(store, lines(20_000));
    const other = (await store.claim(large.id))!;
    expect(await other.message().bytes()).toBeUndefined();
  });

  test("a body may come in many chunks that end anywhere", async () => {
    const body = Buffer.from(lines(600), "latin1");
    const draft = await openDraft(store);
    for (let at = 0; at < body.length; at += 7) await draft.write(body.subarray(at, at + 7));
    expect(draft.size).toBe(body.length);
    await draft.commit(envelope(draft.id));
    expect(await bodyOf(store, draft.id)).toBe(body.toString("latin1"));
  });

  test("commit() answers with the entry; priority counts size and recipients", async () => {
    const recipients = [recipient("b@b.test"), recipient("c@c.test")];
    const entry = await put(
      store,
      "x\r\n",
      { recipients, headers: [], messageClass: -1 },
      { group: "slow", nextTry: 5 },
    );
    expect(entry).toMatchObject({ group: "slow", attempts: 0, nextTry: 5, priority: 3 + 1800 + 60_000 });
    expect(await store.get(entry.id)).toEqual(entry);
  });

  test("a draft that is discarded leaves nothing and cannot be committed", async () => {
    const draft = await openDraft(store);
    await draft.write(Buffer.from(lines(400)));
    draft.discard();
    await expect(draft.commit(envelope(draft.id))).rejects.toBeInstanceOf(QueueUnavailableError);
    expect(await store.list()).toEqual([]);
  });

  test("a claim is exclusive until it is finished", async () => {
    const { id } = await put(store, "x\r\n");
    const first = (await store.claim(id))!;
    expect((await store.claimedIds()).has(id)).toBe(true);
    expect(await store.claim(id)).toBeUndefined();
    await store.finish(first);
    expect((await store.claimedIds()).has(id)).toBe(false);
    const second = (await store.claim(id))!;
    expect(second.lease).toBeGreaterThan(first.lease);
    await store.finish(first);
    expect((await store.claimedIds()).has(id)).toBe(true);
    expect(await store.claim("5AKJNo00000000")).toBeUndefined();
  });

  test("a claim has the header, also after a deferral, a hold and a release", async () => {
    const { id, envelope: sent } = await put(store, lines(30));
    const large = await put(store, lines(400));
    for (const [each, headers] of [
      [id, sent.headers],
      [large.id, large.envelope.headers],
    ] as const) {
      for (const step of ["fresh", "deferred", "released"]) {
        const claim = (await store.claim(each))!;
        expect([step, claim.entry.envelope.headers]).toEqual([step, headers]);
        await store.settle(claim, { recipients: [{ index: 0, state: "deferred", status: deferred }] });
        await store.finish(claim);
        if (step === "fresh") continue;
        await store.hold(each, "look");
        await store.release(each);
      }
      expect((await store.get(each))!.envelope.recipients[0]).toMatchObject({ state: "deferred", status: deferred });
    }
  });

  test("record() counts the attempt, settle() changes recipients, times and priority", async () => {
    const recipients = [recipient("b@b.test"), recipient("c@c.test")];
    const { id, priority } = await put(store, "x\r\n", { recipients });
    const claim = (await store.claim(id))!;
    await store.record(claim, { at: 77, recipients: [0, 1] });
    expect(claim.entry).toMatchObject({ attempts: 1, lastTry: 77, priority: priority + 90_000 });
    const entry = (await store.settle(claim, {
      recipients: [
        { index: 0, state: "delivered", status: delivered },
        { index: 1, state: "deferred", status: deferred },
      ],
      nextTry: 999,
      priority: 4,
      warnedAt: 5,
    }))!;
    await store.flush(claim);
    expect(entry.envelope.recipients.map(({ state, status }) => [state, status])).toEqual([
      ["delivered", delivered],
      ["deferred", deferred],
    ]);
    expect(entry).toMatchObject({ nextTry: 999, priority: 4, envelope: { warnedAt: 5 } });
    expect(await store.get(id)).toEqual(entry);
  });

  test.each([10, 400])("a message without open recipients leaves the queue (%d lines)", async (count) => {
    const { id } = await put(store, lines(count));
    const claim = (await store.claim(id))!;
    const entry = (await store.settle(claim, { recipients: [{ index: 0, state: "delivered" }] }))!;
    expect(entry.envelope.recipients[0].state).toBe("delivered");
    await store.flush(claim);
    expect(await store.get(id)).toBeUndefined();
    expect(await store.list()).toEqual([]);
    await store.finish(claim);
    expect(await store.claim(id)).toBeUndefined();
  });

  test.each([10, 400])("an expansion appends its children at the end (%d lines)", async (count) => {
    const { id } = await put(store, lines(count), { recipients: [recipient("list@a.test"), recipient("c@c.test")] });
    const claim = (await store.claim(id))!;
    const added = [recipient("x@x.test", { parent: 0 }), recipient("y@y.test", { parent: 0 })];
    const entry = (await store.settle(claim, { recipients: [{ index: 0, state: "expanded" }], added }))!;
    await store.flush(claim);
    await store.finish(claim);
    expect(entry.envelope.recipients.map(({ given, state }) => `${given} ${state}`)).toEqual([
      "list@a.test expanded",
      "c@c.test todo",
      "x@x.test todo",
      "y@y.test todo",
    ]);
    const again = (await store.claim(id))!;
    expect(again.entry).toEqual(entry);
  });

  test("hold, release and remove", async () => {
    const one = await put(store, "one\r\n");
    const two = await put(store, "two\r\n", { quarantined: "odd" }, { hold: "odd" });
    expect(two.hold).toBe("odd");
    expect(await store.claim(two.id)).toBeUndefined();
    expect(await store.hold(one.id, "look at it")).toBe(true);
    expect(await store.claim(one.id)).toBeUndefined();
    expect((await store.list({ held: true })).map(({ hold }) => hold)).toEqual(["look at it", "odd"]);
    expect(await store.release(one.id)).toBe(true);
    expect(await store.release(one.id)).toBe(false);
    expect(await store.release(two.id)).toBe(true);
    expect((await store.get(two.id))!.envelope.quarantined).toBeUndefined();
    expect(await bodyOf(store, one.id)).toBe("one\r\n");
    expect(await bodyOf(store, two.id)).toBe("two\r\n");
    const three = await put(store, "three\r\n");
    for (const { id } of [one, two, three]) expect(await store.remove(id)).toBe(true);
    expect(await store.remove(one.id)).toBe(false);
    expect(await store.hold(one.id, "x")).toBe(false);
    expect(await store.list()).toEqual([]);
  });

  test("a held message is claimed by who asks for that, and stays held", async () => {
    const { id } = await put(
      store,
      "x\r\n",
      { recipients: ["a", "b"].map((each) => recipient(each)) },
      { hold: "odd" },
    );
    const claim = (await store.claim(id, "held too"))!;
    expect(claim.entry.envelope.headers.length).toBeGreaterThan(0);
    expect(await store.claim(id, "held too")).toBeUndefined();
    await store.settle(claim, { recipients: [{ index: 0, state: "failed", status: deferred }] });
    await store.flush(claim);
    await store.finish(claim);
    expect(await store.get(id)).toMatchObject({ hold: "odd", envelope: { recipients: [{ state: "failed" }, {}] } });
    expect(await store.claimDue(Infinity, 10)).toEqual([]);
    expect(await store.claim(id)).toBeUndefined();
    const again = (await store.claim(id, "held too"))!;
    await store.settle(again, { recipients: [{ index: 1, state: "failed", status: deferred }] });
    await store.finish(again);
    expect(await store.get(id)).toBeUndefined();
  });

  test("release() tells of what is delivered before it has ended, too", async () => {
    const { id } = await put(store, "x\r\n", {}, { hold: "odd" });
    const released = store.release(id);
    let claim: Claim | undefined;
    for (let turn = 0; claim === undefined && turn < 1000; turn++) claim = await store.claim(id);
    await store.settle(claim!, { recipients: [{ index: 0, state: "delivered", status: deferred }] });
    await store.finish(claim!);
    expect(await released).toBe(true);
    expect(await store.get(id)).toBeUndefined();
  });
  test("hold() during an attempt takes effect after it", async () => {
    const { id } = await put(store, "x\r\n");
    const claim = (await store.claim(id))!;
    await store.hold(id, "later");
    await store.settle(claim, { recipients: [{ index: 0, state: "deferred", status: deferred }] });
    await store.finish(claim);
    expect(await store.get(id)).toMatchObject({ hold: "later", envelope: { recipients: [{ state: "deferred" }] } });
    expect(await store.claim(id)).toBeUndefined();
    await store.release(id);
    expect(await bodyOf(store, id)).toBe("x\r\n");
  });

  test("a message that is removed during an attempt stays away", async () => {
    const { id } = await put(store, "x\r\n");
    const claim = (await store.claim(id))!;
    await store.remove(id);
    await store.settle(claim, { recipients: [{ index: 0, state: "deferred" }] });
    await store.flush(claim);
    await store.finish(claim);
    expect(await store.get(id)).toBeUndefined();
  });

  test.each(["remove", "hold", "release", "get", "inspect"] as const)(
    "%s() of a message that is finished at that moment finds none, or the one that was",
    async (what) => {
      const before = await put(store, "x\r\n");
      for (let turns = 0; turns < 12; turns++) {
        const { id } = await put(store, lines(turns % 2 === 0 ? 300 : 1));
        const claim = (await store.claim(id))!;
        const asked = what === "hold" ? store.hold(id, "late") : Promise.resolve(store[what](id));
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        await store.settle(claim, { recipients: [{ index: 0, state: "delivered", status: delivered }] });
        const answer = await asked;
        await store.finish(claim);
        if (typeof answer === "object") expect("entry" in answer ? answer.entry.id : answer.id).toBe(id);
        else expect([true, false, undefined]).toContain(answer);
      }
      expect((await store.list()).map((each) => each.id)).toEqual([before.id]);
    },
  );

  test("list() filters by parts of id, sender and open recipients, by group and hold", async () => {
    const one = await put(store, "", { sender: "Anna@a.test", recipients: [recipient("Bob@b.test")] });
    const two = await put(store, "", { sender: "", recipients: [recipient("x@y.test")] }, { group: "slow" });
    const ids = async (...asked: Parameters<QueueStore["list"]>): Promise<string[]> =>
      (await store.list(...asked)).map(({ id }) => id);
    expect(await ids({})).toEqual([one.id, two.id]);
    expect(await ids({ sender: [{ text: "anna" }] })).toEqual([one.id]);
    expect(await ids({ recipient: [{ text: "@Y." }] })).toEqual([two.id]);
    expect(await ids({ group: "slow" })).toEqual([two.id]);
    expect(await ids({ id: [{ text: one.id.slice(2) }] })).toEqual([one.id]);
    expect(await ids({ held: true })).toEqual([]);
    expect(await ids({ sender: [{ text: "anna" }], recipient: [{ text: "y.test" }] })).toEqual([]);
  });

  test.each(CONDITIONS)("outlines() and count() say of what matches %j what list() says", async (filter) => {
    await fillWithAllKinds(store);
    const [one, two] = await store.list({ held: false });
    await store.claim(one.id);
    await store.hold(two.id, "now");
    const entries = await store.list(filter);
    const outlines = await store.outlines(filter);
    expect(outlines.map(outlined)).toEqual(entries.map(outlined));
    expect(await store.count(filter)).toBe(entries.length);
    expect((await store.outlines(filter, { after: entries.at(1)?.id ?? "", most: 2 })).map(({ id }) => id)).toEqual(
      entries.slice(2, 4).map(({ id }) => id),
    );
  });

  test("list() gives parts, count() and claimedIds() tell the rest", async () => {
    const entries = [];
    for (let number = 0; number < 7; number++) entries.push(await put(store, "", { sender: `m${number}@a.test` }));
    const given = entries.map(({ id }) => id);
    const ids = async (page: Page): Promise<string[]> => (await store.list({}, page)).map(({ id }) => id);
    expect(await ids({ most: 3 })).toEqual(given.slice(0, 3));
    expect(await ids({ after: given[2], most: 3 })).toEqual(given.slice(3, 6));
    expect(await ids({ after: given[5], most: 3 })).toEqual(given.slice(6));
    expect(await ids({ after: given[6] })).toEqual([]);
    expect([await store.count(), await store.count({ sender: [{ text: "m3" }] })]).toEqual([7, 1]);
    const claim = (await store.claim(given[4]))!;
    expect([...(await store.claimedIds())]).toEqual([given[4]]);
    await store.finish(claim);
    expect([...(await store.claimedIds())]).toEqual([]);
  });

  test("what comes with a lease that is over is refused, and changes nothing", async () => {
    const { id } = await put(store, "x\r\n");
    const old = (await store.claim(id))!;
    await store.finish(old);
    const claim = (await store.claim(id))!;
    expect(
      await store.settle(old, { recipients: [{ index: 0, state: "delivered", status: delivered }] }),
    ).toBeUndefined();
    await store.record(old, { at: 1, recipients: [0] });
    await store.finish(old);
    expect(await store.get(id)).toMatchObject({ attempts: 0, envelope: { recipients: [{ state: "todo" }] } });
    expect((await store.claimedIds()).has(id)).toBe(true);
    await store.settle(claim, { recipients: [{ index: 0, state: "delivered", status: delivered }] });
    await store.finish(claim);
    expect(await store.get(id)).toBeUndefined();
  });

  test("accept() takes plain data: a copy of everything does as well", async () => {
    for (const body of ["small\r\n", lines(400)]) {
      const id = await store.newId();
      const words = structuredClone([envelope(id), { kind: "octets", chunks: [Buffer.from(body)] }, { nextTry: 9 }]);
      expect(words[0]).toEqual(envelope(id));
      const entry = await store.accept(...(words as Parameters<QueueStore["accept"]>));
      expect(entry).toMatchObject({ id, nextTry: 9 });
      expect(await bodyOf(store, id)).toBe(body);
    }
  });

  test("hurry() makes messages due since a time: what was due earlier comes earlier", async () => {
    const now = Date.UTC(2027, 0, 1);
    const [a, b, c] = [
      await put(store, "", {}, { nextTry: now + 50 }),
      await put(store, "", {}, { nextTry: now + 60 }),
      await put(store, "", {}, { nextTry: now - 9 }),
    ];
    expect(await store.hurry({ ids: [b.id] }, now - 20)).toBe(1);
    expect(await store.hurry({ ids: [a.id] }, now - 10)).toBe(1);
    expect(await store.hurry({ ids: [c.id] }, now)).toBe(1);
    expect(await store.hurry({ ids: ["none"] }, now)).toBe(0);
    expect(await store.nextDue()).toBe(now - 20);
    const claims: Claim[] = [];
    for (let round = 0; round < 10 && claims.length < 3; round++) claims.push(...(await store.claimDue(now, 1)));
    if (name === "a store that others work on, too") return;
    expect(claims.map(({ entry }) => entry.id)).toEqual([b.id, a.id, c.id]);
  });

  test("the lanes of queue groups, and of mail that has just come, can be asked apart", async () => {
    const now = 1_000_000;
    const arrived = now - 500_000;
    await put(store, "", { arrived: now }, { nextTry: now, group: "slow" });
    await put(store, "", { arrived }, { nextTry: now + 5, group: "slow" });
    await put(store, "", { arrived }, { nextTry: now + 7 });
    expect((await store.lanes()).toSorted()).toEqual(["", "mqueue", "slow"]);
    expect([await store.nextDue(), await store.nextDue("slow"), await store.nextDue("other")]).toEqual([
      now,
      now + 5,
      undefined,
    ]);
    const claims: Claim[] = [];
    for (let round = 0; round < 10; round++) claims.push(...(await store.claimDue(now + 9, 9, "slow")));
    expect(claims.map(({ entry }) => entry.nextTry)).toEqual([now + 5]);
    await store.settle(claims[0], { recipients: [], nextTry: now + 99 });
    await store.finish(claims[0]);
    expect(await store.nextDue("slow")).toBe(now + 99);
    expect((await store.claimDue(now + 9, 9)).length + (await store.claimDue(now + 9, 9)).length).toBe(2);
  });

  test("claimDue() gives what is due, by time and then priority, and nothing that is claimed or held", async () => {
    const now = 1_000_000;
    const put_ = async (nextTry: number, messageClass = 0, hold?: string): Promise<string> =>
      (await put(store, "", { messageClass }, { nextTry, ...(hold === undefined ? {} : { hold }) })).id;
    const [late, second, first, urgent] = [
      await put_(now + 50),
      await put_(now - 5),
      await put_(now - 9),
      await put_(now - 5, 9),
    ];
    await put_(now - 99, 0, "look");
    expect(await store.nextDue()).toBe(now - 9);
    const claims: Claim[] = [];
    // A store that others work on may need to be asked again.
    for (let round = 0; round < 10 && claims.length < 3; round++) claims.push(...(await store.claimDue(now, 1)));
    if (name !== "a store that others work on, too") {
      expect(claims.map(({ entry }) => entry.id)).toEqual([first, urgent, second]);
    }
    expect(new Set(claims.map(({ entry }) => entry.id))).toEqual(new Set([first, urgent, second]));
    expect(await store.claimDue(now, 9)).toEqual([]);
    expect(await store.nextDue()).toBe(now + 50);
    await store.settle(claims[0], {
      recipients: [{ index: 0, state: "deferred", status: deferred }],
      nextTry: now + 7,
    });
    for (const claim of claims.slice(0, 1)) await store.finish(claim);
    expect(await store.nextDue()).toBe(now + 7);
    expect((await store.claimDue(now + 60, 9)).length + (await store.claimDue(now + 60, 9)).length).toBe(2);
    expect(late).not.toBe("");
  });

  test("block() leaves the messages of a destination out, and no others, until it is taken back", async () => {
    const now = 1_000_000;
    const put_ = async (nextTry: number, ...hosts: readonly string[]): Promise<string> => {
      const recipients = hosts.map((host) => ({
        ...recipient(`x@${host}`),
        resolved: { mailer: "esmtp", host, user: `x@${host}` },
      }));
      return (await put(store, "", { recipients }, { nextTry })).id;
    };
    const busy = [await put_(now - 9, "busy.test"), await put_(now - 8, "Busy.test", "busy.TEST")];
    const [free, both] = [await put_(now - 7, "free.test"), await put_(now - 6, "busy.test", "free.test")];
    const later = await put_(now + 5, "busy.test");
    const told: number[] = [];
    const unwatch = store.watch(() => told.push(1));
    await store.block("esmtp busy.test", true);
    await store.block("esmtp nobody.test", true);
    expect(await store.nextDue()).toBe(now - 7);
    const taken = async (at: number): Promise<Set<string>> => {
      const claims: Claim[] = [];
      for (let round = 0; round < 10; round++) claims.push(...(await store.claimDue(at, 9)));
      return new Set(claims.map(({ entry }) => entry.id));
    };
    expect(await taken(now)).toEqual(new Set([free, both]));
    // Somebody looks, later, whether there is something to tell.
    expect(await store.nextDue()).toBeGreaterThan(now + 60_000);
    // What is made due meanwhile waits with the others.
    expect(await store.hurry({ ids: [later] })).toBe(1);
    expect(await store.nextDue()).toBeGreaterThan(now + 60_000);
    told.length = 0;
    await store.block("esmtp busy.test", false);
    expect(told).not.toEqual([]);
    expect(await taken(now + 10_000_000_000_000)).toEqual(new Set([...busy, later]));
    unwatch();
  });

  test("a message whose destination is blocked comes when its sender is to be told something, and only then", async () => {
    const now = 1_000_000;
    const taken = async (at: number): Promise<Claim[]> => {
      const claims: Claim[] = [];
      for (let round = 0; round < 10; round++) claims.push(...(await store.claimDue(at, 9)));
      return claims;
    };
    await store.block("esmtp b.test.", true);
    const young = await put(store, "", { arrived: now }, { nextTry: now });
    const old = await put(store, "", { arrived: now - 90_000_000 }, { nextTry: now });
    const deliverBy = { seconds: 20, mode: "return", trace: false } as const;
    const late = await put(store, "", { arrived: now - 20_000, deliverBy }, { nextTry: now });
    const waits = await put(store, "", { arrived: now - 90_000_000 }, { nextTry: now + 50_000_000 });
    const claims = await taken(now);
    expect(new Set(claims.map(({ entry }) => entry.id))).toEqual(new Set([old.id, late.id]));
    await store.finish(claims[0], now + 500_000);
    await store.finish(claims[1], Infinity);
    expect(await taken(now + 400_000)).toEqual([]);
    expect((await taken(now + 520_000)).map(({ entry }) => entry.id)).toEqual([claims[0].entry.id]);
    expect((await taken(now + 40_000_000)).map(({ entry }) => entry.id)).toEqual([young.id]);
    expect((await taken(now + 50_000_000)).map(({ entry }) => entry.id)).toEqual([waits.id]);
    await store.block("esmtp b.test.", false);
    expect((await taken(now)).map(({ entry }) => entry.id)).toEqual([claims[1].entry.id]);
  });

  test("watch() tells when something is due sooner: a new message, one that is hurried, released or given back", async () => {
    let told = 0;
    const unwatch = store.watch(() => told++);
    const heard = (): number => {
      const count = told;
      told = 0;
      return count;
    };
    const far = 8_000_000_000_000;
    const { id } = await put(store, "", {}, { nextTry: far });
    expect(heard()).toBeGreaterThan(0);
    await put(store, "", {}, { nextTry: far + 1 });
    expect(heard()).toBe(0);
    expect(await store.hurry({ ids: [id] })).toBe(1);
    expect(heard()).toBeGreaterThan(0);
    const claim = (await store.claim(id))!;
    expect(await store.hurry({ ids: [id] })).toBe(0);
    await store.finish(claim);
    expect(heard()).toBeGreaterThan(0);
    const held = await put(store, "", {}, { hold: "look", nextTry: 5 });
    expect(heard()).toBe(0);
    await store.release(held.id);
    expect(heard()).toBeGreaterThan(0);
    unwatch();
    await put(store, "", {}, { nextTry: 1 });
    expect(heard()).toBe(0);
  });

  test("many at once all arrive", async () => {
    const entries = await Promise.all(Array.from({ length: 200 }, (_, number) => put(store, lines(5, `m${number}`))));
    expect(new Set(entries.map(({ id }) => id)).size).toBe(200);
    for (const [number, { id }] of entries.entries()) expect(await bodyOf(store, id)).toBe(lines(5, `m${number}`));
  });

  test("after close() nothing is accepted", async () => {
    const draft = await openDraft(store);
    await store.close();
    await expect(draft.commit(envelope(draft.id))).rejects.toBeInstanceOf(QueueUnavailableError);
    await expect((async () => store.newId())()).rejects.toBeInstanceOf(QueueUnavailableError);
  });
});
