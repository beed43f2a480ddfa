/** SHA-256 of a body in the canonical forms that somebody wants, in one pass; nothing is done for a form that nobody wants. */
import { createHash, hash, type Hash } from "node:crypto";
import { type BodyCanonicalizer, bodyCanonicalizer } from "./canonical-body.ts";
import type { Canonicalization } from "./canonical-header.ts";

export interface BodyHash {
  readonly digest: Buffer;
  /** Octets of the canonical body. */
  readonly length: number;
}

class Running {
  readonly #canonicalizer: BodyCanonicalizer;
  #hash: Hash | undefined;

  constructor(form: Canonicalization) {
    this.#canonicalizer = bodyCanonicalizer(form, (octets) => this.#into.update(octets));
  }

  update(octets: Buffer): void {
    this.#canonicalizer.update(octets);
  }

  end(): BodyHash {
    this.#canonicalizer.end();
    return { digest: this.#into.digest(), length: this.#canonicalizer.length };
  }

  get #into(): Hash {
    return (this.#hash ??= createHash("sha256"));
  }
}

/** Hashing at once costs half of what hashing in pieces does. */
function hashWhole(form: Canonicalization, body: Buffer): BodyHash {
  const pieces: Buffer[] = [];
  const canonicalizer = bodyCanonicalizer(form, (octets) => void pieces.push(octets));
  canonicalizer.update(body);
  canonicalizer.end();
  return { digest: hash("sha256", Buffer.concat(pieces), "buffer"), length: canonicalizer.length };
}

export class BodyHashes {
  readonly #running = new Map<Canonicalization, Running>();
  #all: readonly Running[] = [];
  #hasBegun = false;
  readonly #done = new Map<Canonicalization, BodyHash>();

  /** To be asked for before the first octet. */
  want(form: Canonicalization): void {
    if (this.#running.has(form)) return;
    this.#running.set(form, new Running(form));
    this.#all = [...this.#running.values()];
  }

  update(octets: Buffer): void {
    this.#hasBegun = true;
    for (const running of this.#all) running.update(octets);
  }

  /** What is left of the body, to its end: the whole body where nothing came before. */
  updateLast(octets: Buffer): void {
    if (this.#hasBegun) this.update(octets);
    else for (const form of this.#running.keys()) this.#done.set(form, hashWhole(form, octets));
  }

  /** After the last octet. Throws for a form that nobody wanted. */
  get(form: Canonicalization): BodyHash {
    let done = this.#done.get(form);
    if (done === undefined) {
      const running = this.#running.get(form);
      if (running === undefined) throw new Error(`Cannot hash a body in ${form} form after it has passed`);
      done = running.end();
      this.#done.set(form, done);
    }
    return done;
  }
}
