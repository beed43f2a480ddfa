import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { LogLine } from "../../../src/log/log.ts";
import { type LogOptions, openLog } from "../../../src/log/open-log.ts";
import type { Clock } from "../../../src/sys/clock.ts";
import { systemClock } from "../../../src/sys/clock.ts";

const folder = mkdtempSync(join(tmpdir(), "log-"));
afterAll(() => rmSync(folder, { recursive: true }));

let now: number;
let timers: (() => void)[];
const clock: Clock = {
  now: () => now,
  after(_, action) {
    timers.push(action);
    return () => (timers = timers.filter((each) => each !== action));
  },
};
let number = 0;
let path: string;
beforeEach(() => {
  now = new Date(2026, 10, 5, 18, 56, 32).getTime();
  timers = [];
  path = join(folder, String(++number), "mail.log");
});

function open(changes: Partial<LogOptions> = {}) {
  const targets = [{ kind: "file", path } as const];
  return openLog({ level: 9, targets, format: "text", program: "sendmail", host: "mx", pid: 7, clock, ...changes });
}
const line = (text: string, more: Partial<LogLine> = {}): LogLine => ({ priority: "info", text, ...more });
const written = (): string => readFileSync(path, "latin1");

test("lines have the layout of a syslog file", async () => {
  const log = open();
  log.write(9, line("from=<a@b>, size=3", { id: "5AK" }));
  now += 1_000;
  log.write(9, line("no id"));
  await log.close();
  expect(written()).toBe(
    "Nov  5 18:56:32 mx sendmail[7]: 5AK: from=<a@b>, size=3\nNov  5 18:56:33 mx sendmail[7]: no id\n",
  );
});

test("a line cannot be forged, nor a terminal upset", async () => {
  const log = open();
  log.write(1, line("to=<x>\nNov  5 evil\r\t\x1b[2J\x9b\xe9\u2028"));
  await log.close();
  expect(written()).toContain("to=<x>\\nNov  5 evil\\r\\t\\033[2J\\233\\351\\u{2028}\n");
});

test("a line that would be endless is cut", async () => {
  const log = open();
  log.write(1, line("x".repeat(100_000)));
  await log.close();
  expect(written().length).toBeLessThan(2_200);
  expect(written()).toMatch(/x\.\.\. \(97952 more octets\)\n$/);
});

function endlessFields() {
  return { from: "f\u009b".repeat(9000), to: Array.from({ length: 5000 }, (_each, index) => `u${index}`) };
}

test("a JSON line that would be endless is cut field by field, and is ASCII", async () => {
  const log = open({ format: "json" });
  log.write(1, line("x".repeat(100_000), { fields: endlessFields }));
  await log.close();
  expect(written()).toMatch(/^[\x20-\x7e]+\n$/);
  const { message, from, to } = JSON.parse(written()) as { message: string; from: string; to: string[] };
  expect([message.length, from.length, to.length]).toEqual([2048 + 23, 1000 + 23, 101]);
  expect(to.at(-1)).toBe("... (4900 more)");
});

test("lines above LogLevel are not written, and a reload can change it", async () => {
  const log = open({ level: 5 });
  expect([log.enabled(5), log.enabled(6)]).toEqual([true, false]);
  log.write(6, line("unseen"));
  log.setLevel(6);
  log.write(6, line("seen"));
  await log.close();
  expect(written()).not.toContain("unseen");
  expect(written()).toContain("seen");
  expect(log.enabled(0)).toBe(false);
});

test("one JSON object in each line on request", async () => {
  const log = open({ format: "json" });
  log.write(1, line('say "hi"\n', { id: "5AK", priority: "notice", fields: () => ({ from: "a@b", nrcpts: 2 }) }));
  await log.close();
  expect(JSON.parse(written())).toEqual({
    time: new Date(now).toISOString(),
    host: "mx",
    program: "sendmail",
    pid: 7,
    priority: "notice",
    id: "5AK",
    message: 'say "hi"\n',
    from: "a@b",
    nrcpts: 2,
  });
});

