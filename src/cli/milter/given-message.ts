/** A message from a file or from standard input, and the envelope that its header names where nobody says another. */
import { readFile } from "node:fs/promises";
import { addressSpans, bareMailbox } from "../../mail/address-list.ts";
import { type HeaderField, parseHeader } from "../../mail/header.ts";
import type { PlainMessage } from "../../milter/edited-message.ts";
import { errorText } from "../../sys/safe-file.ts";
import { EX } from "../../sys/sysexits.ts";
import { CommandError } from "../database-target.ts";
import { readMessage } from "../read-message.ts";

export interface GivenEnvelope {
  readonly sender?: string | undefined;
  readonly recipients?: readonly string[] | undefined;
}

const CRLF = "\r\n";

/** @param file `-`: standard input. Throws CommandError when it cannot be read. */
export async function givenMessage(
  file: string,
  input: AsyncIterable<Uint8Array>,
  { sender, recipients }: GivenEnvelope,
): Promise<PlainMessage> {
  const text = await textOf(file, input);
  // A message may have no header at all.
  const end = text.startsWith(CRLF) ? 0 : text.indexOf(CRLF + CRLF) + CRLF.length;
  const isHeaderOnly = end === CRLF.length - 1;
  const { fields, rest } = parseHeader(isHeaderOnly ? text : text.slice(0, end));
  const body = rest + (isHeaderOnly ? "" : text.slice(end + CRLF.length));
  const to = recipients ?? addressesIn(fields, ["to", "cc"]);
  return {
    sender: { path: pathOf(sender ?? addressesIn(fields, ["from"])[0] ?? ""), parameters: [] },
    recipients: (to.length > 0 ? to : ["postmaster"]).map((each) => ({ path: pathOf(each), parameters: [] })),
    fields,
    body: Buffer.from(body, "latin1"),
  };
}

/** Octets with CRLF, as a server has them. */
async function textOf(file: string, input: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  try {
    const octets = file === "-" ? input : once(await readFile(file));
    for await (const part of readMessage(buffers(octets), true)) text += part.toString("latin1");
  } catch (error) {
    throw new CommandError(`rulemail milter test: ${file}: ${errorText(error)}`, EX.NOINPUT);
  }
  return text;
}

async function* once(octets: Buffer): AsyncGenerator<Buffer> {
  yield octets;
}

async function* buffers(input: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of input) yield Buffer.from(chunk);
}

function addressesIn(fields: readonly HeaderField[], names: readonly string[]): string[] {
  return fields
    .filter(({ name }) => names.includes(name.toLowerCase()))
    .flatMap(({ value }) => addressSpans(value).map(({ start, end }) => bareMailbox(value.slice(start, end))));
}

/** In angle brackets. Words of the command line are Unicode, addresses of a message octets. */
function pathOf(address: string): string {
  const octets = /[^\0-\xff]/.test(address) ? Buffer.from(address).toString("latin1") : address;
  return octets.startsWith("<") ? octets : `<${octets.trim()}>`;
}
