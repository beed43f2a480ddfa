/** A message with a DKIM signature, and the record of its key. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { SignedNames, startSigner } from "../../src/authentication/dkim/sign.ts";
import { parseHeader } from "../../src/mail/header.ts";
import { systemClock } from "../../src/sys/clock.ts";

export interface SigningPair {
  readonly privateKey: KeyObject;
  /** As it stands in the DNS. */
  readonly record: string;
}

/** A new key; making one of RSA takes a moment. */
export function signingPair(kind: "ed25519" | "rsa" = "ed25519"): SigningPair {
  if (kind === "rsa") {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    return { privateKey, record: `v=DKIM1; p=${publicKey.export({ type: "spki", format: "der" }).toString("base64")}` };
  }
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const octets = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  return { privateKey, record: `v=DKIM1; k=ed25519; p=${octets.toString("base64")}` };
}

/** @param message header, empty line, body, with CRLF */
export async function signedMessage(
  message: string,
  domain: string,
  selector: string,
  key: KeyObject,
): Promise<string> {
  const end = message.indexOf("\r\n\r\n");
  const { fields } = parseHeader(message.slice(0, end + 2));
  const options = {
    clock: systemClock,
    names: new SignedNames(
      fields.map(({ name }) => name),
      [],
    ),
  };
  const signer = startSigner(fields, [{ domain, selector, key }], options);
  signer.update(Buffer.from(message.slice(end + 4), "latin1"));
  return `${(await signer.end()).join("\r\n")}\r\n${message}`;
}
