/**
 * How long an answer may take. The timer of a socket notices a server that says nothing; one that says an octet now and
 * then would hold the connection for as long as it likes, so each of them also finds out whether the time is over.
 */
import type { Socket } from "node:net";

export class ReplyClock {
  /** ms; 0: nothing is waited for. */
  #limit = -1;
  #since = 0;

  /** @param limit ms from now, 0 for none */
  start(limit: number, socket: Socket | false | null): void {
    this.#since = performance.now();
    if (limit === this.#limit) return;
    this.#limit = limit;
    if (socket && !socket.destroyed) socket.setTimeout(limit);
  }

  /** The socket is another one now, and has a timer of its own. */
  forget(): void {
    this.#limit = -1;
  }

  /** A whole reply has come; perhaps there are others to wait for. */
  answered(): void {
    this.#since = performance.now();
  }

  get isOver(): boolean {
    return this.#limit > 0 && performance.now() - this.#since > this.#limit;
  }
}
