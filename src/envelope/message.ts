/** The stored body of a message, readable as often as needed. */
import type { Readable } from "node:stream";

export interface MessageReader {
  /** Octets, CRLF line ends, not dot-stuffed, without the header. */
  readonly size: number;
  /** The whole body when it is small enough to lie in memory (the queue decides, about 256 KB), else undefined. */
  bytes(): Promise<Buffer | undefined>;
  /** The same in the pieces in which it lies in memory already; undefined when it does not. */
  pieces?(): readonly Buffer[] | undefined;
  /** The body as a stream; the caller ends or destroys it. */
  stream(): Readable;
}
