/** A message that is complete and not accepted yet, for those who may change it: mail filters. */
import { isAscii } from "node:buffer";
import { LineShaper } from "../mail/lines.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { HeaderList } from "./header-list.ts";

/** Where a body waits until its message is accepted: queue/draft.ts. */
export interface KeptBody {
  contents(): Iterable<Buffer> | AsyncIterable<Buffer>;
  restart(): Promise<void>;
  write(chunk: Buffer): MaybePromise<void>;
}

/** A message that filters look at, and what they made of it. */
export class MessageAtHand {
  readonly header: HeaderList;
  readonly #body: KeptBody;
  /** Of the body that a filter gave; undefined while it is the sender's. */
  #replaced: { bodySize: number; eightBit: boolean } | undefined;
  #shaper: LineShaper | undefined;

  constructor(header: HeaderList, body: KeptBody) {
    this.header = header;
    this.#body = body;
  }

  get replaced(): { readonly bodySize: number; readonly eightBit: boolean } | undefined {
    return this.#replaced;
  }

  contents(): Iterable<Buffer> | AsyncIterable<Buffer> {
    return this.#body.contents();
  }

  /** The next part of a new body. Its lines end with CRLF, whatever the filter ends them with. */
  async replace(chunk: Buffer): Promise<void> {
    if (this.#shaper === undefined) {
      await this.#body.restart();
      this.#replaced = { bodySize: 0, eightBit: false };
      this.#shaper = new LineShaper({ eol: "\r\n" });
    }
    await this.#write(this.#shaper.shape(chunk));
  }

  /** The filter has given all of it. @returns false where it gave none */
  async replacedAll(): Promise<boolean> {
    const shaper = this.#shaper;
    if (shaper === undefined) return false;
    this.#shaper = undefined;
    await this.#write(shaper.end());
    return true;
  }

  /** A filter has begun to give a new body, and not ended. */
  get isBroken(): boolean {
    return this.#shaper !== undefined;
  }

  async #write(octets: Buffer): Promise<void> {
    const replaced = this.#replaced;
    if (octets.length === 0 || replaced === undefined) return;
    replaced.bodySize += octets.length;
    replaced.eightBit ||= !isAscii(octets);
    await this.#body.write(octets);
  }
}
