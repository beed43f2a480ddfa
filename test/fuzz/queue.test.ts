/**
 * Octets that anybody may have written: control files, journal segments, frames on the control socket. They are read
 * or refused with the error that is meant for that, never with another one, never without an end.
 */
import { describe, expect, test } from "@jest/globals";
import { encodeFrame, FrameDecoder, ProtocolError } from "../../src/control/protocol.ts";
import { readRequest } from "../../src/control/request.ts";
import { controlFileParts } from "../../src/queue/control-file.ts";
import type { QueueEntry } from "../../src/queue/queue.ts";
import { ControlFileError, parseControlFile } from "../../src/queue/control-file-reader.ts";
import { encodeRecord, RecordType, sealRecord } from "../../src/queue/journal-record.ts";
import { SpoolStore } from "../../src/queue/spool-store.ts";
import { readSegment } from "../../src/queue/segment-reader.ts";
import { FaultyFiles } from "../support/faulty-files.ts";
import { fuzzSeeds } from "../support/fuzz.ts";
import { deferred, envelope, recipient } from "../support/queue-samples.ts";

const formatControlFile = (whole: QueueEntry): Buffer => Buffer.concat([...controlFileParts(whole)]);

const ROUNDS = 300;

async function replace(files: FaultyFiles, path: string, octets: Buffer): Promise<void> {
  await files.unlink(path);
  const file = await files.create(path, 0o600);
  await file.write([octets], 0);
  await file.close();
}

/** The same numbers at every run: a failure can be repeated. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 48_271) % 2_147_483_647) % below;
}

/** Changes, cuts out, doubles and inserts octets. */
function damaged(octets: Buffer, random: (below: number) => number): Buffer {
  let result = Buffer.from(octets);
  for (let count = 1 + random(4); count > 0; count--) {
    const at = random(result.length + 1);
    const to = Math.min(result.length, at + random(40));
    const kinds = [
      () => [result.subarray(0, at), result.subarray(to)],
      () => [result.subarray(0, at), result.subarray(at, to), result.subarray(at, to), result.subarray(to)],
      () => [result.subarray(0, at), Buffer.from([random(256)]), result.subarray(to > at ? at + 1 : at)],
      () => [result.subarray(0, at), Buffer.from("\n${rulemail_recipient}{}\n"), result.subarray(at)],
    ];
    result = Buffer.concat(kinds[random(kinds.length)]());
  }
  return result;
}

const id = "6AKJRqnn123456";
const entry = {
  id,
  envelope: envelope(id, { recipients: [recipient("a@b.test", { state: "deferred", status: deferred })] }),
  group: "mqueue",
  priority: 3,
  attempts: 1,
  nextTry: 5,
};

describe("damaged input", () => {
  test("control files are read, or refused as such", () => {
    const whole = formatControlFile(entry);
    for (const seed of fuzzSeeds(ROUNDS)) {
      try {
        const { entry: read } = parseControlFile(damaged(whole, numbers(seed)).toString("latin1"), id);
        expect(Array.isArray(read.envelope.recipients)).toBe(true);
      } catch (error) {
        if (!(error instanceof ControlFileError)) throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });

  test("of a segment every intact record is found, and only those", async () => {
    const record = encodeRecord(RecordType.message, id, { group: "x" }, [Buffer.from("body RMQ1 body")]);
    sealRecord(record, 1);
    const whole = Buffer.concat(Array.from({ length: 5 }, () => record.parts).flat());
    for (const seed of fuzzSeeds(ROUNDS)) {
      const files = new FaultyFiles();
      await files.makeFolder("/f", 0o700);
      const file = await files.create("/f/1", 0o600);
      const octets = damaged(whole, numbers(seed));
      await file.write([octets], 0);
      let count = 0;
      let covered = 0;
      await readSegment(file, 1, Infinity, 0, {
        record: (found) => {
          expect(found).toMatchObject({ id, facts: { group: "x" }, bodyLength: 14 });
          count++;
        },
        damage: ({ from, to }) => (covered += to - from),
      });
      let intact = 0;
      const text = Buffer.concat(record.parts);
      for (let at = octets.indexOf(text); at >= 0; at = octets.indexOf(text, at + text.length)) intact++;
      expect([seed, count]).toEqual([seed, intact]);
      expect(covered).toBeLessThanOrEqual(octets.length - count * text.length);
    }
  });

  test("no message of a spool with damaged files is lost without a word", async () => {
    const ids = ["6AKJRqnn100001", "6AKJRqnn100002", "6AKJRqnn100003"];
    for (const seed of fuzzSeeds(100)) {
      const random = numbers(seed);
      const files = new FaultyFiles();
      await files.makeFolder("/q", 0o700);
      const spool = new SpoolStore(files, "/q");
      for (const each of ids) {
        await spool.writeBody(each, [Buffer.from("body\r\n")]);
        await spool.writeControl({ ...entry, id: each, envelope: envelope(each) });
      }
      const [victim] = ids;
      const octets = damaged(formatControlFile({ ...entry, id: victim, envelope: envelope(victim) }), random);
      await replace(files, `/q/qf${victim}`, random(5) === 0 ? octets.subarray(0, random(30)) : octets);
      const { entries, reports } = await spool.load(Number.MAX_SAFE_INTEGER);
      const read = entries.map(({ id: each }) => each);
      expect([seed, read.includes(ids[1]), read.includes(ids[2])]).toEqual([seed, true, true]);
      expect([seed, entries.length + reports.length]).toEqual([seed, ids.length]);
      // What could not be read is still there, under a name that says so, and its body with it.
      const names = await files.list("/q");
      expect(names).toContain(read.includes(victim) ? `qf${victim}` : `Qf${victim}`);
      expect(names).toContain(`df${victim}`);
    }
  });

  test("frames and requests are understood, or refused as such", () => {
    const facts = { recipients: ["a@b.test"], fromHeader: true, user: "x", macros: { r: "y" }, notify: ["NEVER"] };
    const whole = Buffer.concat([
      encodeFrame({ rulemail: 1, op: "submit", facts }),
      encodeFrame({ rulemail: 1, op: "list", filter: { id: "x" } }),
    ]);
    for (const seed of fuzzSeeds(ROUNDS)) {
      try {
        for (const { head } of new FrameDecoder().push(damaged(whole, numbers(seed)))) readRequest(head);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });
});
