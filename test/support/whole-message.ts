/** Messages of tests as one text, cut into what the program works on. */
import {
  startVerification,
  type VerificationOptions,
  type VerificationResult,
} from "../../src/authentication/dkim/verify.ts";
import { type HeaderField, parseHeader } from "../../src/mail/header.ts";

export interface CutMessage {
  readonly fields: readonly HeaderField[];
  readonly body: Buffer;
}

/** @param text latin1, with CRLF lines; without an empty line it is all header */
export function cutMessage(text: string): CutMessage {
  if (text.startsWith("\r\n")) return { fields: [], body: Buffer.from(text.slice(2), "latin1") };
  const end = text.indexOf("\r\n\r\n");
  const header = end < 0 ? text : text.slice(0, end + 2);
  return { fields: parseHeader(header).fields, body: Buffer.from(end < 0 ? "" : text.slice(end + 4), "latin1") };
}

/** Verifies a whole message, its body in one chunk. */
export function verifyText(text: string, options: VerificationOptions): Promise<VerificationResult> {
  const { fields, body } = cutMessage(text);
  const verification = startVerification(fields, options);
  if (body.length > 0) verification.update(body);
  return verification.end();
}
