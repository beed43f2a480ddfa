/** What is signed verifies, with the keys that were published. */
import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "@jest/globals";
import { SignedNames, startSigner } from "../../../../src/authentication/dkim/sign.ts";
import { startVerification } from "../../../../src/authentication/dkim/verify.ts";
import { parseHeader } from "../../../../src/mail/header.ts";
import { answeringResolver } from "../../../support/answering-resolver.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ed25519 = generateKeyPairSync("ed25519");
const zone = {
  "r._domainkey.example.test": `v=DKIM1; p=${rsa.publicKey.export({ format: "der", type: "spki" }).toString("base64")}`,
  "e._domainkey.example.test": `v=DKIM1; k=ed25519; p=${Buffer.from(ed25519.publicKey.export({ format: "jwk" }).x!, "base64url").toString("base64")}`,
};
const header = "From: a@example.test\r\nTo: b@example.org\r\nSubject: one\r\n two\r\n";
const body = Buffer.from("Hello\r\n  world  \r\n\r\n");

test("two keys sign one message, and both signatures pass", async () => {
  const clock = new ManualClock();
  const keys = [
    { domain: "example.test", selector: "r", key: rsa.privateKey },
    { domain: "example.test", selector: "e", key: ed25519.privateKey, identity: "a@example.test" },
  ];
  const signer = startSigner(parseHeader(header).fields, keys, {
    clock,
    names: new SignedNames(["To", "Subject"], ["From"]),
    expireSeconds: 60,
  });
  signer.update(body);
  const signed = await signer.end();
  expect(
    signed
      .join("\n")
      .split("\n")
      .every((line) => line.trimEnd().length <= 78),
  ).toBe(true);
  const { fields } = parseHeader(`${signed.join("\r\n")}\r\n${header}`);
  const verification = startVerification(fields, { resolver: answeringResolver(zone), clock, arc: false });
  verification.update(body);
  const { dkim } = await verification.end();
  expect(dkim.map(({ result, algorithm, bits }) => ({ result, algorithm, bits }))).toEqual([
    { result: "pass", algorithm: "rsa-sha256", bits: 2048 },
    { result: "pass", algorithm: "ed25519-sha256", bits: 256 },
  ]);
});
