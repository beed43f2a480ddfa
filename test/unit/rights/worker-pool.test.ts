import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { FrameReader } from "../../../src/rights/worker-frames.ts";
import { RootHelper, WorkerPool } from "../../../src/rights/worker-pool.ts";

const isRoot = process.getuid?.() === 0;
/** As root a worker is nobody; otherwise it can only be ourselves. */
const me = isRoot
  ? { user: "nobody", uid: 65534, gid: 65534 }
  : { user: "me", uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const never = new AbortController().signal;
const entry = join(import.meta.dirname, "../../support/worker-entry.ts");

async function* chunks(): AsyncGenerator<Buffer> {
  for (let count = 0; count < 200; count++) yield Buffer.alloc(65_536);
}

async function* broken(): AsyncGenerator<Buffer> {
  yield Buffer.from("half");
  throw new Error("disk is gone");
}

let pool: WorkerPool;
beforeAll(() => {
  pool = new WorkerPool(new RootHelper([process.execPath, entry]), { perUser: 2, idle: 60_000 });
});
afterAll(() => pool.close());

test("a worker is the user it works for", async () => {
  const { output } = await pool.run(me, "whoami", {}, [], never);
  expect(output).toMatch(new RegExp(`^${me.uid} ${me.gid} `));
  if (isRoot) expect(output?.split(" ")[2].split(",")).not.toContain("0");
});

test("input goes to the worker, however long it is", async () => {
  expect((await pool.run(me, "count", {}, chunks, never)).output).toBe(String(200 * 65_536));
  expect((await pool.run(me, "count", {}, [Buffer.from("ab"), Buffer.from("c")], never)).output).toBe("3");
  // The next task of the same worker is not confused by what was left over.
  expect((await pool.run(me, "early", {}, chunks, never)).output).toBe("before the end of the input");
  expect((await pool.run(me, "count", {}, [Buffer.from("abc")], never)).output).toBe("3");
});

test("input that breaks off is a temporary failure", async () => {
  expect(await pool.run(me, "count", {}, broken, never)).toMatchObject({ kind: "later", text: "disk is gone" });
  expect((await pool.run(me, "count", {}, [], never)).output).toBe("0");
});

test("a worker that dies is a temporary failure, and replaced", async () => {
  expect(await pool.run(me, "die", {}, [], never)).toMatchObject({
    kind: "later",
    text: "the worker process has ended",
  });
  expect((await pool.run(me, "count", {}, [], never)).kind).toBe("done");
});

test("an aborted task ends, others that wait for a worker get theirs", async () => {
  const abort = new AbortController();
  // Both workers are running when they are told to stop.
  await Promise.all([1, 2].map(() => pool.run(me, "count", {}, [], never)));
  const waiting = [1, 2].map(() => pool.run(me, "wait", {}, [], abort.signal));
  const next = pool.run(me, "count", {}, [], never);
  abort.abort();
  for (const result of await Promise.all(waiting)) expect(result.kind).toBe("later");
  expect((await next).kind).toBe("done");
});

test("an unknown task is a temporary failure", async () => {
  expect(await pool.run(me, "nonsense", {}, [], never)).toMatchObject({ kind: "later" });
});

describe.each([isRoot ? "as root" : "skipped: needs root"])("%s", () => {
  const asRoot = isRoot ? test : test.skip;

  asRoot("no worker works as root", async () => {
    const result = await pool.run({ user: "root", uid: 0, gid: 0 }, "whoami", {}, [], never);
    expect(result).toMatchObject({ kind: "later", text: "refusing to work as root" });
  });

  asRoot("a mailbox is written with the user's rights and no others", async () => {
    const folder = await mkdtemp(join(tmpdir(), "workers-"));
    try {
      const path = join(folder, "box");
      const refused = await pool.run(me, "maildir", { path }, [Buffer.from("x\n")], never);
      expect(refused).toMatchObject({ kind: "later", text: expect.stringContaining("Permission denied") });
      await mkdir(join(folder, "home"));
      await chmod(folder, 0o755);
      await chown(join(folder, "home"), me.uid, me.gid);
      const file = join(folder, "home/mbox");
      expect((await pool.run(me, "mbox", { path: file }, [Buffer.from("From x\n\ny\n\n")], never)).kind).toBe("done");
      expect((await stat(file)).uid).toBe(me.uid);
      expect(await readFile(file, "latin1")).toBe("From x\n\ny\n\n");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("a server whose home lies where its users may not enter", () => {
  (isRoot ? test : test.skip).each(["maildir", "mbox", "mh"])("%s is reached from the home", async (kind) => {
    const above = await mkdtemp(join(tmpdir(), "closed-"));
    const home = join(above, "home");
    await mkdir(join(home, "mail"), { recursive: true });
    await chown(join(home, "mail"), me.uid, me.gid);
    const here = new WorkerPool(new RootHelper([process.execPath, entry], home));
    try {
      const deliver = (path: string) => here.run(me, kind, { path }, [Buffer.from("From x\n\ny\n\n")], never);
      expect((await deliver(join(home, "mail/box"))).kind).toBe("done");
      expect((await stat(join(home, "mail/box"))).uid).toBe(me.uid);
      // Only what lies in it, and with no other rights.
      expect((await deliver(join(above, "box"))).text).toContain("Permission denied");
      expect((await deliver(join(home, "box"))).text).toContain("Permission denied");
    } finally {
      await here.close();
      await rm(above, { recursive: true });
    }
  });
});

test("frames are found in octets cut anywhere, and nonsense is refused", () => {
  const octets = Buffer.from("T\0\0\0\x02{}D\0\0\0\x03abcE\0\0\0\0", "latin1");
  for (let size = 1; size < octets.length; size++) {
    const reader = new FrameReader();
    const frames = [];
    for (let at = 0; at < octets.length; at += size) frames.push(...reader.push(octets.subarray(at, at + size)));
    expect(frames.map(({ type, payload }) => type + payload.toString())).toEqual(["T{}", "Dabc", "E"]);
  }
  expect(() => new FrameReader().push(Buffer.from("GET / HTTP/1.1\r\n"))).toThrow("not a frame");
});
