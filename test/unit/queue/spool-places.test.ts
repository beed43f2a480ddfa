/** Folders of queue groups, as a genuine sendmail lays them out, with what it left there. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openQueue } from "../../../src/queue/open-queue.ts";
import type { QueueStore } from "../../../src/queue/queue.ts";
import { readQueue } from "../../../src/queue/read-queue.ts";
import { bodyOf, lines, put, readAll, type Recovered } from "../../support/queue-samples.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rulemail-places-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const groups = () => [
  { group: "mqueue", path: join(directory, "qd*") },
  { group: "slow", path: join(directory, "slow") },
];
const open = (): Promise<Recovered> => readAll(openQueue({ directory, groups: groups(), inlineLimit: 100 }));

function genuine(id: string, control: string, body: string): void {
  for (const folder of [control, body]) mkdirSync(join(directory, folder), { recursive: true });
  const text = "V8\nT1700000000\nK0\nN0\nP30000\nSann@a.test\nrRFC822; bob@b.test\nRPFD:bob@b.test\nH??Subject: x\n.\n";
  writeFileSync(join(directory, control, `qf${id}`), text);
  writeFileSync(join(directory, body, `df${id}`), `body of ${id}\n`);
}

/** Every file of a message, from the folder of the queue. */
function filesOf(id: string): string[] {
  const all = readdirSync(directory, { recursive: true, encoding: "utf8" });
  return all.filter((name) => name.endsWith(id)).toSorted();
}

const ids = ({ recovered }: Recovered): string[] => recovered.map(({ id }) => id).toSorted();

async function deliver(store: QueueStore, id: string): Promise<void> {
  const claim = (await store.claim(id))!;
  await store.settle(claim, { recipients: [{ index: 0, state: "delivered" }] });
  await store.flush(claim);
  await store.finish(claim);
}

test("what lies in any of them is found, read and removed where it lies", async () => {
  genuine("1AAAAAA0000001", "qd1/qf", "qd1/df");
  mkdirSync(join(directory, "qd1/xf"));
  writeFileSync(join(directory, "qd1/xf/xf1AAAAAA0000001"), "what was said\n");
  genuine("1AAAAAA0000002", "qd2", "qd2");
  genuine("1AAAAAA0000003", "qd3/qf", "qd3");
  genuine("1AAAAAA0000004", "slow", "slow");
  genuine("1AAAAAA0000005", ".", ".");
  // A body in the main folder that nobody has accepted.
  writeFileSync(join(directory, "df1AAAAAA0000002"), "left\n");
  const wanted = [1, 2, 3, 4, 5].map((number) => `1AAAAAA000000${number}`);
  const seen = await readQueue(directory, groups());
  expect(seen.reports).toEqual([]);
  expect(seen.entries.map(({ id }) => id).toSorted()).toEqual(wanted);
  const queue = await open();
  expect(ids(queue)).toEqual(wanted);
  expect(queue.recovered.map(({ group }) => group)).toEqual(["mqueue", "mqueue", "mqueue", "slow", "mqueue"]);
  expect(existsSync(join(directory, "qd1/xf/xf1AAAAAA0000001"))).toBe(false);
  for (const id of wanted) {
    expect(await bodyOf(queue.store, id)).toBe(`body of ${id}\r\n`);
    await deliver(queue.store, id);
  }
  expect(wanted.slice(0, 1).concat(wanted.slice(2)).flatMap(filesOf)).toEqual([]);
  await queue.store.close();
});

test("messages become files in the folder of their group, and are found there again", async () => {
  for (const folder of ["qd1/df", "qd1/qf", "slow/df"]) mkdirSync(join(directory, folder), { recursive: true });
  const { store } = await open();
  const usual = await put(store, lines(20));
  const slow = await put(store, lines(30), {}, { group: "slow" });
  const held = await put(store, "short\r\n", {}, { group: "slow", hold: "look" });
  expect(filesOf(usual.id)).toEqual([`qd1/df/df${usual.id}`, `qd1/qf/qf${usual.id}`]);
  expect(filesOf(slow.id)).toEqual([`slow/df/df${slow.id}`, `slow/qf${slow.id}`]);
  expect(filesOf(held.id)).toEqual([`slow/df/df${held.id}`, `slow/hf${held.id}`]);
  await store.close();
  const again = await open();
  expect(ids(again)).toEqual([usual.id, slow.id, held.id].toSorted());
  expect(await bodyOf(again.store, slow.id)).toBe(lines(30));
  expect(await again.store.release(held.id)).toBe(true);
  expect(filesOf(held.id)).toEqual([`slow/df/df${held.id}`, `slow/qf${held.id}`]);
  await again.store.close();
});

test("mail in the folder of a group that is no more is told of at each start, and taken over when it is moved as that says", async () => {
  const { store } = await open();
  const slow = await put(store, lines(30), {}, { group: "slow" });
  const held = await put(store, "short\r\n", {}, { group: "slow", hold: "look" });
  await store.close();
  const without = async (): Promise<{ readonly said: readonly string[]; readonly found: readonly string[] }> => {
    const said: string[] = [];
    const opened = await readAll(openQueue({ directory, report: (text) => said.push(text) }));
    await opened.store.close();
    return { said, found: ids(opened) };
  };
  const told = expect.stringMatching(
    /slow, once .* group slow, has 2 messages, .*\(Qslow, P=.*slow\), or move its files to /,
  );
  expect(await without()).toEqual({ said: [told], found: [] });
  expect(await without()).toEqual({ said: [told], found: [] });
  const named = await open();
  expect(ids(named)).toEqual([slow.id, held.id].toSorted());
  await named.store.close();
  for (const name of readdirSync(join(directory, "slow")))
    renameSync(join(directory, "slow", name), join(directory, name));
  expect(await without()).toEqual({ said: [], found: [slow.id, held.id].toSorted() });
});

test("a folder that cannot be made is reported, and its mail goes to the main one", async () => {
  writeFileSync(join(directory, "slow"), "no folder");
  const reports: string[] = [];
  const opened = openQueue({ directory, groups: groups(), inlineLimit: 100, report: (text) => reports.push(text) });
  const { store } = await readAll(opened);
  expect(reports).toEqual([
    expect.stringMatching(/^Cannot use .*\/slow for the queue group slow: .*; its messages go to /),
  ]);
  const { id } = await put(store, lines(30), {}, { group: "slow" });
  expect(filesOf(id)).toEqual([`df${id}`, `qf${id}`]);
  await store.close();
});
