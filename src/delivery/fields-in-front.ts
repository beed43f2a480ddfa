/** A written message that gets more fields in front, and its body as whoever signs it has to see it. */
import { DotRemover } from "../mail/stuffed-dots.ts";
import type { WrittenMessage } from "./message-writer.ts";

/** The body as its reader gets it. */
export async function* plainBody(message: WrittenMessage): AsyncGenerator<Buffer> {
  const { octets, head } = message;
  const dots = new DotRemover();
  if (octets !== undefined) {
    for (const piece of octets.slice(1)) yield* dots.pieces(piece);
    return;
  }
  for await (const piece of message.stream()) if (piece !== head) yield* dots.pieces(piece);
}

/** @param fields without line ends, folded */
export function withFieldsInFront(message: WrittenMessage, fields: readonly string[]): WrittenMessage {
  const added = Buffer.from(fields.map((field) => `${field}\r\n`).join(""), "latin1");
  const head = Buffer.concat([added, message.head]);
  return {
    head,
    octets: message.octets === undefined ? undefined : [head, ...message.octets.slice(1)],
    size: message.size + added.length,
    async *stream() {
      yield added;
      yield* message.stream();
    },
  };
}