describe("files", () => {
  test("lines gather until the timer, 64 KB, a serious line or flush()", async () => {
    const log = open();
    log.write(1, line("one"));
    expect(written()).toBe("");
    timers[0]();
    expect(written()).toContain("one\n");
    log.write(1, line("two"));
    await log.flush();
    expect(written()).toContain("two\n");
    log.write(1, line("three", { priority: "crit" }));
    expect(written()).toContain("three\n");
    for (let i = 0; i < 70; i++) log.write(1, line("y".repeat(1_000)));
    expect(written().length).toBeGreaterThan(60_000);
    await log.close();
    expect(timers).toEqual([]);
  });

  test("a file that was moved away is opened anew, within a second or after reopen()", async () => {
    const log = open();
    log.write(1, line("first"));
    await log.flush();
    renameSync(path, `${path}.1`);
    now += 1_001;
    log.write(1, line("second"));
    await log.flush();
    expect(written()).toMatch(/^.*second\n$/);
    renameSync(path, `${path}.2`);
    log.reopen();
    log.write(1, line("third"));
    await log.close();
    expect(written()).toMatch(/^.*third\n$/);
  });

  test("lines that could not be written are counted", async () => {
    const log = open();
    log.write(1, line("first"));
    await log.flush();
    // A folder stands where the file should be: it cannot be opened, whoever runs this test.
    renameSync(path, `${path}.1`);
    mkdirSync(path);
    log.reopen();
    log.write(1, line("lost"));
    log.write(1, line("lost"));
    await log.flush();
    rmSync(path, { recursive: true });
    log.write(1, line("back again"));
    await log.close();
    expect(written()).toMatch(/: back again\n.*: 2 lines of the log were lost: EISDIR/);
  });

  test("a file that cannot be opened is reported at start", () => {
    mkdirSync(path, { recursive: true });
    expect(() => open()).toThrow(/EISDIR/);
  });
});

/** A logger(1) that writes its arguments and its input to a file; `once` ends after the first line. */
function fakeLogger(once: boolean): { command: string[]; output: string } {
  mkdirSync(join(folder, String(number)), { recursive: true });
  const output = join(folder, String(number), "out");
  const program = join(folder, String(number), "logger");
  const body = once ? 'IFS= read -r line; echo "$line" >>"$0.out"' : 'cat >>"$0.out"';
  writeFileSync(program, `#!/bin/sh\necho "$@" >>"$0.out"\n${body}\n`);
  chmodSync(program, 0o755);
  return { command: ["/bin/sh", program], output: `${output.slice(0, -3)}logger.out` };
}

describe("syslog", () => {
  test("lines go to logger(1) with facility mail and their priority", async () => {
    const { command, output } = fakeLogger(false);
    const log = open({ targets: [{ kind: "syslog", command }], clock: systemClock });
    log.write(1, line("from=<a@b>", { id: "5AK" }));
    log.write(1, line("refused", { priority: "notice" }));
    await log.close();
    expect(readFileSync(output, "utf8")).toBe(
      "--tag sendmail --id=7 --priority mail.info --prio-prefix\n<22>5AK: from=<a@b>\n<21>refused\n",
    );
  });

  test("a logger that dies is started again, and waiting lines go to the new one", async () => {
    const { command, output } = fakeLogger(true);
    // Restarts come at once here.
    const hasty: Clock = { now: () => now, after: (ms, action) => systemClock.after(ms === 1_000 ? 1 : ms, action) };
    const log = open({ targets: [{ kind: "syslog", command }], clock: hasty });
    let starts = 0;
    for (let i = 0; starts < 2; i++) {
      log.write(1, line(`line ${i}`));
      await log.flush();
      await new Promise((resolve) => setTimeout(resolve, 5));
      starts = readFileSync(output, { encoding: "utf8", flag: "a+" }).split("--prio-prefix").length - 1;
    }
    expect(starts).toBeGreaterThanOrEqual(2);
    await log.close();
  });

  test("without any logger mail goes on, and close() returns", async () => {
    const hasty: Clock = { now: () => now, after: (_, action) => systemClock.after(1, action) };
    const log = open({ targets: [{ kind: "syslog", command: [join(folder, "missing")] }], clock: hasty });
    for (let i = 0; i < 1_000; i++) log.write(1, line("z".repeat(2_000)));
    await log.close();
  });
});
