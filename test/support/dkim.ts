/** Whether the DKIM signature of a message verifies (RFC 6376, rsa-sha256, relaxed/relaxed), with a key that the test knows. */
import { createHash, createVerify, type KeyObject } from "node:crypto";
import { findField, type HeaderField, parseHeader } from "../../src/mail/header.ts";

/** @param message with CRLF or LF lines, as it was delivered */
export function dkimVerifies(message: string, key: KeyObject): boolean {
  const text = message.replaceAll("\r\n", "\n").replaceAll("\n", "\r\n");
  const end = text.indexOf("\r\n\r\n");
  const { fields } = parseHeader(text.slice(0, end + 2));
  const signature = findField(fields, "DKIM-Signature");
  if (signature === undefined) return false;
  const tags = new Map(
    signature.value
      .split(";")
      .map((tag) => tag.split(/=(.*)/s).map((part) => part.replaceAll(/\s/g, "")) as [string, string]),
  );
  const body = relaxedBody(text.slice(end + 4));
  if (tags.get("bh") !== createHash("sha256").update(body, "latin1").digest("base64")) return false;
  const unused = fields.toReversed();
  const signed = (tags.get("h") ?? "").split(":").map((name) => {
    // Of fields of one name the last one is signed first.
    const at = unused.findIndex((field) => field.name.toLowerCase() === name.toLowerCase());
    return at < 0 ? "" : `${relaxed(unused.splice(at, 1)[0])}\r\n`;
  });
  const bare = { name: signature.name, value: signature.value.replace(/(\bb=)[^;]*/, "$1") };
  const verifier = createVerify("RSA-SHA256").update([...signed, relaxed(bare)].join(""), "latin1");
  return verifier.verify(key, tags.get("b") ?? "", "base64");
}

function relaxed({ name, value }: HeaderField): string {
  return `${name.toLowerCase()}:${value
    .replaceAll("\r\n", "")
    .replaceAll(/[ \t]+/g, " ")
    .trim()}`;
}

function relaxedBody(body: string): string {
  const lines = body.replaceAll(/[ \t]+(?=\r\n)/g, "").replaceAll(/[ \t]+/g, " ");
  return `${lines.replace(/(?:\r\n)*$/, "")}\r\n`;
}
