/** What stands in DNS for a key (RFC 6376 §3.6, RFC 8463 §3.3): its text, and the line of a zone file. */
import { createPublicKey } from "node:crypto";
import type { PrivateKey } from "./private-key.ts";

/** `v=DKIM1; k=rsa; p=...`, the strings joined. */
export function publicRecord({ key, algorithm }: PrivateKey): string {
  const half = createPublicKey(key);
  const data =
    algorithm === "ed25519"
      ? Buffer.from(half.export({ format: "jwk" }).x ?? "", "base64url")
      : half.export({ format: "der", type: "spki" });
  return `v=DKIM1; k=${algorithm}; p=${data.toString("base64")}`;
}

export function recordName(selector: string, domain: string): string {
  return `${selector}._domainkey.${domain}`;
}

/** Octets of one string of a TXT record (RFC 1035 §3.3.14). */
const LONGEST_STRING = 255;

/** `s._domainkey.example.com. IN TXT "v=DKIM1; ..." "..."` */
export function zoneLine(selector: string, domain: string, record: string): string {
  const strings: string[] = [];
  for (let at = 0; at < record.length; at += LONGEST_STRING) strings.push(record.slice(at, at + LONGEST_STRING));
  return `${recordName(selector, domain)}. IN TXT ${strings.map((each) => `"${each}"`).join(" ")}`;
}
