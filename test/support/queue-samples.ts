/** Envelopes and short ways for tests of the queue. */
import { createHash } from "node:crypto";
import type { Envelope } from "../../src/envelope/envelope.ts";
import type { Recipient } from "../../src/envelope/recipient.ts";
import { openDraft } from "../../src/queue/draft.ts";
import type { OpenedQueue } from "../../src/queue/open-queue.ts";
import type { AcceptOptions, QueueEntry, QueueStore } from "../../src/queue/queue.ts";

export function recipient(given: string, more: Partial<Recipient> = {}): Recipient {
  return { given, state: "todo", resolved: { mailer: "esmtp", host: "b.test.", user: given }, ...more };
}

export function envelope(id: string, more: Partial<Envelope> = {}): Envelope {
  return {
    id,
    sender: "anna@a.test",
    recipients: [recipient("bob@b.test")],
    headers: [
      { name: "Received", value: ` from x.test\r\n\tby y.test id ${id}` },
      { name: "Subject", value: " Gr\xfc\xdfe \xc3\x9f" },
      { name: "X-Empty", value: "" },
    ],
    bodySize: 0,
    eightBit: false,
    smtputf8: false,
    arrived: Date.UTC(2026, 10, 20, 19, 27, 52, 123),
    macros: { r: "ESMTP", client_addr: "192.0.2.1", _: "x.test [192.0.2.1]" },
    isReport: false,
    messageClass: 0,
    ...more,
  };
}

/** Puts a message into a store. */
export async function put(
  store: QueueStore,
  body: string | Buffer,
  more: Partial<Envelope> = {},
  options?: AcceptOptions,
): Promise<QueueEntry> {
  const draft = await openDraft(store);
  await draft.write(Buffer.isBuffer(body) ? body : Buffer.from(body, "latin1"));
  return draft.commit(envelope(draft.id, { ...more, id: draft.id }), options);
}

/** What was in a queue that was just opened, when all of it was read. */
export async function readAll(opened: Promise<OpenedQueue>): Promise<Recovered> {
  const { store, loaded } = await opened;
  const { reports } = await loaded;
  return { store, reports, recovered: await store.list() };
}

export interface Recovered {
  readonly store: QueueStore;
  readonly recovered: readonly QueueEntry[];
  readonly reports: readonly string[];
}

/** The body that a claim reads, through its stream. */
export async function bodyOf(store: QueueStore, id: string): Promise<string> {
  const claim = await store.claim(id);
  if (!claim) throw new Error(`Cannot claim ${id}`);
  const chunks: Buffer[] = [];
  for await (const chunk of claim.message().stream()) chunks.push(chunk as Buffer);
  await store.finish(claim);
  return Buffer.concat(chunks).toString("latin1");
}

export function digest(octets: string): string {
  return createHash("sha256").update(octets, "latin1").digest("hex");
}

/** CRLF lines that differ from each other. */
export function lines(count: number, word = "line"): string {
  return Array.from({ length: count }, (_, number) => `${word} ${number} of ${count}\r\n`).join("");
}

export const delivered = { action: "relayed", status: "2.0.0", text: "Sent (ok)", at: 1 } as const;
export const deferred = {
  action: "delayed",
  status: "4.4.1",
  text: "Deferred: Connection refused by b.test.",
  relay: "b.test. [192.0.2.9]",
  at: 2,
} as const;
