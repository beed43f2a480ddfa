/** A written message that gets more fields in front, and its body as whoever signs it has to see it. */
import { DotRemover } from "../mail/stuffed-dots.ts";
import type { WrittenMessage } from "./message-writer.ts";

/** Whoever makes fields out of a body. */
interface FieldMaker {
  update(octets: Buffer): void;
  end(last?: Buffer): Promise<readonly string[]>;
}

/** Has the body pass, as its reader gets it; what is made of it. Reading errors are thrown. */
export async function fieldsOf(message: WrittenMessage, maker: FieldMaker): Promise<readonly string[]> {
  const { octets, head } = message;
  const dots = new DotRemover();
  if (octets !== undefined) {
    const pieces = octets.slice(1).flatMap((piece) => [...dots.pieces(piece)]);
    const last = pieces.pop();
    for (const piece of pieces) maker.update(piece);
    return maker.end(last);
  }
  for await (const piece of message.stream()) {
    if (piece !== head) for (const plain of dots.pieces(piece)) maker.update(plain);
  }
  return maker.end();
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
