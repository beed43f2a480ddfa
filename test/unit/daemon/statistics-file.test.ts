import { linkSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Config } from "../../../src/config/config.ts";
import { isStatisticsFile, StatisticsFile } from "../../../src/daemon/statistics-file.ts";
import type { Log } from "../../../src/log/log.ts";
import { silentLog } from "../../../src/log/log.ts";
import { decodeStatistics, type StatisticsRecord } from "../../../src/log/statistics-record.ts";
import { Statistics } from "../../../src/log/statistics.ts";
import { ManualClock } from "../../support/manual-clock.ts";

let folder: string;
let path: string;
let options: Record<string, string>;
let said: string[];
let clock: ManualClock;
let statistics: Statistics;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "statistics-"));
  path = join(folder, "st");
  options = { StatusFile: path };
  said = [];
  clock = new ManualClock();
  statistics = new Statistics();
  const config = {
    options: { text: (name: string) => options[name] ?? "" },
    mailers: new Map([["local", { number: 3 }]]),
  } as unknown as Config;
  const log: Log = { ...silentLog, enabled: () => true, write: (_level, { text }) => void said.push(text) };
  void new StatisticsFile({ statistics, clock, log, config: () => config });
});
afterEach(() => rmSync(folder, { recursive: true }));

const record = (): StatisticsRecord => decodeStatistics(readFileSync(path), 0) as StatisticsRecord;
const count = (times = 1): void => {
  for (let time = 0; time < times; time++) statistics.came("local", 10);
  clock.advance(2_000);
};

test("what was counted is added to the file a moment later", () => {
  writeFileSync(path, "");
  statistics.came("local", 10);
  expect(readFileSync(path)).toHaveLength(0);
  clock.advance(2_000);
  count(4);
  expect(record().mailers[3].from).toBe(5);
  expect(record().since).toBe(Math.floor(Date.UTC(2026, 10, 20, 19, 27, 54) / 1000));
  truncateSync(path);
  count(2);
  expect(record().mailers[3].from).toBe(2);
  expect(said).toEqual([]);
});

test("where nobody has made a file nothing is counted, and nothing said", () => {
  count();
  writeFileSync(path, "");
  count();
  expect(record().mailers[3].from).toBe(1);
  options = {};
  count();
  expect(said).toEqual([]);
});

test("another file is left as it is, which is said once", () => {
  writeFileSync(path, "root:x:0:0:\n");
  count();
  count();
  expect(readFileSync(path, "latin1")).toBe("root:x:0:0:\n");
  expect(said).toEqual([
    `no statistics in ${path}: it is no statistics file: empty it, or name another one in StatusFile`,
  ]);
  expect([isStatisticsFile(path), isStatisticsFile(""), isStatisticsFile(folder)]).toEqual([false, false, false]);
});

test("links are followed only where DontBlameSendmail says so", () => {
  writeFileSync(join(folder, "other"), "");
  symlinkSync("other", path);
  expect(isStatisticsFile(path)).toBe(false);
  count();
  expect(said).toHaveLength(1);
  options["DontBlameSendmail"] = "WriteStatsToSymLink";
  count();
  expect(record().mailers[3].from).toBe(1);
  rmSync(path);
  linkSync(join(folder, "other"), path);
  count();
  expect(said.at(-1)).toContain("WriteStatsToHardLink would allow it");
  options["DontBlameSendmail"] = "WriteStatsToHardLink";
  count();
  expect(record().mailers[3].from).toBe(2);
});
