/** Keys of the signatures of one message, from DNS, all asked for together and within one budget of time. */
import type { DnsAnswer, Resolver } from "../../dns/resolver.ts";
import type { Clock } from "../../sys/clock.ts";
import { isPromise, type MaybePromise, whenReady } from "../../sys/maybe-promise.ts";
import { type NoKey, type PublicKey, publicKeyOf } from "./key-record.ts";

/** What is published under one name: keys to try one after the other, or why there is none. */
export type Keys = { readonly kind: "keys"; readonly keys: readonly PublicKey[] } | NoKey | LaterPerhaps;

export interface LaterPerhaps {
  readonly kind: "later";
  readonly reason: string;
}

/** A domain should publish one record (RFC 6376 §3.6.2.2); of more, so many are tried. */
const MOST_RECORDS = 4;

export class KeySource {
  readonly #resolver: Resolver;
  readonly #clock: Clock;
  readonly #budget: number;
  readonly #asked = new Map<string, MaybePromise<Keys>>();
  #late: Promise<Keys> | undefined;
  #stop: (() => void) | undefined;

  /** @param budget milliseconds, from the first question that has to wait */
  constructor(resolver: Resolver, clock: Clock, budget: number) {
    this.#resolver = resolver;
    this.#clock = clock;
    this.#budget = budget;
  }

  /** Names in ASCII. May be asked twice for the same. */
  keysOf(selector: string, domain: string): MaybePromise<Keys> {
    const name = `${selector}._domainkey.${domain}`;
    let keys = this.#asked.get(name);
    if (keys === undefined) this.#asked.set(name, (keys = this.#ask(name)));
    return keys;
  }

  /** No more waiting for anybody. */
  close(): void {
    this.#stop?.();
  }

  #ask(name: string): MaybePromise<Keys> {
    if (name.length > 253) return { kind: "none", result: "permerror", reason: "the name of the key is too long" };
    const keys = whenReady(this.#resolver.query(name, "TXT"), (answer) => keysIn(answer, name));
    if (!isPromise(keys)) return keys;
    const failed = (): Keys => ({ kind: "later", reason: `cannot ask for ${name}` });
    return Promise.race([keys.catch(failed), this.#budgetEnds()]);
  }

  #budgetEnds(): Promise<Keys> {
    this.#late ??= new Promise((resolve) => {
      this.#stop = this.#clock.after(this.#budget, () =>
        resolve({ kind: "later", reason: "no answer from DNS in time" }),
      );
    });
    return this.#late;
  }
}

function keysIn(answer: DnsAnswer, name: string): Keys {
  if (answer.kind === "tempfail") return { kind: "later", reason: `${name}: ${answer.reason}` };
  if (answer.kind !== "found") return { kind: "none", result: "permerror", reason: `no key at ${name}` };
  const read = answer.records.slice(0, MOST_RECORDS).map(({ data }) => publicKeyOf(data));
  const keys = read.filter((each) => each.kind === "key");
  if (keys.length > 0) return { kind: "keys", keys };
  return (
    read.find((each) => each.kind === "none") ?? { kind: "none", result: "permerror", reason: `no key at ${name}` }
  );
}
