/** The pool with real processes: as an ordinary user's, and as root's with the ids of many. */
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { afterAll, afterEach, describe, expect, test } from "@jest/globals";
import { FrameReader, joinTask } from "../../../src/rights/frames.ts";
import { PoolClient } from "../../../src/rights/pool-client.ts";
import { OwnPool } from "../../../src/rights/pool-source.ts";
import { RootHelper } from "../../../src/rights/root-helper.ts";
import type { TaskArgument, TaskInput, TaskResult, TaskUser } from "../../../src/rights/task.ts";
import { command, isRoot, openOwnPool, openTestPool, type TestPool, userOf } from "../../support/pool.ts";

const never = new AbortController().signal;
const me = { user: "me", uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

async function* chunks(): AsyncGenerator<Buffer> {
  for (let count = 0; count < 200; count++) yield Buffer.alloc(65_536, count);
}

async function* broken(): AsyncGenerator<Buffer> {
  yield Buffer.from("half");
  throw new Error("disk is gone");
}

describe("the pool of an ordinary user", () => {
  const pool = openOwnPool();
  afterAll(() => pool.close());
  const run = (deed: string, input: TaskInput = [], argument: TaskArgument = {}, signal = never): Promise<TaskResult> =>
    pool.run(me, "mbox", { deed, ...argument }, input, signal);

  test("is that user, in another process", async () => {
    expect((await run("whoami")).output).toMatch(new RegExp(`^${me.uid}:${me.gid}:`));
    expect((await run("pid")).output).not.toBe(String(process.pid));
  });

  test("input goes there, however long it is, and can be read twice", async () => {
    expect((await run("count", chunks)).output).toBe(`${200 * 65_536} ${200 * 65_536}`);
    expect((await run("count", [Buffer.from("ab"), Buffer.from("c")])).output).toBe("3 3");
    expect((await run("count", [Buffer.alloc(3_000_000)])).output).toBe("3000000 3000000");
    expect((await run("twice", chunks)).output).toBe("true");
    expect((await run("count")).output).toBe("0 0");
  });

  test("input that breaks off is a temporary failure, and no task", async () => {
    expect(await run("count", broken)).toMatchObject({ kind: "later", text: "disk is gone" });
    expect((await run("count")).output).toBe("0 0");
  });

  test("a process that dies answers for its tasks, and is replaced", async () => {
    const others = [1, 2, 3].map(() => run("count"));
    expect(await run("die")).toMatchObject({ kind: "later", status: "4.3.0", text: "the pool process has ended" });
    for (const result of await Promise.all(others)) expect(result.kind).toMatch(/done|later/);
    expect((await run("count")).kind).toBe("done");
  });

  test("what a task throws is a temporary failure that names the reason", async () => {
    expect(await run("fail")).toMatchObject({ kind: "later", status: "4.3.1", text: "mbox: No space left on device" });
    expect(await run("syncNowhere")).toMatchObject({ kind: "later", status: "4.2.0" });
    expect(await pool.run(me, "nonsense", {}, [], never)).toMatchObject({ kind: "later", status: "4.3.5" });
  });

  test("a program waits beside file tasks, and ends when nobody waits for it", async () => {
    const abort = new AbortController();
    const waiting = Array.from({ length: 70 }, () => pool.run(me, "program", { wait: true }, [], abort.signal));
    expect((await run("count")).kind).toBe("done");
    abort.abort();
    for (const result of await Promise.all(waiting)) expect(result).toMatchObject({ kind: "later", status: "4.3.2" });
    expect(await run("count", [], {}, abort.signal)).toMatchObject({ kind: "later", status: "4.3.2" });
  });
});

test("one user whose programs hang does not take the places of all others", async () => {
  const pool = openOwnPool({ processes: 2, mostProcesses: 2 });
  const abort = new AbortController();
  const hang = (user: string): Promise<TaskResult> =>
    pool.run({ ...me, user }, "program", { wait: true }, [], abort.signal);
  const hanging = ["mallory", "mandy"].flatMap((user) => Array.from({ length: 200 }, () => hang(user)));
  // Sent after those that there was room for.
  for (const user of ["ann", "bob", "ann"])
    expect((await pool.run({ ...me, user }, "program", {}, [], never)).kind).toBe("done");
  abort.abort();
  for (const each of await Promise.all(hanging)) expect(each.kind).toBe("later");
  await pool.close();
}, 20_000);

test("processes that end before they answer are not started without end", async () => {
  let started = 0;
  const pool = new PoolClient({
    open() {
      started++;
      return new OwnPool(["/bin/true"]).open();
    },
    close: () => undefined,
  });
  const result = await pool.run(me, "mbox", { deed: "whoami" }, [], never);
  expect(result).toMatchObject({ kind: "later", status: "4.3.0" });
  const waiting = Array.from({ length: 200 }, () => pool.run(me, "mbox", { deed: "whoami" }, [], never));
  for (const each of await Promise.all(waiting)) expect(each).toMatchObject({ kind: "later", status: "4.3.0" });
  expect(started).toBeLessThan(10);
  await pool.close();
});

const asRoot = isRoot ? describe : describe.skip;

asRoot("the pool of root (skipped: needs root)", () => {
  let open: TestPool | undefined;
  afterEach(async () => {
    await open?.close();
    open = undefined;
  });

  const run = (number: number, deed: string, path: string, argument: TaskArgument = {}): Promise<TaskResult> => {
    if (open === undefined) throw new Error("no pool");
    return open.pool.run(userOf(number), "maildir", { deed, path, ...argument }, [], never);
  };

  test("each task has the ids of its user, and nobody else's", async () => {
    open = openTestPool();
    const { home } = open;
    const numbers = Array.from({ length: 600 }, (_, at) => (at * 7) % 150);
    const results = await Promise.all(numbers.map((number) => run(number, "whoami", join(home(number), "x"))));
    const wanted = numbers.map((number) => `${userOf(number).uid}:${userOf(number).gid}:${userOf(number).gid}`);
    expect(results.map(({ output }) => output)).toEqual(wanted);
  });

  test("what it writes is the user's, and what only root may write is not written", async () => {
    open = openTestPool(3);
    const { home, folder } = open;
    expect((await run(1, "write", join(home(1), "x"))).kind).toBe("done");
    expect(statSync(join(home(1), "x")).uid).toBe(userOf(1).uid);
    expect(await run(1, "write", join(home(2), "x"))).toMatchObject({ kind: "later", status: "4.3.5" });
    // Somebody else's folder in place of his own: the kernel looks at the ids when it counts.
    rmSync(join(home(2)), { recursive: true });
    symlinkSync(home(0), home(2));
    expect(await run(2, "write", join(home(2), "x"))).toMatchObject({ text: expect.stringContaining("denied") });
    symlinkSync(folder, join(home(1), "link"));
    expect(await run(1, "write", join(home(1), "link/x"))).toMatchObject({ text: expect.stringContaining("denied") });
    expect(existsSync(join(folder, "x"))).toBe(false);
  });

  test("folders are synced that the user may open, and no others", async () => {
    open = openTestPool(3);
    const { home } = open;
    const box = (number: number): string => join(home(number), "box");
    for (const number of [0, 1, 2]) {
      mkdirSync(box(number), { mode: 0o700 });
      chownSync(box(number), userOf(number).uid, userOf(number).gid);
    }
    // A link is what he makes of his own folder; at its end the kernel looks at the ids.
    symlinkSync(box(0), join(home(1), "link"));
    const asked = [1, 2].flatMap((number) => [run(number, "syncAt", box(number)), run(number, "whoami", box(number))]);
    const theirs = run(1, "syncAt", join(home(1), "link"));
    expect((await Promise.all(asked)).map(({ kind }) => kind)).toEqual(["done", "done", "done", "done"]);
    expect(await theirs).toMatchObject({ kind: "later", text: expect.stringContaining("denied") });
  });

  test("a user who is not who the server says is not served", async () => {
    open = openTestPool();
    const { pool, home } = open;
    const { user, uid, gid } = userOf(1);
    for (const liar of [
      { user, uid: uid + 1, gid },
      { user, uid, gid: gid + 1 },
      { user, uid: 0, gid: 0 },
      { user: "nobody-at-all", uid, gid },
      { user: "root", uid: 0, gid: 0 },
    ]) {
      const result = await pool.run(liar, "mbox", { deed: "whoami", path: join(home(1), "x") }, [], never);
      expect(result).toMatchObject({ kind: "later", status: "4.3.5", text: expect.stringMatching(/root side/) });
    }
    expect((await run(1, "whoami", join(home(1), "x"))).output).toMatch(`${uid}:${gid}:`);
  });

  test("identities of the configuration need no account; root's rights in between only for mailboxes", async () => {
    const mail = { user: "mail", uid: 31_900, gid: 31_901 };
    open = openTestPool(1, { identities: [mail], mailboxes: [{ kind: "maildir", path: "/srv/box/$u" }] });
    const { pool, home } = open;
    const ask = (path: string): Promise<TaskResult> => pool.run(mail, "maildir", { deed: "asRoot", path }, [], never);
    const his = "31900:31901:31901";
    expect((await ask("/srv/box/ann")).output).toMatch(`${his} 0:31901:31901 ${his}`);
    expect(await ask("/srv/box/ann/x")).toMatchObject({ status: "4.3.5" });
    const own = await run(0, "asRoot", join(home(0), "x"));
    expect(own.output?.split(" ").map((each) => each.split(":")[0])).toEqual(["31000", "31000", "31000"]);
  });

  test("programs are told who they are to be, and started without the last user's groups", async () => {
    open = openTestPool(0, { programs: [{ path: "/bin/true", asRoot: false, words: [], nice: 0, root: "" }] });
    const { pool, home } = open;
    await run(1, "whoami", join(home(1), "x"));
    const argument = { path: "/bin/true", nice: 0, root: "" };
    const { output = "" } = await pool.run(userOf(2), "program", argument, [], never);
    const identity = { ...userOf(2), groups: [userOf(2).gid], isChange: true, here: "0:0:0" };
    expect(JSON.parse(output)).toEqual(identity);
    expect(await pool.run(userOf(2), "program", { path: "/bin/sh" }, [], never)).toMatchObject({ status: "4.3.5" });
  });

  test("a program of root's is started with the words of the configuration, for users that there are", async () => {
    const words = [["lda", "-d", "\0u", "-h", "\0z"]];
    open = openTestPool(0, { programs: [{ path: "/bin/lda", asRoot: true, words, nice: 0, root: "" }] });
    const { pool, home } = open;
    const root = { user: "root", uid: 0, gid: 0 };
    const ask = (...argv: string[]): Promise<TaskResult> =>
      pool.run(root, "program", { path: "/bin/lda", argv, nice: 0, root: "" }, [], never);
    expect(JSON.parse((await ask("lda", "-d", "u7", "-h", home(7))).output ?? "")).toMatchObject({ uid: 0 });
    for (const lie of [
      ["lda", "-d", "nobody-here", "-h", home(7)],
      ["lda", "-d", "u7", "-h", home(8)],
      ["lda", "-d", "u7", "-h", "/tmp"],
      ["lda", "-d", "-o", "-h", home(7)],
      ["lda", "-o", "u7", "-h", home(7)],
      ["sh", "-c", "id"],
    ]) {
      expect(await ask(...lie)).toMatchObject({ status: "4.3.5", text: expect.stringMatching(/root side/) });
    }
  });

  test("a conversation as root has the words of the configuration, and nothing else of the server's", async () => {
    const words = [["env"]];
    open = openTestPool(0, {
      programs: [{ path: "/usr/bin/env", asRoot: true, words, nice: 0, root: "" }],
      identities: [userOf(1)],
    });
    const { helper } = open;
    const ask = (who: TaskUser, ...argv: string[]): Promise<Socket> =>
      helper.converse(who, { path: "/usr/bin/env", argv, environment: ["LD_DEBUG=help", "HOME=/evil"] });
    const root = { user: "root", uid: 0, gid: 0 };
    const said = await textOf(await ask(root, "env"));
    expect(said).toContain("USER=root\n");
    expect(said).not.toContain("evil");
    await expect(ask(root, "env", "id")).rejects.toThrow("these words");
    await expect(ask(root)).rejects.toThrow("these words");
    await expect(ask(userOf(2), "env")).rejects.toThrow("no user");
    (await ask(userOf(1), "env", "true")).destroy();
  });

  test("a lock that is held costs others nothing", async () => {
    open = openTestPool(2);
    const { home } = open;
    const order: string[] = [];
    const told = (name: string) => (result: TaskResult) => void order.push(`${name} ${result.output}`);
    const held = run(0, "busy", join(home(0), "tries"), { tries: 3 }).then(told("held"));
    const free = run(1, "whoami", join(home(1), "x")).then(told("free"));
    await Promise.all([held, free]);
    expect(order.map((each) => each.split(" ")[0])).toEqual(["free", "held"]);
    expect(order[1]).toBe("held free at last");
  });

  test("a new configuration is in force for the next task", async () => {
    open = openTestPool(1, { mailboxes: [{ kind: "maildir", path: "/srv/old/$u" }] });
    const { helper, terms, folder } = open;
    expect((await run(0, "whoami", "/srv/old/u0")).kind).toBe("done");
    expect((await run(0, "whoami", "/srv/new/u0")).status).toBe("4.3.5");
    expect(await helper.reload()).toEqual({ terms: undefined, messages: [expect.stringContaining("No such file")] });
    expect((await run(0, "whoami", "/srv/old/u0")).kind).toBe("done");
    writeFileSync(join(folder, "terms"), '{"users":');
    await expect(helper.reload()).rejects.toThrow("JSON");
    expect((await run(0, "whoami", "/srv/old/u0")).kind).toBe("done");
    const next = { ...terms, mailboxes: [{ kind: "maildir", path: "/srv/new/$u" }] };
    writeFileSync(join(folder, "terms"), JSON.stringify(next));
    expect((await helper.reload()).terms).toEqual(next);
    expect((await run(0, "whoami", "/srv/new/u0")).kind).toBe("done");
    expect((await run(0, "whoami", "/srv/old/u0")).status).toBe("4.3.5");
  });

  test("a pool process that dies is replaced, and loses no task that it had not got", async () => {
    open = openTestPool();
    const { pool, home } = open;
    const path = join(home(1), "x");
    const tasks = Array.from({ length: 200 }, (_, at) => run(at % 50, "whoami", join(home(at % 50), "x")));
    const death = pool.run(userOf(1), "maildir", { deed: "die", path }, [], never);
    expect((await death).text).toBe("the pool process has ended");
    for (const { kind, text } of await Promise.all(tasks)) {
      expect(kind === "done" || text === "the pool process has ended").toBe(true);
    }
    expect((await run(1, "whoami", path)).kind).toBe("done");
  });

  test("mailboxes in a home that users may not enter are reached from there", async () => {
    open = openTestPool();
    const above = join(open.folder, "closed");
    const place = join(above, "home");
    mkdirSync(join(place, "mail"), { recursive: true });
    chmodSync(above, 0o700);
    chownSync(join(place, "mail"), userOf(1).uid, userOf(1).gid);
    const terms = { ...open.terms, mailboxes: [{ kind: "maildir" as const, path: join(place, "mail/$u") }] };
    const pool = new PoolClient(new RootHelper({ command, terms, termsCommand: [], folder: place }));
    try {
      const path = join(place, "mail/u1");
      expect((await pool.run(userOf(1), "maildir", { deed: "write", path }, [], never)).text).toBe("");
      expect(statSync(path).uid).toBe(userOf(1).uid);
      const other = await pool.run(userOf(2), "maildir", { deed: "write", path: join(place, "mail/u2") }, [], never);
      expect(other.text).toContain("denied");
    } finally {
      await pool.close();
    }
  });
});

/** A server that has been taken over says what it likes to a pool process. */
asRoot("octets of a hostile server (skipped: needs root)", () => {
  test.each<[string, () => Buffer]>([
    ["no frame", () => Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["no JSON", () => frame("T", Buffer.from("\0\0\0\x01{"))],
    ["a length beyond the frame", () => frame("T", Buffer.from("\xff\0\0\0{}", "latin1"))],
    ["a uid that is text", () => task({ user: "u1", uid: "31001", gid: 31_001 })],
    ["a uid below zero", () => task({ user: "u1", uid: -1, gid: 31_001 })],
    ["no argument", () => task({ ...userOf(1), argument: null })],
    ["a task twice", () => Buffer.concat([task({ ...userOf(1), more: true }), task({ ...userOf(1), more: true })])],
    [
      "tasks without end",
      () => Buffer.concat(Array.from({ length: 1_000 }, (_, id) => task({ ...userOf(1), more: true }, id))),
    ],
    ["JSON without end", () => frame("T", nested())],
  ])("%s ends the process, which answers nothing", async (_name, octets) => {
    const { helper, close } = openTestPool();
    try {
      const socket = await helper.open();
      const answers: unknown[] = [];
      socket.on("data", (chunk: Buffer) => answers.push(...new FrameReader().push(chunk)));
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.on("error", () => undefined);
      socket.write(octets());
      await closed;
      expect(answers).toEqual([]);
    } finally {
      await close();
    }
  });
});

function nested(): Buffer {
  const json = Buffer.from("[".repeat(1_000_000));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length, 0);
  return Buffer.concat([length, json]);
}

function frame(type: string, payload: Buffer, id = 1): Buffer {
  const head = Buffer.alloc(9);
  head.write(type, 0, "latin1");
  head.writeUInt32BE(id, 1);
  head.writeUInt32BE(payload.length, 5);
  return Buffer.concat([head, payload]);
}

function task(message: Readonly<Record<string, unknown>>, id = 1): Buffer {
  const whole = { task: "maildir", argument: { deed: "whoami" }, more: false, ...message };
  return frame("T", joinTask(whole as unknown as Parameters<typeof joinTask>[0]), id);
}
