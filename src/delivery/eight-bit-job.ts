/**
 * F=9: text/plain in quoted-printable or base64 becomes the eight bits that it stands for, for readers that know no MIME. Parts
 * of multiparts stay as they are, as does what could not be sent in lines (mail/eight-bit-text.ts).
 */
import { Readable } from "node:stream";
import type { MessageReader } from "../envelope/message.ts";
import { decodeText, type TextEncoding } from "../mail/eight-bit-text.ts";
import { type HeaderField, isField } from "../mail/header.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { Job } from "./agent.ts";

/** Larger bodies are not decoded, octets. */
const MOST_OCTETS = 1024 * 1024;
const LABEL = "Content-Transfer-Encoding";

/** @param host our name, for the note in the header */
export function inEightBits(job: Job, host: string): MaybePromise<Job> {
  const { mailer, envelope, message } = job;
  if (!mailer.flags.has("9") || mailer.flags.has("7") || envelope.eightBit || message.size > MOST_OCTETS) return job;
  const encoding = encodingOf(envelope.headers);
  return encoding === undefined ? job : decode(job, encoding, host);
}

async function decode(job: Job, encoding: TextEncoding, host: string): Promise<Job> {
  const { envelope } = job;
  const octets = decodeText(await wholeBody(job.message), encoding);
  if (octets === undefined) return job;
  const note = ` from ${encoding} to 8bit by ${host} id ${envelope.id}`;
  const headers = envelope.headers.map((field) => (isField(field, LABEL) ? { ...field, value: " 8bit" } : field));
  const eightBit = octets.some((octet) => octet > 127);
  return {
    ...job,
    envelope: { ...envelope, eightBit, headers: [...headers, { name: "X-MIME-Autoconverted", value: note }] },
    message: {
      size: octets.length,
      bytes: () => Promise.resolve(octets),
      stream: () => Readable.from([octets], { objectMode: false }),
    },
  };
}

/** undefined for what is no plain text, or not encoded. */
function encodingOf(headers: readonly HeaderField[]): TextEncoding | undefined {
  if (valueOf(headers, "MIME-Version") === undefined) return undefined;
  if (!/^text\/plain(?:$|[\s;(])/i.test(valueOf(headers, "Content-Type") ?? "text/plain")) return undefined;
  const encoding = valueOf(headers, LABEL)?.toLowerCase();
  return encoding === "quoted-printable" || encoding === "base64" ? encoding : undefined;
}

function valueOf(headers: readonly HeaderField[], name: string): string | undefined {
  return headers.find((field) => isField(field, name))?.value.trim();
}

async function wholeBody(message: MessageReader): Promise<Buffer> {
  const octets = await message.bytes();
  if (octets !== undefined) return octets;
  const chunks: Buffer[] = [];
  for await (const chunk of message.stream()) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
