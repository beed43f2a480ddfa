/**
 * A long queue: what it costs to keep one, to start with one, to look at it, to relay beside it, and to drain it after its host
 * has come back. Queues are filled through the store, as fast as it takes them, before the server starts.
 */
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Envelope } from "../src/envelope/envelope.ts";
import { openQueue } from "../src/queue/open-queue.ts";
import { generate } from "./generator.ts";
import { costOf, residentOf } from "./process-cost.ts";
import { type RunningServer, startServer } from "./server.ts";
import { startSink, type Sink } from "./sink.ts";
import type { Print } from "./wishes.ts";

interface Settings {
  /** Relayed beside the queue. */
  readonly messages: number;
  readonly sessions: number;
  readonly profile: string | undefined;
}

const LONG = 100_000;
const LARGE = 1_000_000;
const PATIENCE_MS = 900_000;
/** Accepted at the same time while a queue is filled. */
const TOGETHER = 500;
const BODY = Buffer.from(`${"0123456789".repeat(8).slice(0, 76)}\r\n`.repeat(8), "latin1");
const HOUR = 3_600_000;

/** A message to the smart host of the shipped configuration, as the server itself would queue it. */
function envelopeOf(id: string, number: number): Envelope {
  const address = `user${number}@host${number % 1000}.test`;
  const header = {
    Received: ` from generator.test (localhost [127.0.0.1])\r\n\tby mail.example.test with ESMTP id ${id}`,
    From: ` <load@sender.test>`,
    To: ` <${address}>`,
    Subject: " load",
    "Message-Id": ` <${id}@mail.example.test>`,
  };
  return {
    id,
    sender: "load@sender.test",
    recipients: [{ given: address, state: "todo", resolved: { mailer: "relay", host: "[127.0.0.1]", user: address } }],
    headers: Object.entries(header).map(([name, value]) => ({ name, value })),
    bodySize: BODY.length,
    eightBit: false,
    smtputf8: false,
    arrived: Date.now(),
    macros: { r: "ESMTP", s: "generator.test", client_addr: "127.0.0.1", client_name: "localhost" },
    isReport: false,
    messageClass: 0,
  };
}

/** @param nextTry ms from now */
async function fill(directory: string, messages: number, nextTry: number): Promise<void> {
  const { store } = await openQueue({ directory });
  let number = 0;
  const client = async (): Promise<void> => {
    while (number < messages) {
      const envelope = envelopeOf(await store.newId(), number++);
      await store.accept(envelope, { kind: "octets", chunks: [BODY] }, { nextTry: Date.now() + nextTry });
    }
  };
  await Promise.all(Array.from({ length: TOGETHER }, client));
  await store.close();
}

const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

async function until(what: string, print: Print, done: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await done())) {
    if (performance.now() > deadline) return print("problem", [`${what} takes too long`]);
    await sleep(100);
  }
}

const isRead = (server: RunningServer): boolean => server.log().includes("messages recovered");

/** What is still running beside the server is not measured: it has read its queue. */
async function withQueue(
  print: Print,
  count: number,
  nextTry: number,
  { relayPort, profile }: { readonly relayPort: number; readonly profile: string | undefined },
  action: (server: RunningServer, banner: number) => Promise<void>,
): Promise<void> {
  let started = 0;
  const server = await startServer({
    deliveryMode: "background",
    relayPort,
    profile,
    prepare: async (queue) => {
      await fill(queue, count, nextTry);
      started = performance.now();
    },
  });
  const banner = performance.now() - started;
  try {
    await until("reading the queue", print, () => isRead(server));
    await action(server, banner);
  } finally {
    await server.stop();
  }
}

export async function benchQueue(print: Print, settings: Settings): Promise<void> {
  for (const count of [LONG, LARGE]) await lookAt(print, count, settings);
  for (const count of [10, LONG]) await relayBeside(print, count, settings);
  await drain(print, settings);
}

/** Starting with a queue, and looking at its beginning. */
async function lookAt(print: Print, count: number, { profile }: Settings): Promise<void> {
  const began = performance.now();
  await withQueue(print, count, HOUR, { relayPort: 9, profile }, async (server, banner) => {
    const read = (performance.now() - began) / 1000;
    const before = performance.now();
    const head = server.run("mailq | head -12").split("\n").length;
    const looked = performance.now() - before;
    print(`${count} queued`, [
      `banner after ${(banner / 1000).toFixed(2)} s`,
      `${Math.round(residentOf(server.pid))} MB resident, peak ${Math.round(costOf(server.pid, false).peak)} MB`,
      `${openFiles(server.pid)} open files`,
      `mailq | head ${Math.round(looked)} ms (${head} lines)`,
      `filled and read in ${read.toFixed(0)} s`,
    ]);
  });
}

async function relayBeside(print: Print, count: number, { messages, sessions, profile }: Settings): Promise<void> {
  const sink = await startSink();
  try {
    await withQueue(print, count, HOUR, { relayPort: sink.port, profile }, async (server) => {
      await relay(server, sink, messages, sessions);
      const before = costOf(server.pid);
      const started = performance.now();
      await relay(server, sink, messages, sessions);
      const seconds = (performance.now() - started) / 1000;
      print(`relay beside ${count}`, [
        `${Math.round(messages / seconds)} messages/s`,
        `${((costOf(server.pid).cpu - before.cpu) / messages).toFixed(3)} ms CPU each`,
      ]);
    });
  } finally {
    await sink.close();
  }
}

async function relay(server: RunningServer, sink: Sink, messages: number, sessions: number): Promise<void> {
  const before = (await sink.counters()).messages;
  const load = { port: server.port, sessions, messages, size: 1_024, perConnection: Infinity };
  const { accepted } = await generate({ ...load, sender: "load@sender.test", recipient: "user@sink.test" });
  while ((await sink.counters()).messages - before < accepted) await sleep(20);
}

/** The host of a long queue is down; then it comes back, and somebody asks for a queue run. */
async function drain(print: Print, { profile }: Settings): Promise<void> {
  const probe = await startSink();
  await probe.close();
  await withQueue(print, LONG, 0, { relayPort: probe.port, profile }, async (server) => {
    const waiting = residentOf(server.pid);
    const sink = await startSink(0, "127.0.0.1", probe.port);
    try {
      const before = costOf(server.pid);
      const started = performance.now();
      let files = 0;
      let resident = 0;
      server.run("sendmail -q");
      await until("draining", print, async () => {
        files = Math.max(files, openFiles(server.pid));
        resident = Math.max(resident, residentOf(server.pid));
        return (await sink.counters()).messages >= LONG;
      });
      const seconds = (performance.now() - started) / 1000;
      print(`${LONG} drained`, [
        `${Math.round(LONG / seconds)} messages/s`,
        `${((costOf(server.pid).cpu - before.cpu) / LONG).toFixed(3)} ms CPU each`,
        `${Math.round(waiting)} MB resident before, at most ${Math.round(resident)} MB`,
        `at most ${files} open files`,
      ]);
    } finally {
      await sink.close();
    }
  });
}
