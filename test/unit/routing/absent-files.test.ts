/** When a file that was not there is looked for again: with real folders, and a clock that the test moves. */
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "@jest/globals";
import { NO_SUCH_ENTRY, READ_TASK } from "../../../src/mailbox/read-text.ts";
import type { TaskResult, UserWorkers } from "../../../src/rights/task.ts";
import { AbsentFiles } from "../../../src/routing/absent-files.ts";
import { filesOf } from "../../../src/routing/user-files.ts";
import { InProcessWorkers } from "../../support/in-process-workers.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const place = mkdtempSync(join(tmpdir(), "absent-files-"));
afterAll(() => rmSync(place, { recursive: true }));

const JOE = { user: "joe", uid: 52001, gid: 52001 };
let home: string;
let path: string;
let clock: ManualClock;
let count = 0;

beforeEach(() => {
  home = join(place, `home${++count}`);
  mkdirSync(home);
  path = join(home, ".forward");
  clock = new ManualClock(Date.now() + 10_000);
});

/** Whether it is believed to be absent still; when not, it is looked for, and not there. */
function asks(files: AbsentFiles): "believed" | "asked" {
  clock.advance(1);
  const seen = files.look(path);
  if (seen === "absent") return "believed";
  if (seen !== undefined) files.note(path, seen);
  return "asked";
}

test.each<[what: string, happens: () => void, expected: "believed" | "asked"]>([
  ["nothing", () => undefined, "believed"],
  ["59 seconds", () => clock.advance(59_000), "believed"],
  ["a minute", () => clock.advance(60_000), "asked"],
  ["the clock is put back", () => clock.advance(-1_000), "asked"],
  ["the file is made", () => writeFileSync(path, ""), "asked"],
  ["a file is put there under another name", () => writeFileSync(join(home, "notes"), ""), "asked"],
  ["its folder gets other rights", () => chmodSync(home, 0o711), "asked"],
  ["another folder takes the place", () => (renameSync(home, `${home}.old`), mkdirSync(home)), "asked"],
  ["the folder goes", () => rmSync(home, { recursive: true }), "asked"],
  ["somebody sets the time of the folder back", () => setBack(), "asked"],
])("a file that was not there, and then: %s", (_what, happens, expected) => {
  const files = new AbsentFiles(clock);
  expect(asks(files)).toBe("asked");
  expect(asks(files)).toBe("believed");
  happens();
  expect(asks(files)).toBe(expected);
});

/** Makes the file, and gives the folder the time of change that it had: the time of that cannot be set. */
function setBack(): void {
  const before = new Date(2_000_000);
  writeFileSync(path, "");
  utimesSync(home, before, before);
}

test("places in one folder that are asked for in the same millisecond cost one look at it", () => {
  const files = new AbsentFiles(clock);
  const seen = files.look(path);
  if (typeof seen !== "object") throw new Error("nothing to keep");
  files.note(path, seen);
  writeFileSync(path, "");
  expect([files.look(path), files.look(`${path}.host`)]).toEqual(["absent", seen]);
  clock.advance(1);
  expect(files.look(path)).not.toBe("absent");
});

test("of a folder that was changed a moment ago nothing is kept", () => {
  clock = new ManualClock(Date.now() + 1_000);
  const files = new AbsentFiles(clock);
  expect([asks(files), asks(files)]).toEqual(["asked", "asked"]);
  clock.advance(5_000);
  expect([asks(files), asks(files)]).toEqual(["asked", "believed"]);
});

/** Counts, and may say something else than what is there: as for a folder that this process may not look into. */
class Counting implements UserWorkers {
  tasks = 0;
  readonly #inner = new InProcessWorkers();
  readonly #answer: TaskResult | undefined;

  constructor(answer?: TaskResult) {
    this.#answer = answer;
  }

  run(...given: Parameters<UserWorkers["run"]>): Promise<TaskResult> {
    this.tasks++;
    return this.#answer === undefined ? this.#inner.run(...given) : Promise.resolve(this.#answer);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const question = (): Parameters<ReturnType<typeof filesOf>["read"]>[1] => ({
  path,
  use: "forward",
  dontBlame: new Set(["GroupWritableDirPathSafe", "WorldWritableDirPathSafe"]),
  limit: 1000,
});

test("who may look into the folder is asked once", async () => {
  // For this process there is something, so that it does not answer by itself.
  symlinkSync("/nonexistent", path);
  const workers = new Counting({ kind: "done", status: "2.0.0", text: NO_SUCH_ENTRY });
  const files = filesOf(workers, clock);
  expect(await files.read(JOE, question())).toEqual({ kind: "missing" });
  expect(await files.read(JOE, question())).toEqual({ kind: "missing" });
  expect(workers.tasks).toBe(1);
  writeFileSync(join(home, "notes"), "");
  clock.advance(1);
  await files.read(JOE, question());
  expect(workers.tasks).toBe(2);
});

test("a link that leads nowhere is followed each time: its folder does not tell when it leads somewhere", async () => {
  const target = join(place, `target${count}`);
  symlinkSync(target, path);
  const workers = new Counting();
  const files = filesOf(workers, clock);
  for (let round = 0; round < 2; round++) expect(await files.read(JOE, question())).toEqual({ kind: "missing" });
  expect(workers.tasks).toBe(2);
  writeFileSync(target, "ann\n", { mode: 0o600 });
  expect((await files.read(JOE, question())).kind).toBe("read");
});

test("the task says whether there is nothing at all", async () => {
  const argument = { path, use: "forward", owner: -1, dontBlame: [], limit: 1000 };
  const ask = () => new InProcessWorkers().run(JOE, READ_TASK, argument, [], new AbortController().signal);
  expect((await ask()).text).toBe(NO_SUCH_ENTRY);
  symlinkSync("/nonexistent", path);
  expect((await ask()).text).toBe("");
});
