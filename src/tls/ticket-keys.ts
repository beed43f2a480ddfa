/**
 * What session tickets are sealed with (RFC 5077, RFC 8446 §4.6.1). All contexts of a server share it, so that a session
 * begun with one certificate can be taken up again with the next; it is a new one every day, and never leaves the process.
 */
import { randomBytes } from "node:crypto";

const DAY = 24 * 60 * 60_000;
/** What the library wants: name, HMAC key, AES key. */
const OCTETS = 48;

export class TicketKeys {
  #key = randomBytes(OCTETS);
  #since: number | undefined;

  /** @param now ms since the epoch */
  at(now: number): Buffer {
    this.#since ??= now;
    if (now - this.#since >= DAY) {
      this.#since = now;
      this.#key = randomBytes(OCTETS);
    }
    return this.#key;
  }
}
