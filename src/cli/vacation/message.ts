/** The message that vacation is given: its `From ` line and its header. The body is read, and nothing of it is kept. */
import { type HeaderField, parseHeader } from "../../mail/header.ts";

/** Octets of `From ` line and header that are looked at. */
const LONGEST = 262_144;

export interface GivenMessage {
  /** Nothing came. */
  readonly isEmpty: boolean;
  /** Of the `From ` line; undefined when there is none. */
  readonly sender: string | undefined;
  readonly fields: readonly HeaderField[];
}

/** Reads to the end: whoever writes must not find that nobody reads. */
export async function readGivenMessage(input: AsyncIterable<Uint8Array>): Promise<GivenMessage> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    if (length < LONGEST) chunks.push(Buffer.from(chunk));
    length += chunk.length;
  }
  const text = Buffer.concat(chunks).subarray(0, LONGEST).toString("latin1");
  const end = /\r?\n\r?\n/.exec(text);
  const head = end === null ? text : text.slice(0, end.index);
  return { isEmpty: length === 0, sender: senderOf(head), fields: parseHeader(head).fields };
}

/** `From joe@a.test Mon Jan ...`; a quoted local part may have blanks. */
function senderOf(head: string): string | undefined {
  return /^From ((?:"(?:[^"\\\n]|\\.)*"|[^\s"])+)(?=\s|$)/.exec(head)?.[1];
}
