/** Keys in a folder, as `rulemail dkim` would lay them down, and whether what was received verifies by them. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startVerification, type VerificationResult } from "../../src/authentication/dkim/verify.ts";
import { parsePrivateKey } from "../../src/authentication/signing/private-key.ts";
import { publicRecord, recordName } from "../../src/authentication/signing/public-record.ts";
import { parseHeader } from "../../src/mail/header.ts";
import { systemClock } from "../../src/sys/clock.ts";
import { answeringResolver } from "./answering-resolver.ts";

export const PEM: Readonly<Record<"rsa" | "ed25519", string>> = {
  rsa: pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey),
  ed25519: pem(generateKeyPairSync("ed25519").privateKey),
};

function pem(key: KeyObject): string {
  return key.export({ format: "pem", type: "pkcs8" }).toString();
}

/** Writes FOLDER/DOMAIN/SELECTOR.private for `DOMAIN/SELECTOR` → algorithm. @returns the records, by name */
export function layDownKeys(folder: string, keys: Readonly<Record<string, "rsa" | "ed25519">>): Record<string, string> {
  const zone: Record<string, string> = {};
  for (const [name, algorithm] of Object.entries(keys)) {
    const [domain, selector] = name.split("/");
    mkdirSync(join(folder, domain), { recursive: true });
    writeFileSync(join(folder, domain, `${selector}.private`), PEM[algorithm], { mode: 0o600 });
    zone[recordName(selector, domain)] = publicRecord(parsePrivateKey(Buffer.from(PEM[algorithm]), name));
  }
  return zone;
}

/** @param message as a server received it, with CRLF */
export async function verify(message: string, zone: Readonly<Record<string, string>>): Promise<VerificationResult> {
  const end = message.indexOf("\r\n\r\n");
  const { fields } = parseHeader(message.slice(0, end + 2));
  const verification = startVerification(fields, { resolver: answeringResolver(zone), clock: systemClock, arc: true });
  verification.update(Buffer.from(message.slice(end + 4), "latin1"));
  return verification.end();
}

/** "pass d= s=" of each signature, in order. */
export async function verdicts(message: string, zone: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { dkim } = await verify(message, zone);
  return dkim.map(({ result, domain, selector }) => `${result} ${domain} ${selector}`);
}
