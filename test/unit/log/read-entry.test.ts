import { describe, expect, test } from "@jest/globals";
import { EntryReader } from "../../../src/log/read-entry.ts";
import { openLog } from "../../../src/log/open-log.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const NEWEST = new Date(2026, 0, 2, 12).getTime();
const read = (line: string) => new EntryReader(() => NEWEST).read(line);

describe("EntryReader", () => {
  test("reads the time stamps of syslog files and of journalctl", () => {
    const local = new Date(2026, 0, 2, 10, 15, 20).getTime();
    const utc = Date.UTC(2026, 0, 2, 10, 15, 20);
    const times: readonly (readonly [string, number])[] = [
      ["Jan  2 10:15:20", local],
      ["Jan 02 10:15:20", local],
      ["<22>Jan  2 10:15:20", local],
      ["2026-01-02T10:15:20.250+00:00", utc + 250],
      ["2026-01-02T10:15:20+0130", utc - 90 * 60_000],
      ["2026-01-02T10:15:20Z", utc],
      ["2026-01-02 10:15:20", local],
    ];
    for (const [stamp, time] of times) {
      expect(read(`${stamp} mail sm-mta[47]: 5AKJ3Crx012345: from=<a@b>`)).toMatchObject({
        origin: { time, host: "mail", program: "sm-mta", pid: 47 },
        id: "5AKJ3Crx012345",
        text: "from=<a@b>",
      });
    }
  });

  test("reads what a service has written to the journal with a beginning of its own", () => {
    const said = "Jan  2 10:15:19 m sendmail[7]: 5AKJ3Crx012345: to=x";
    const entry = {
      origin: { time: new Date(2026, 0, 2, 10, 15, 19).getTime(), program: "sendmail", pid: 7 },
      id: "5AKJ3Crx012345",
      text: "to=x",
    };
    expect(read(`Jan 02 10:15:20 host rulemail[7]: ${said}`)).toMatchObject(entry);
    expect(read(JSON.stringify({ MESSAGE: said, __REALTIME_TIMESTAMP: "1767348920123456" }))).toMatchObject(entry);
  });

  test("takes a time stamp without a year for one of the last year, not of the next", () => {
    expect(read("Dec 31 23:59:59 mail x: y")?.origin.time).toBe(new Date(2025, 11, 31, 23, 59, 59).getTime());
  });

  test("knows which texts begin with a queue id", () => {
    expect(read("Jan  2 10:15:20 m s[1]: NOQUEUE: connect from x")).toMatchObject({ text: "connect from x" });
    for (const text of ["SYSERR: no", "rejecting: all", "STARTTLS=server: x", "Milter (f1filter): y"]) {
      const entry = read(`Jan  2 10:15:20 m s[1]: ${text}`);
      expect(entry).toMatchObject({ text });
      expect(entry).not.toHaveProperty("id");
    }
  });

  test("leaves out what is no line of a log", () => {
    for (const line of ["", "hello", "{", "{}", '{"time":1}', "Foo  2 10:15:20 m s: x", "-- Boot 1234 --"])
      expect(read(line)).toBeUndefined();
  });

  test("reads what the journal prints as JSON", () => {
    const fields = {
      MESSAGE: "5AKJ3Crx012345: to=x",
      __REALTIME_TIMESTAMP: "1767348920123456",
      SYSLOG_IDENTIFIER: "sendmail",
    };
    const entry = { id: "5AKJ3Crx012345", text: "to=x", origin: { time: 1_767_348_920_123, program: "sendmail" } };
    expect(read(JSON.stringify(fields))).toMatchObject(entry);
    const octets = [...Buffer.from("5AKJ3Crx012345: to=\xff", "latin1")];
    expect(read(JSON.stringify({ ...fields, MESSAGE: octets }))).toMatchObject({ text: "to=\xff" });
  });

  test.each(["text", "json"] as const)("reads back what our log writes as %s", async (format) => {
    const folder = mkdtempSync(join(tmpdir(), "read-entry-"));
    const path = join(folder, "log");
    const clock = new ManualClock(NEWEST);
    const log = openLog({
      level: 9,
      targets: [{ kind: "file", path }],
      format,
      program: "sendmail",
      host: "m",
      pid: 7,
      clock,
    });
    log.write(5, { priority: "info", id: "5AKJ3Crx012345", text: "from=<a@b>, size=1" });
    log.write(5, { priority: "info", text: "starting daemon" });
    await log.close();
    const lines = readFileSync(path, "latin1").trimEnd().split("\n");
    rmSync(folder, { recursive: true });
    const origin = { time: NEWEST, host: "m", program: "sendmail", pid: 7 };
    expect(lines.map(read)).toEqual([
      { origin, id: "5AKJ3Crx012345", text: "from=<a@b>, size=1", line: lines[0] },
      { origin, text: "starting daemon", line: lines[1] },
    ]);
  });
});
