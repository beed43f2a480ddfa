/** Signatures with any tags, right or wrong, that are made of the message as it is: what a stranger's signer may write. */
import { createHash, type KeyObject, sign } from "node:crypto";
import { bodyCanonicalizer } from "../../src/authentication/dkim/canonical-body.ts";
import { canonicalLast, type Canonicalization } from "../../src/authentication/dkim/canonical-header.ts";
import { SignableHeader } from "../../src/authentication/dkim/signable-header.ts";
import { cutMessage } from "./whole-message.ts";

export interface CustomSignature {
  readonly key: KeyObject;
  /** Over these. A tag with undefined is left out; bh= and b= are made unless they are given. */
  readonly tags?: Readonly<Record<string, string | undefined>>;
  /** Between tags. */
  readonly separator?: string;
}

const DEFAULTS = { v: "1", a: "rsa-sha256", c: "relaxed/relaxed", d: "example.test", s: "one", h: "from:to:subject" };

/** The message with a DKIM-Signature in front. @param message latin1, CRLF lines */
export function withSignature(message: string, { key, tags = {}, separator = "; " }: CustomSignature): string {
  const { fields, body } = cutMessage(message);
  const all: Record<string, string | undefined> = { ...DEFAULTS, ...tags };
  const [header, bodyForm = "simple"] = (all["c"] ?? "simple").split("/") as Canonicalization[];
  all["bh"] ??= bodyHash(bodyForm, body);
  const named = Object.entries(all).filter(([name, value]) => value !== undefined && name !== "b");
  const value = ` ${named.map(([name, text]) => `${name}=${text}`).join(separator)}${separator}b=`;
  const names = (all["h"] ?? "").split(":").map((name) => name.trim().toLowerCase());
  const text = () => new SignableHeader(fields).text(names, header) + canonicalLast("DKIM-Signature", value, header);
  const b = all["b"] ?? signatureOf(Buffer.from(text(), "latin1"), key);
  return `DKIM-Signature:${value}${b}\r\n${message}`;
}

function signatureOf(octets: Buffer, key: KeyObject): string {
  const signature =
    key.asymmetricKeyType === "rsa"
      ? sign("sha256", octets, key)
      : sign(null, createHash("sha256").update(octets).digest(), key);
  return signature.toString("base64");
}

function bodyHash(form: Canonicalization, body: Buffer): string {
  const hash = createHash("sha256");
  const canonicalizer = bodyCanonicalizer(form, (octets) => hash.update(octets));
  canonicalizer.update(body);
  canonicalizer.end();
  return hash.digest("base64");
}
