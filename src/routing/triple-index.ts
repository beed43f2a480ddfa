/**
 * Recipients found by where they go: for lists of a hundred thousand members, without a text for each. A table of indexes
 * with open places; what it holds is looked at where the recipients are.
 */
import type { Recipient, Rights, Triple } from "../envelope/recipient.ts";
import { sameTriple } from "./local-user.ts";

/** Two recipients are the same when their triples are; programs and files belong to somebody, too. */
function isSame(one: Recipient | undefined, triple: Triple, rights: Rights | undefined): boolean {
  if (one?.resolved === undefined || !sameTriple(one.resolved, triple)) return false;
  return !isOwned(triple) || (one.rights?.user ?? "") === (rights?.user ?? "");
}

function isOwned({ mailer }: Triple): boolean {
  return mailer === "prog" || mailer === "*file*";
}

export class TripleIndex {
  readonly #recipients: readonly Recipient[];
  /** Index + 1; 0: free. */
  #places = new Int32Array(64);
  #hashes = new Int32Array(64);
  #size = 0;

  /** @param recipients may grow and change; the triples of those that were added here may not */
  constructor(recipients: readonly Recipient[]) {
    this.#recipients = recipients;
  }

  /** The recipient that goes there. */
  find(triple: Triple, rights: Rights | undefined): number | undefined {
    const hash = hashOf(triple);
    const mask = this.#places.length - 1;
    for (let at = hash & mask; this.#places[at] !== 0; at = (at + 1) & mask) {
      const index = this.#places[at] - 1;
      if (this.#hashes[at] === hash && isSame(this.#recipients[index], triple, rights)) return index;
    }
    return undefined;
  }

  /** @param triple of the recipient, which nobody else here has */
  add(index: number, triple: Triple): void {
    if (++this.#size * 2 > this.#places.length) this.#grow();
    this.#put(index + 1, hashOf(triple));
  }

  #put(place: number, hash: number): void {
    const mask = this.#places.length - 1;
    let at = hash & mask;
    while (this.#places[at] !== 0) at = (at + 1) & mask;
    this.#places[at] = place;
    this.#hashes[at] = hash;
  }

  #grow(): void {
    const [places, hashes] = [this.#places, this.#hashes];
    this.#places = new Int32Array(places.length * 2);
    this.#hashes = new Int32Array(places.length * 2);
    for (let at = 0; at < places.length; at++) if (places[at] !== 0) this.#put(places[at], hashes[at]);
  }
}

/** Nobody can write a list whose members all meet at one place. */
const SEED = Math.floor(Math.random() * 2 ** 32);

/** FNV-1a; letter case of hosts does not count. */
function hashOf({ mailer, host, user }: Triple): number {
  return continueHash(continueHash(continueHash(SEED, mailer), host.toLowerCase()), user);
}

function continueHash(hash: number, text: string): number {
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return Math.imul(hash ^ 0x1ff, 0x01000193);
}
