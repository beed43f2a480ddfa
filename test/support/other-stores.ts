/**
 * Stores that answer as those of other places will: later, from another thread, and sometimes with "somebody else has it".
 * All of them are a MemoryStore behind a door; what goes through the door is what matters.
 */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { MemoryBody } from "../../src/queue/body.ts";
import { MemoryStore } from "../../src/queue/memory-store.ts";
import type { Claim, QueueEntry, QueueStore } from "../../src/queue/queue.ts";
import { QueueUnavailableError } from "../../src/queue/queue.ts";
import type { Clock } from "../../src/sys/clock.ts";
import { ManualClock } from "./manual-clock.ts";

type Method = Exclude<keyof QueueStore, "bodies" | "watch">;
const METHODS: readonly Method[] = [
  "newId",
  "accept",
  "claimDue",
  "block",
  "nextDue",
  "lanes",
  "claim",
  "record",
  "settle",
  "flush",
  "finish",
  "get",
  "inspect",
  "list",
  "outlines",
  "count",
  "hurry",
  "hold",
  "release",
  "remove",
  "claimedIds",
  "close",
];

type Ask = (method: Method, args: readonly unknown[]) => Promise<unknown>;

/** A store whose every question goes through `ask`. */
function storeOver(inner: QueueStore, ask: Ask): QueueStore {
  const answers = Object.fromEntries(METHODS.map((method) => [method, (...args: unknown[]) => ask(method, args)]));
  return {
    ...answers,
    bodies: inner.bodies,
    watch: (sooner: () => void) => inner.watch(sooner),
  } as unknown as QueueStore;
}

function call(store: QueueStore, method: Method, args: readonly unknown[]): unknown {
  return (store[method] as (...words: readonly unknown[]) => unknown).call(store, ...args);
}

/** Large enough for small bodies only: large ones go the way of body files. */
const INLINE = 3000;
const memory = (clock: Clock): MemoryStore => new MemoryStore(clock, undefined, INLINE);

/** Answers when the event loop has turned once or twice. */
export function lateStore(clock: Clock = new ManualClock()): QueueStore {
  const inner = memory(clock);
  let turns = 0;
  return storeOver(inner, async (method, args) => {
    for (let left = ++turns % 3; left >= 0; left--) await new Promise((resolve) => setImmediate(resolve));
    return call(inner, method, args);
  });
}

/** Now and then somebody else takes a message first, for a moment. */
export function sharedStore(clock: Clock = new ManualClock()): QueueStore {
  const inner = memory(clock);
  let asked = 0;
  return storeOver(inner, async (method, args) => {
    if (method === "claimDue" && ++asked % 2 === 1) {
      const lane = args[2] as string | undefined;
      const others = inner.claimDue(Number(args[0]), 1, lane);
      const rest = inner.claimDue(Number(args[0]), Number(args[1]), lane);
      for (const claim of others) inner.finish(claim);
      return rest;
    }
    return call(inner, method, args);
  });
}

interface Question {
  readonly number: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}

interface PlainClaim {
  readonly entry: QueueEntry;
  readonly lease: number;
  readonly body: Uint8Array;
}

interface Answer {
  readonly number: number;
  readonly value?: unknown;
  readonly claims?: readonly (PlainClaim | undefined)[];
  /** How the claim of the question stands now. */
  readonly entry?: QueueEntry;
  readonly problem?: { readonly text: string; readonly unavailable: boolean };
}

/** A store on the other side of a MessagePort: nothing but plain data passes. */
export function portStore(): { readonly store: QueueStore; readonly cleanUp: () => Promise<void> } {
  const { port1, port2 } = new MessageChannel();
  const inner = memory(new ManualClock());
  serve(inner, port1);
  const store = storeOver(inner, asker(port2));
  return {
    store,
    cleanUp: () => {
      port1.close();
      port2.close();
      return Promise.resolve();
    },
  };
}

function serve(store: QueueStore, port: MessagePort): void {
  const leases = new Map<number, Claim>();
  const plain = async (claim: Claim | undefined): Promise<PlainClaim | undefined> => {
    if (claim === undefined) return undefined;
    leases.set(claim.lease, claim);
    const chunks: Buffer[] = [];
    for await (const chunk of claim.message().stream()) chunks.push(chunk as Buffer);
    return { entry: claim.entry, lease: claim.lease, body: Buffer.concat(chunks) };
  };
  const answer = async ({ number, method, args }: Question): Promise<Answer> => {
    const first = args[0] as { readonly lease?: number } | undefined;
    const claim = typeof first === "object" && first?.lease !== undefined ? leases.get(first.lease) : undefined;
    const value = await call(store, method, claim === undefined ? args : [claim, ...args.slice(1)]);
    if (method === "claim") return { number, claims: [await plain(value as Claim | undefined)] };
    if (method === "claimDue") return { number, claims: await Promise.all((value as readonly Claim[]).map(plain)) };
    if (method === "inspect") {
      const found = value as Awaited<ReturnType<QueueStore["inspect"]>>;
      return { number, value: found && { entry: found.entry, body: await found.body.bytes() } };
    }
    return { number, value, entry: claim?.entry };
  };
  port.on("message", (question: Question) => {
    answer(question).then(
      (each) => port.postMessage(each),
      (error: Error) => {
        const problem = { text: error.message, unavailable: error instanceof QueueUnavailableError };
        port.postMessage({ number: question.number, problem });
      },
    );
  });
}

class RemoteClaim implements Claim {
  entry: QueueEntry;
  readonly lease: number;
  readonly #body: Buffer;

  constructor({ entry, lease, body }: PlainClaim) {
    this.entry = entry;
    this.lease = lease;
    this.#body = Buffer.from(body);
  }

  message(): MemoryBody {
    return new MemoryBody([this.#body]);
  }
}

function asker(port: MessagePort): Ask {
  const waiting = new Map<number, (answer: Answer) => void>();
  port.on("message", (answer: Answer) => waiting.get(answer.number)?.(answer));
  let last = 0;
  return async (method, args) => {
    const number = ++last;
    const claim = args[0] instanceof RemoteClaim ? args[0] : undefined;
    const sent = claim === undefined ? args : [{ lease: claim.lease }, ...args.slice(1)];
    const answered = new Promise<Answer>((resolve) => waiting.set(number, resolve));
    port.postMessage({ number, method, args: sent } satisfies Question);
    const { value, claims, entry, problem } = await answered;
    waiting.delete(number);
    if (problem !== undefined)
      throw problem.unavailable ? new QueueUnavailableError(problem.text) : new Error(problem.text);
    if (claim !== undefined && entry !== undefined) claim.entry = entry;
    if (claims === undefined) return method === "inspect" ? inspected(value) : value;
    const remote = claims.map((each) => each && new RemoteClaim(each));
    return method === "claim" ? remote[0] : remote;
  };
}

function inspected(value: unknown): unknown {
  const found = value as { entry: QueueEntry; body: Uint8Array } | undefined;
  return found && { entry: found.entry, body: new MemoryBody([Buffer.from(found.body)]) };
}
