/**
 * One run: a journal, octets of which a disk has changed, zeroed, lost or cut off behind everybody's back. What was not hit is
 * there as before; what was hit is named, message by message where its name can still be read.
 */
import { isDeepStrictEqual } from "node:util";
import { readSegment } from "../../src/queue/segment-reader.ts";
import { RecordType } from "../../src/queue/journal-record.ts";
import type { Random } from "../support/fuzz.ts";
import { FaultyFiles } from "../support/faulty-files.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { readAll } from "../support/queue-samples.ts";
import { randomNumbers } from "../support/random-rules.ts";
import { openSmallQueue } from "./small-queue.ts";
import { busyHour, contents, type Found, type World } from "./workload.ts";

/** A record as it stood before the damage. */
interface Standing {
  readonly path: string;
  readonly id: string;
  readonly type: RecordType;
  readonly from: number;
  readonly to: number;
}

/** Octets of a segment that are not what they were. */
interface Hit {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  readonly kind: string;
}

export interface DamageOutcome {
  readonly seed: number;
  readonly records: number;
  readonly damaged: number;
  /** Messages whose own record was hit. */
  readonly lost: number;
  /** For people. */
  readonly hits: readonly string[];
  readonly problems: readonly string[];
}

const lock = async (): Promise<{ release(): void }> => ({ release: () => undefined });

function worldOf(random: Random, clock: ManualClock, opened: Pick<World, "store">): World {
  return {
    store: opened.store,
    clock,
    random,
    tell: () => undefined,
    isAlive: () => true,
    problem: () => undefined,
    nextNumber: 0,
    commanded: new Set(),
  };
}

/** A queue that was stopped in the middle of its work, or closed. */
async function fill(random: Random, clock: ManualClock): Promise<FaultyFiles> {
  const files = new FaultyFiles();
  const world = worldOf(random, clock, await openSmallQueue({ directory: "/queue", files, clock, lock }));
  await busyHour(world);
  clock.advance(2000);
  if (random(2) === 0) await world.store.close();
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  return files.crashed("process");
}

async function recordsOf(files: FaultyFiles): Promise<Standing[]> {
  const standing: Standing[] = [];
  for (const path of files.paths()) {
    const [, number] = /(\d+)\.journal$/.exec(path) ?? [];
    if (number === undefined) continue;
    const file = await files.open(path, "read");
    await readSegment(file, Number(number), Infinity, 0, {
      record: ({ id, type, bodyAt, bodyLength }, at) =>
        standing.push({ path, id, type, from: at, to: at + bodyAt + bodyLength }),
      damage: () => undefined,
    });
  }
  return standing;
}

const SECTOR = 512;

/** Changes some octets; never what nobody could notice: the end of what stands in the newest segment, all of it zeroed or cut off. */
function damage(files: FaultyFiles, standing: readonly Standing[], random: Random): Hit[] {
  const hits: Hit[] = [];
  const newest = standing.at(-1)!.path;
  for (let count = 1 + random(3); count > 0; count--) {
    const { path, from } = standing[random(standing.length)];
    const octets = Buffer.from(files.content(path)!);
    const end = Math.min(
      octets.length,
      ...standing
        .filter((each) => each.path === path)
        .map(({ to }) => to)
        .slice(-1),
    );
    if (end <= from) continue;
    const at = Math.min(end - 1, from + random(200));
    const sector = at - (at % SECTOR);
    const [kind, start, length] = (
      [
        ["a flipped bit", at, 1],
        ["a changed stretch", at, 1 + random(60)],
        ["a zeroed sector", sector, SECTOR],
        ["another sector", sector, SECTOR],
        ["a cut", at, Infinity],
      ] as const
    )[random(5)];
    const to = Math.min(end, start + length);
    const isUnnoticed = path === newest && to === end && (kind === "a zeroed sector" || kind === "a cut");
    if (isUnnoticed) continue;
    if (kind === "a flipped bit") octets[start] ^= 1 << random(8);
    else if (kind === "a zeroed sector") octets.fill(0, start, to);
    else for (let each = start; each < to; each++) octets[each] = random(256);
    files.replace(path, kind === "a cut" ? octets.subarray(0, start) : octets);
    hits.push({ path, from: start, to, kind });
  }
  return hits;
}

/** As JSON has it, whatever the order: one may have become files meanwhile. */
const sameEntry = (a: Found, b: Found): boolean =>
  a.body === b.body && isDeepStrictEqual(JSON.parse(JSON.stringify(a.entry)), JSON.parse(JSON.stringify(b.entry)));

export async function damagedTrial(seed: number): Promise<DamageOutcome> {
  const random = randomNumbers(seed * 104_729 + 1);
  const clock = new ManualClock();
  const whole = await fill(random, clock);
  const open = (files: FaultyFiles) => readAll(openSmallQueue({ directory: "/queue", files, clock, lock }));
  const before = await open(whole.crashed("process"));
  const expected = await contents(worldOf(random, clock, before));
  const standing = await recordsOf(whole);
  const files = whole.crashed("process");
  const hits = standing.length === 0 ? [] : damage(files, standing, random);
  const isHit = ({ path, from, to }: Standing): boolean =>
    hits.some((each) => each.path === path && each.from < to && each.to > from);
  const damaged = standing.filter(isHit);
  const after = await open(files);
  const found = new Map((await contents(worldOf(random, clock, after))).map((each) => [each.entry.id, each]));
  const reports = after.reports.join("\n");
  const problems: string[] = [];
  let lost = 0;
  for (const each of expected) {
    const { id } = each.entry;
    const now = found.get(id);
    const records = damaged.filter((record) => record.id === id);
    const own = records.some(({ type }) => type === RecordType.message);
    if (own && now === undefined) lost++;
    else if (now === undefined) problems.push(`${id} is lost, and its record was not hit`);
    else if (now.body !== each.body) problems.push(`${id} has another body`);
    else if (records.length === 0 && !sameEntry(now, each)) problems.push(`${id} is not what it was, and was not hit`);
  }
  const paths = [...new Set(standing.map(({ path }) => path))];
  for (const { id, path, from, to } of damaged) {
    // How far its records reached, the next segment says at its beginning.
    const next = paths[paths.indexOf(path) + 1];
    const isNoteHit = damaged.some((record) => record.path === next && record.type === RecordType.segment);
    if (id === "" || isNoteHit || isNamed(reports, id, path, from, to, hits)) continue;
    problems.push(`nobody is told of ${id} at ${from} of ${path}`);
  }
  if (hits.length > 0 && damaged.length > 0 && after.reports.length === 0) problems.push("nobody is told anything");
  return {
    seed,
    records: standing.length,
    damaged: damaged.length,
    lost,
    hits: hits.map(({ kind, path, from: start, to: end }) => `${kind}, ${path} ${start} to ${end}`),
    problems,
  };
}

/** By its id, or, where that was hit or cut off too, by where it stood. */
function isNamed(reports: string, id: string, path: string, from: number, to: number, hits: readonly Hit[]): boolean {
  if (reports.includes(id)) return true;
  const lines = reports.split("\n").filter((line) => line.includes(path));
  const covered = lines.some((line) => {
    const [, octets, at] = /^(\d+) octets at (\d+) of /.exec(line) ?? [];
    return octets !== undefined && Number(at) < to && Number(at) + Number(octets) > from;
  });
  const isIdHit = hits.some((hit) => hit.path === path && hit.from < from + 24 + id.length && hit.to > from);
  return covered && isIdHit;
}
