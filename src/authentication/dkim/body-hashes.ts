/** SHA-256 of a body in the canonical forms that somebody wants, in one pass; nothing is done for a form that nobody wants. */
import { createHash, type Hash } from "node:crypto";
import { type BodyCanonicalizer, bodyCanonicalizer } from "./canonical-body.ts";
import type { Canonicalization } from "./canonical-header.ts";

export interface BodyHash {
  readonly digest: Buffer;
  /** Octets of the canonical body. */
  readonly length: number;
}

interface Running {
  readonly hash: Hash;
  readonly canonicalizer: BodyCanonicalizer;
}

export class BodyHashes {
  readonly #running = new Map<Canonicalization, Running>();
  #all: readonly Running[] = [];
  readonly #done = new Map<Canonicalization, BodyHash>();

  /** To be asked for before the first octet. */
  want(form: Canonicalization): void {
    if (this.#running.has(form)) return;
    const hash = createHash("sha256");
    this.#running.set(form, { hash, canonicalizer: bodyCanonicalizer(form, (octets) => hash.update(octets)) });
    this.#all = [...this.#running.values()];
  }

  update(octets: Buffer): void {
    for (const { canonicalizer } of this.#all) canonicalizer.update(octets);
  }

  /** After the last octet. Throws for a form that nobody wanted. */
  get(form: Canonicalization): BodyHash {
    let done = this.#done.get(form);
    if (done === undefined) {
      const running = this.#running.get(form);
      if (running === undefined) throw new Error(`Cannot hash a body in ${form} form after it has passed`);
      running.canonicalizer.end();
      done = { digest: running.hash.digest(), length: running.canonicalizer.length };
      this.#done.set(form, done);
    }
    return done;
  }
}
