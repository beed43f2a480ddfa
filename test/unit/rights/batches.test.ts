/** Who has a turn when: ids are taken on once for all that waits for a user. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { Batches, type ReadyTask } from "../../../src/rights/batches.ts";
import { Identities, type IdCalls } from "../../../src/rights/identity.ts";
import { MessageOctets } from "../../../src/rights/message-octets.ts";
import type { FileLocks, FileTask, TaskResult } from "../../../src/rights/task.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const DONE: TaskResult = { kind: "done", status: "2.0.0", text: "" };

/** Notes who is taken on, and lets everything be. */
function noting(notes: string[], mayTakeOn: (uid: number) => boolean = () => true): IdCalls {
  const state = { euid: 0, egid: 0, groups: [] as readonly number[] };
  return {
    getuid: () => 0,
    geteuid: () => state.euid,
    getegid: () => state.egid,
    getgroups: () => state.groups,
    setgroups: (groups) => void (state.groups = groups),
    initgroups: () => undefined,
    setegid: (gid) => void (state.egid = gid),
    seteuid: (uid) => {
      if (uid !== 0 && !mayTakeOn(uid)) throw Object.assign(new Error("no"), { code: "EPERM" });
      state.euid = uid;
      notes.push(uid === 0 ? "back" : `as ${uid}`);
    },
    setgid: () => undefined,
    setuid: () => undefined,
  };
}

interface Trial {
  readonly notes: string[];
  readonly clock: ManualClock;
  readonly add: (uid: number, name: string, run?: FileTask) => { cancel: () => void; result: Promise<TaskResult> };
}

function trial(mayTakeOn?: (uid: number) => boolean, isAnswerNoted = false): Trial {
  const notes: string[] = [];
  const clock = new ManualClock();
  const identities = new Identities(noting(notes, mayTakeOn), (reason) => {
    throw new Error(reason);
  });
  notes.length = 0;
  const locks: FileLocks = { lock: () => "unsupported", unlock: () => undefined };
  const batches = new Batches({ identities, locks, clock });
  return {
    notes,
    clock,
    add(uid, name, run = () => DONE) {
      const { promise, resolve } = Promise.withResolvers<TaskResult>();
      let isCancelled = false;
      const task: ReadyTask = {
        name,
        run: (...words) => {
          notes.push(name);
          return run(...words);
        },
        user: { user: `u${uid}`, uid, gid: uid },
        groups: () => [uid],
        argument: {},
        octets: new MessageOctets(),
        mayMake: false,
        isCancelled: () => isCancelled,
        answer: (result) => {
          if (isAnswerNoted) notes.push(`answer ${name}`);
          resolve(result);
        },
      };
      batches.add(task);
      return { cancel: () => (isCancelled = true), result: promise };
    },
  };
}

test("all tasks of a user are done between one taking-on and one giving-back, users in turn", async () => {
  const { add, notes } = trial();
  const tasks = [add(1, "a1"), add(2, "b1"), add(1, "a2"), add(3, "c1"), add(1, "a3"), add(2, "b2")];
  await Promise.all(tasks.map(({ result }) => result));
  expect(notes).toEqual(["as 1", "a1", "a2", "a3", "back", "as 2", "b1", "b2", "back", "as 3", "c1", "back"]);
});

test("what came for a user who had a turn waits for the others", async () => {
  const { add, notes } = trial();
  const more: Promise<TaskResult>[] = [];
  const first = add(1, "a1", () => {
    more.push(add(1, "a2").result);
    return DONE;
  });
  await Promise.all([first.result, add(2, "b1").result]);
  await Promise.all(more);
  expect(notes).toEqual(["as 1", "a1", "back", "as 2", "b1", "back", "as 1", "a2", "back"]);
});

