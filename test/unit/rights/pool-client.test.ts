/** Who gets a task, and when another process is started: with processes that answer when the test says so. */
import { createServer, connect, type Server, type Socket } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { FrameReader, FrameWriter } from "../../../src/rights/frames.ts";
import { PoolClient } from "../../../src/rights/pool-client.ts";
import type { TaskResult } from "../../../src/rights/task.ts";

const never = new AbortController().signal;

/** A pool process that does nothing but answer. */
class FakeProcess {
  readonly waiting: number[] = [];
  readonly #writer: FrameWriter;
  #told: (() => void) | undefined;
  isSilent = false;
  tasks = 0;

  constructor(socket: Socket) {
    this.#writer = new FrameWriter(socket);
    const reader = new FrameReader();
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      for (const { type, task } of reader.push(chunk)) if (type === "T") this.#take(task);
      this.#told?.();
    });
  }

  #take(task: number): void {
    this.tasks++;
    this.waiting.push(task);
    if (!this.isSilent) this.answerAll();
  }

  answerAll(): void {
    this.answer(this.waiting.length);
  }

  /** The oldest ones. */
  answer(count: number): void {
    const result = Buffer.from(JSON.stringify({ kind: "done", status: "2.0.0", text: "" }));
    for (const task of this.waiting.splice(0, count)) this.#writer.write("R", task, result);
  }

  /** Resolves when it has so many tasks. */
  async has(count: number): Promise<void> {
    while (this.waiting.length < count) await new Promise<void>((done) => (this.#told = done));
  }
}

let folder: string;
let server: Server;
let processes: FakeProcess[];
let pool: PoolClient;
let now: number;
let begun: () => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "rulemail-pool-"));
  processes = [];
  now = 0;
  begun = () => undefined;
  server = createServer((socket) => {
    processes.push(new FakeProcess(socket));
    begun();
  });
  await new Promise<void>((done) => server.listen(join(folder, "socket"), done));
  const open = (): Promise<Socket> =>
    new Promise((done) => {
      const socket = connect(join(folder, "socket"), () => done(socket));
    });
  pool = new PoolClient({ open, close: () => undefined }, { now: () => now });
});

afterEach(async () => {
  await pool.close();
  await new Promise((done) => server.close(done));
  rmSync(folder, { recursive: true });
});

const run = (number: number, task = "maildir"): Promise<TaskResult> =>
  pool.run({ user: `u${number}`, uid: 1000 + number, gid: 1000 }, task, {}, [], never);

async function another(): Promise<FakeProcess> {
  const before = processes.length;
  await new Promise<void>((done) => (begun = done));
  return processes[before];
}

test("one process does all while it keeps up, also bursts", async () => {
  for (let round = 0; round < 5; round++) {
    await Promise.all(Array.from({ length: 200 }, (_, number) => run(number)));
    now += 1_000;
  }
  expect(processes.map(({ tasks }) => tasks)).toEqual([1_000]);
});

test("another one helps when a process says nothing, until that is heard again", async () => {
  await run(0);
  const [first] = processes;
  first.isSilent = true;
  const hanging = run(1);
  await first.has(1);
  now = 101; // silent for too long: behind since now
  const second = run(2);
  await first.has(2);
  const helper = another();
  now = 1_001;
  const third = run(3);
  expect((await helper).tasks).toBe(0);
  await first.has(3);
  await run(4);
  expect(processes.map(({ tasks }) => tasks)).toEqual([4, 1]);
  first.isSilent = false;
  first.answerAll();
  await Promise.all([hanging, second, third]);
  await run(5);
  expect(processes.map(({ tasks }) => tasks)).toEqual([5, 1]);
});

test("a process that has not begun to answer is given time", async () => {
  begun = () => (processes[0].isSilent = true);
  const first = run(0);
  while (processes.length === 0) await new Promise((done) => setImmediate(done));
  await processes[0].has(1);
  now = 2_000;
  const second = run(1);
  await processes[0].has(2);
  const third = run(2);
  await processes[0].has(3);
  expect(processes).toHaveLength(1);
  now = 2_300;
  const helper = another();
  const fourth = run(3);
  await helper;
  processes[0].isSilent = false;
  processes[0].answerAll();
  await Promise.all([first, second, third, fourth]);
});

test("another one helps when there is more to do than one gets done, and that goes on", async () => {
  await run(0);
  const [first] = processes;
  first.isSilent = true;
  const many = Array.from({ length: 40 }, (_, number) => run(number));
  await first.has(40);
  for (let more = 1; more <= 100; more++) {
    now += 99; // not silent
    first.answer(1);
    await many[more - 1];
    many.push(run(40 + more));
    await first.has(40);
  }
  expect(processes).toHaveLength(1);
  const helper = another();
  now += 100;
  many.push(run(150));
  await helper;
  await run(151);
  expect(processes[1].tasks).toBe(1);
  first.answerAll();
  await Promise.all(many);
});

test("who waits for room in a process that hangs gets another one, though nothing else happens", async () => {
  await run(0);
  const [first] = processes;
  first.isSilent = true;
  const many = Array.from({ length: 64 }, (_, number) => run(number));
  await first.has(64);
  const helper = another();
  const waiting = run(70);
  now = 5_000;
  await helper;
  await waiting;
  first.answerAll();
  await Promise.all(many);
});

test("a third one helps only when both others hang", async () => {
  await run(0);
  const [first] = processes;
  first.isSilent = true;
  const many = Array.from({ length: 64 }, (_, number) => run(number));
  await first.has(64);
  const times: number[] = [];
  const { promise: third, resolve } = Promise.withResolvers<void>();
  begun = () => {
    times.push(now);
    processes.at(-1)!.isSilent = processes.length === 2;
    if (processes.length === 3) resolve();
  };
  now = 1_500; // behind, and not hanging
  many.push(...Array.from({ length: 66 }, (_, number) => run(100 + number)));
  while (processes.length < 2) await new Promise((done) => setImmediate(done));
  const [, second] = processes;
  await second.has(64);
  now = 2_500; // the first one hangs, the second one does not
  second.answerAll();
  await second.has(2);
  many.push(...Array.from({ length: 63 }, (_, number) => run(200 + number)));
  await second.has(64);
  now = 4_501;
  await third;
  expect(times).toEqual([1_500, 4_501]);
  for (const each of processes) each.answerAll();
  second.isSilent = false;
  first.isSilent = false;
  await Promise.all(many);
});

test("a program that runs long is no sign of a process that is behind", async () => {
  await run(0);
  const [first] = processes;
  first.isSilent = true;
  const program = run(1, "program");
  await first.has(1);
  first.waiting.length = 0;
  first.isSilent = false;
  for (now = 1_000; now < 5_000; now += 1_000) await run(2);
  expect(processes).toHaveLength(1);
  void program;
});
