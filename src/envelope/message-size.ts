/** How large a message is, for statistics. */
import type { Envelope } from "./envelope.ts";

/** Octets of a message, header included. */
export function messageSize({ headers, bodySize }: Envelope): number {
  let size = bodySize;
  for (const { name, value } of headers) size += name.length + value.length + ":\r\n".length;
  return size;
}
