/**
 * A message that MAIL has announced with BODY=BINARYMIME (RFC 3030 §3): it goes into the queue as lines, its binary parts in
 * base64, so that nothing behind this has to know of octets that are no text (docs/decisions/0024-binary-mail.md).
 */
import { BinaryBody } from "../mail/binary-body.ts";
import { type Reply, reply } from "../mail/reply.ts";
import type { IncomingMessage } from "../reception/intake.ts";
import { Breaths } from "../sys/breath.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";

/** Octets that are looked at in one go. */
const SLICE = 4096;

const STRAY = reply(554, "5.6.1", "Binary data outside of a part with Content-Transfer-Encoding: binary");

export class BinaryMessage implements IncomingMessage {
  readonly #message: IncomingMessage;
  readonly #body: BinaryBody;

  /** @param host our name, for the trace of what was changed */
  constructor(message: IncomingMessage, host: string) {
    this.#message = message;
    this.#body = new BinaryBody(`from binary to base64 by ${host} id ${message.id}`);
  }

  get id(): string {
    return this.#message.id;
  }

  write(chunk: Buffer): MaybePromise<void> {
    return chunk.length <= SLICE ? this.#pass(this.#body.write(chunk)) : this.#inSlices(chunk);
  }

  /** Thousands of delimiters, or of empty lines, are work: others have their turn meanwhile. */
  async #inSlices(chunk: Buffer): Promise<void> {
    const breaths = new Breaths();
    for (let at = 0; at < chunk.length; at += SLICE) {
      await this.#pass(this.#body.write(chunk.subarray(at, at + SLICE)));
      if (breaths.isDue()) await breaths.take();
    }
  }

  async finish(): Promise<Reply> {
    await this.#pass(this.#body.end());
    if (!this.#body.isStray) return this.#message.finish();
    this.#message.abort();
    return STRAY;
  }

  abort(): void {
    this.#message.abort();
  }

  #pass(octets: Buffer): MaybePromise<void> {
    // What is refused at the end need not be kept until then.
    if (octets.length === 0 || this.#body.isStray) return undefined;
    return whenReady(this.#message.write(octets), () => undefined);
  }
}
