/** Keys for signatures in tests, and the records that publish them. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { RFC8463_SEED } from "./signed-samples.ts";

export const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 });
/** The example of RFC 8463. */
export const ED25519_KEY: KeyObject = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.from(RFC8463_SEED, "base64")]),
  format: "der",
  type: "pkcs8",
});

/** p= of an RSA key. */
export function rsaData(key: KeyObject, type: "spki" | "pkcs1" = "spki"): string {
  return key.export({ format: "der", type }).toString("base64");
}

export const RSA_RECORD = `v=DKIM1; k=rsa; p=${rsaData(RSA.publicKey)}`;
export const ED25519_RECORD = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
