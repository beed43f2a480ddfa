import { expect, test } from "@jest/globals";
import {
  addCounts,
  decodeStatistics,
  emptyRecord,
  encodeStatistics,
  LENGTH,
  type StatisticsRecord,
} from "../../../src/log/statistics-record.ts";
import { Statistics } from "../../../src/log/statistics.ts";

/** What a genuine sendmail had written: the octets that are not 0, by their places. */
function genuine(): Buffer {
  const octets = Buffer.alloc(1448);
  const places: readonly (readonly [at: number, hex: string])[] = [
    [0x000, "deb1010004000000a36d0d6b00000000"],
    [0x010, "a8050000000000000900000000000000"],
    [0x020, "00000000000000000200000000000000"],
    [0x040, "00000000000000000200000000000000"],
    [0x050, "05"],
    [0x110, "0400000000000000050000000000"],
    [0x370, "01"],
    [0x438, "01"],
    [0x500, "01"],
  ];
  for (const [at, hex] of places) octets.write(hex, at, "hex");
  return octets;
}

test("a file of a genuine sendmail is read, and written in the same octets", () => {
  const record = decodeStatistics(genuine(), 0) as StatisticsRecord;
  expect(record).toMatchObject({ since: 0x6b0d6da3, connections: { from: 9, to: 0, rejected: 2 } });
  // As its mailstats has shown it.
  expect(record.mailers[3]).toMatchObject({ from: 2, fromKilobytes: 4, to: 0, rejected: 0 });
  expect(record.mailers[4]).toMatchObject({ from: 5, fromKilobytes: 5, rejected: 1, discarded: 1, quarantined: 1 });
  expect(encodeStatistics(record)).toEqual(genuine());
});

test("an empty file has counted nothing yet", () => {
  expect(decodeStatistics(Buffer.alloc(0), 77)).toEqual(emptyRecord(77));
});

test("other files are told apart", () => {
  const changed = (at: number, value: number): Buffer => {
    const octets = genuine();
    octets[at] = value;
    return octets;
  };
  expect(decodeStatistics(Buffer.from("abc"), 0)).toEqual({ misfit: "magic" });
  expect(decodeStatistics(changed(0, 1), 0)).toEqual({ misfit: "magic" });
  expect(decodeStatistics(changed(4, 3), 0)).toEqual({ misfit: "version", version: 3 });
  expect(decodeStatistics(changed(16, 1), 0)).toEqual({ misfit: "size" });
  expect(decodeStatistics(genuine().subarray(0, 1000), 0)).toEqual({ misfit: "size" });
  expect(decodeStatistics(Buffer.concat([genuine(), Buffer.alloc(5)]), 0)).not.toHaveProperty("misfit");
});

test("what was counted is added; mailers that have no place are left out", () => {
  const statistics = new Statistics();
  let told = 0;
  statistics.watch(() => told++);
  statistics.came("local", 1);
  statistics.came("local", 1024);
  statistics.came("local", 1025);
  statistics.went("esmtp", 5_000);
  statistics.stopped("esmtp", "quarantined");
  statistics.came("twentysixth", 1);
  statistics.came("gone", 1);
  statistics.connection("from");
  statistics.connection("to");
  expect(told).toBe(1);
  const record = emptyRecord(1);
  record.mailers[3].from = 7;
  addCounts(record, statistics.take(), (name) => ({ local: 3, esmtp: 24, twentysixth: 25 })[name]);
  expect(record.mailers[3]).toMatchObject({ from: 10, fromKilobytes: 4 });
  expect(record.mailers[24]).toMatchObject({ to: 1, toKilobytes: 5, quarantined: 1 });
  expect(record.mailers.reduce((sum, { from }) => sum + from, 0)).toBe(10);
  expect(record.connections).toEqual({ from: 1, to: 1, rejected: 0 });
  expect(statistics.take()).toEqual({ connections: { from: 0, to: 0, rejected: 0 }, mailers: new Map() });
  statistics.connection("from");
  expect(told).toBe(2);
  expect(encodeStatistics(record)).toHaveLength(LENGTH);
});