test("one task that fails spoils no other; a cancelled one is not begun", async () => {
  const { add, notes } = trial();
  const failing = add(1, "a1", () => {
    throw Object.assign(new Error("no"), { code: "EDQUOT" });
  });
  const cancelled = add(1, "a2");
  cancelled.cancel();
  expect(await add(1, "a3").result).toEqual(DONE);
  expect(await failing.result).toEqual({ kind: "later", status: "4.2.2", text: "a1: Disk quota exceeded" });
  expect(notes).toEqual(["as 1", "a1", "a3", "back"]);
});

test("a user who cannot be taken on has nothing done, others have", async () => {
  const { add, notes } = trial((uid) => uid !== 1);
  const results = await Promise.all([add(1, "a1").result, add(2, "b1").result]);
  expect(results).toEqual([{ kind: "later", status: "4.2.0", text: "as user u1: Operation not permitted" }, DONE]);
  expect(notes.filter((each) => each !== "back")).toEqual(["as 2", "b1"]);
});

function into(path: string): FileTask {
  return (_argument, _octets, tools) => {
    tools.syncFolder(path);
    return DONE;
  };
}

test("a folder is synced once for all, before anything is called done", async () => {
  const { add } = trial();
  const good = [add(1, "a1", into("/tmp")), add(1, "a2", into("/tmp"))];
  const bad = add(1, "a3", into("/nonexistent/new"));
  for (const { result } of good) expect(await result).toEqual(DONE);
  expect(await bad.result).toMatchObject({ kind: "later", status: "4.2.0" });
});

/** Descriptors of this process. */
const open = (): number => readdirSync("/proc/self/fd").length;

test("folders are synced, and answers given, when the users of a turn are done; none stays open", async () => {
  const { add, notes } = trial(undefined, true);
  const before = open();
  let most = 0;
  const users = Array.from({ length: 200 }, (_, number) => number + 1);
  const tasks = users.map((uid) =>
    add(uid, `t${uid}`, (...words) => {
      most = Math.max(most, open());
      return into("/tmp")(...words);
    }),
  );
  for (const { result } of tasks) expect(await result).toEqual(DONE);
  for (const uid of users) expect(notes.indexOf(`answer t${uid}`)).toBeGreaterThan(notes.indexOf(`t${uid}`));
  expect(open()).toBe(before);
  expect(most - before).toBeLessThanOrEqual(64);
});

test("a FIFO that a user puts where a folder was holds nobody up", async () => {
  const place = mkdtempSync(join(tmpdir(), "batches-"));
  const fifo = join(place, "new");
  execFileSync("mkfifo", [fifo]);
  // Not in this process: with the fault it would wait for ever, and no time limit of a test would end it.
  const script = `
    const { Batches } = await import(${JSON.stringify(new URL("../../../src/rights/batches.ts", import.meta.url).href)});
    const clock = { now: () => 0, after: () => undefined };
    const task = {
      name: "maildir", user: { user: "u", uid: 1, gid: 1 }, groups: () => [1], argument: {}, octets: {}, mayMake: false,
      run: (_argument, _octets, tools) => (tools.syncFolder(process.argv[1]), { kind: "done", status: "2.0.0", text: "" }),
      isCancelled: () => false, answer: ({ kind }) => console.log(kind),
    };
    new Batches({ identities: undefined, locks: {}, clock }).add(task);`;
  try {
    const words = ["--no-warnings", "--input-type=module", "-e", script, fifo];
    const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8", timeout: 30_000 });
    expect([stdout, stderr]).toEqual(["later\n", ""]);
  } finally {
    rmSync(place, { recursive: true });
  }
});

test("a lock that is held: tried again with longer pauses, given up after half a minute", async () => {
  const { add, clock, notes } = trial();
  const { result } = add(1, "a1", () => ({ kind: "busy", text: "the mailbox is locked" }));
  for (let second = 0; second < 40; second++) {
    clock.advance(1_000);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }
  expect(await result).toEqual({ kind: "later", status: "4.2.0", text: "the mailbox is locked" });
  const tries = notes.filter((each) => each === "a1").length;
  expect(tries).toBeGreaterThan(20);
  expect(tries).toBeLessThan(60);
});
