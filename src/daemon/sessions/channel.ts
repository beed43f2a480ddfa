/**
 * Questions and answers between two threads, each way. What is said in one turn of the event loop crosses in one message: a
 * message costs a wake-up of the other thread, which is as much as all that a small one says.
 *
 * Plain data only (structuredClone); octets may be given away (`transfer`), and are gone here then. Both sides keep the order in
 * which things were said.
 */
import { QueueUnavailableError } from "../../queue/queue.ts";
import type { MaybePromise } from "../../sys/maybe-promise.ts";

/** P: what may be asked, name → [what is said with it, what is answered]. */
export type Handlers<P> = {
  readonly [Name in keyof P]: (question: Question<P, Name>) => MaybePromise<Answer<P, Name>>;
};

type Question<P, Name extends keyof P> = P[Name] extends readonly [infer Asked, unknown] ? Asked : never;
type Answer<P, Name extends keyof P> = P[Name] extends readonly [unknown, infer Given] ? Given : never;

/** A Worker, seen from outside, or the port that it has inside. */
export interface Post {
  postMessage(value: unknown, transfer: readonly ArrayBuffer[]): void;
  on(event: "message", listener: (parcel: unknown) => void): unknown;
}

/** An error as it crosses. */
interface Problem {
  readonly message: string;
  readonly isUnavailable: boolean;
  /** Of a system call. */
  readonly facts: Readonly<Record<string, unknown>>;
}

type Item =
  | { readonly kind: "ask"; readonly name: string; readonly number: number; readonly value: unknown }
  | { readonly kind: "tell"; readonly name: string; readonly value: unknown }
  | { readonly kind: "answer"; readonly number: number; readonly value: unknown }
  | { readonly kind: "problem"; readonly number: number; readonly problem: Problem };

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** @typeParam Theirs what the other side is asked; @typeParam Ours what it asks us */
export class Channel<Theirs, Ours> {
  readonly #post: Post;
  readonly #handlers: Handlers<Ours>;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #items: Item[] = [];
  #transfer: ArrayBuffer[] = [];
  #closed: Error | undefined;

  constructor(post: Post, handlers: Handlers<Ours>) {
    this.#post = post;
    this.#handlers = handlers;
    post.on("message", (parcel) => {
      for (const item of parcel as readonly Item[]) this.#receive(item);
    });
  }

  /** @param transfer octets in it that are given away */
  ask<Name extends keyof Theirs & string>(
    name: Name,
    value: Question<Theirs, Name>,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Answer<Theirs, Name>> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const number = ++this.#last;
    this.#transfer.push(...transfer);
    this.#put({ kind: "ask", name, number, value });
    return new Promise((resolve, reject) => this.#waiting.set(number, { resolve, reject }));
  }

  /** Says something that needs no answer. */
  tell<Name extends keyof Theirs & string>(name: Name, value: Question<Theirs, Name>): void {
    if (this.#closed === undefined) this.#put({ kind: "tell", name, value });
  }

  /** What was said crosses now. */
  readonly flush = (): void => {
    if (this.#items.length === 0) return;
    const [items, transfer] = [this.#items, this.#transfer];
    this.#items = [];
    this.#transfer = [];
    this.#post.postMessage(items, transfer);
  };

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** The other side is gone: whoever waits for it is told, and who asks from now on. */
  close(reason: Error): void {
    this.#closed ??= reason;
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
    this.#items = [];
  }

  #put(item: Item): void {
    if (this.#closed !== undefined) return;
    if (this.#items.push(item) === 1) setImmediate(this.flush);
  }

  #receive(item: Item): void {
    switch (item.kind) {
      case "answer":
        this.#settled(item.number)?.resolve(item.value as never);
        return;
      case "problem":
        this.#settled(item.number)?.reject(errorOf(item.problem));
        return;
      case "tell":
        void this.#handle(item.name, item.value);
        return;
      case "ask": {
        const { number } = item;
        this.#handle(item.name, item.value).then(
          (value) => this.#put({ kind: "answer", number, value }),
          (error: unknown) => this.#put({ kind: "problem", number, problem: problemOf(error) }),
        );
      }
    }
  }

  async #handle(name: string, value: unknown): Promise<unknown> {
    return (this.#handlers as Readonly<Record<string, (value: unknown) => unknown>>)[name](value);
  }

  #settled(number: number): Waiting | undefined {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    return waiting;
  }
}

const FACTS = ["code", "errno", "syscall", "address", "port", "path"] as const;

function problemOf(error: unknown): Problem {
  const { message, ...facts } = error instanceof Error ? (error as NodeJS.ErrnoException) : new Error(String(error));
  const known = facts as Readonly<Record<string, unknown>>;
  return {
    message: error instanceof Error ? error.message : message,
    isUnavailable: error instanceof QueueUnavailableError,
    facts: Object.fromEntries(FACTS.flatMap((name) => (known[name] === undefined ? [] : [[name, known[name]]]))),
  };
}

function errorOf({ message, isUnavailable, facts }: Problem): Error {
  return Object.assign(isUnavailable ? new QueueUnavailableError(message) : new Error(message), facts);
}
